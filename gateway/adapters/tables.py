"""The tables, once for both databases; instants are integers, milliseconds since 1970 UTC.

`log_entry` is append-only: the application role may only insert and select, and a trigger refuses the rest
(transfer-log.md "Tables"). Its columns after `entry` are projections, rebuildable from the entry.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, text
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
RARE = text("kind NOT IN ('release', 'denial')")


def _origin() -> str:
    field: str = Field(primary_key=True)
    return field


class LogHead(SQLModel, table=True):
    """The end of a co-op's log: the only mutable row of the append path."""

    __tablename__ = "log_head"
    origin: str = _origin()
    next_index: int = Field(sa_type=BigInteger)
    frontier: bytes = Field(sa_type=LargeBinary)
    gov_index: int = Field(sa_type=BigInteger)
    last_ts: int = Field(sa_type=BigInteger)


class LogEntry(SQLModel, table=True):
    """One entry, as hashed."""

    __tablename__ = "log_entry"
    # Only the kinds that stay few are indexed: the hot path pays nothing for it.
    __table_args__: ClassVar = (
        Index("log_entry_kind", "origin", "kind", "idx", postgresql_where=RARE, sqlite_where=RARE),
    )
    origin: str = _origin()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    leaf_hash: bytes = Field(sa_type=LargeBinary)
    entry: bytes = Field(sa_type=LargeBinary)
    kind: str
    transfer_id: str | None = Field(default=None, unique=True)
    partner: str | None = None
    purpose: str | None = None
    ts: int = Field(sa_type=BigInteger)


class LogBatch(SQLModel, table=True):
    """One committed batch and the tree's root after it."""

    __tablename__ = "log_batch"
    origin: str = _origin()
    first_idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    n: int
    root: bytes = Field(sa_type=LargeBinary)


class LogCheckpoint(SQLModel, table=True):
    """A signed checkpoint."""

    __tablename__ = "log_checkpoint"
    origin: str = _origin()
    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=LargeBinary)
    note: str


class LogSubject(SQLModel, table=True):
    """A member of a transfer: erasable; without it the commitment in the entry says nothing."""

    __tablename__ = "log_subject"
    # The keys named below are the mapper's; the table has none (migration 0001 says why).
    __table_args__: ClassVar = (
        Index("log_subject_tag", "tag"),
        Index("log_subject_idx", "idx", postgresql_using="brin"),
    )
    origin: str = _origin()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    pos: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tag: bytes = Field(sa_type=LargeBinary)
    salt: bytes = Field(sa_type=LargeBinary)


class LogRequest(SQLModel, table=True):
    """The partner's signed request, encrypted at rest: erasable."""

    __tablename__ = "log_request"
    origin: str = _origin()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    jws: bytes = Field(sa_type=LargeBinary)


class LogEffect(SQLModel, table=True):
    """What a governance entry put in force, written in its transaction."""

    __tablename__ = "log_effect"
    origin: str = _origin()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    pos: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: bytes = Field(sa_type=LargeBinary)


class Replay(SQLModel, table=True):
    """A consumed proof or assertion, until it has expired."""

    __tablename__ = "replay"
    # Rows come in the order of their expiry, near enough: a block range index costs the hot path nothing.
    __table_args__: ClassVar = (Index("replay_expires_at", "expires_at", postgresql_using="brin"),)
    h: bytes = Field(primary_key=True, sa_type=LargeBinary)
    expires_at: int = Field(sa_type=BigInteger)


class QuotaUsed(SQLModel, table=True):
    """Members counted against a grant on a JST day."""

    __tablename__ = "quota"
    origin: str = _origin()
    grant_id: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    members: int = Field(sa_type=BigInteger)
