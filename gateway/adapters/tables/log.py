"""The tables, once for both databases; instants are integers, milliseconds since 1970 UTC.

`log_entry` is append-only: the application role may only insert and select, and a trigger refuses the rest
(transfer-log.md "Tables"). Its columns after `entry` are projections, rebuildable from the entry.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, text
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
RARE = text("kind NOT IN ('release', 'denial')")


def origin_key() -> str:
    """Return the first column of every primary key: the log's origin."""
    field: str = Field(primary_key=True)
    return field


class LogHead(SQLModel, table=True):
    """The end of a co-op's log: the only mutable row of the append path."""

    __tablename__ = "log_head"
    origin: str = origin_key()
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
    origin: str = origin_key()
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
    origin: str = origin_key()
    first_idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    n: int
    root: bytes = Field(sa_type=LargeBinary)


class LogCheckpoint(SQLModel, table=True):
    """A signed checkpoint."""

    __tablename__ = "log_checkpoint"
    origin: str = origin_key()
    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=LargeBinary)
    note: str
    timestamp_token: bytes | None = Field(default=None, sa_type=LargeBinary)


class LogTile(SQLModel, table=True):
    """A tile of the tree's hashes; the last of each level grows until it is full."""

    __tablename__ = "log_tile"
    origin: str = origin_key()
    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    n: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    width: int
    data: bytes = Field(sa_type=LargeBinary)


class LogSubject(SQLModel, table=True):
    """A member of a transfer: erasable; without it the commitment in the entry says nothing."""

    __tablename__ = "log_subject"
    # The keys named below are the mapper's; the table has none (migration 0001 says why).
    __table_args__: ClassVar = (
        Index("log_subject_tag", "tag"),
        Index("log_subject_idx", "idx", postgresql_using="brin"),
    )
    origin: str = origin_key()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    pos: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tag: bytes = Field(sa_type=LargeBinary)
    salt: bytes = Field(sa_type=LargeBinary)


class MemberOrdinal(SQLModel, table=True):
    """A member's number in this co-op's sets: dense, secret, in the order in which members were first released."""

    __tablename__ = "member_ordinal"
    __table_args__: ClassVar = (Index("member_ordinal_tag", "origin", "tag", unique=True),)
    origin: str = origin_key()
    ordinal: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    tag: bytes = Field(sa_type=LargeBinary)


class TransferChunk(SQLModel, table=True):
    """Members of a transfer of more than 16, by ordinal: erasable, as LogSubject is."""

    __tablename__ = "transfer_chunk"
    # As with log_subject, the keys below are the mapper's alone.
    __table_args__: ClassVar = (
        Index("transfer_chunk_range", "origin", "chunk_no", "lo", "hi"),
        Index("transfer_chunk_idx", "idx", postgresql_using="brin"),
    )
    origin: str = origin_key()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    chunk_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    lo: int = Field(sa_type=BigInteger)
    hi: int = Field(sa_type=BigInteger)
    salt: bytes = Field(sa_type=LargeBinary)
    container: bytes = Field(sa_type=LargeBinary)


class Held(SQLModel, table=True):
    """Whom a partner holds under an agreement for a purpose: a projection of the releases, in the same sets."""

    __tablename__ = "held"
    origin: str = origin_key()
    partner: str = Field(primary_key=True)
    agreement: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    chunk_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    container: bytes = Field(sa_type=LargeBinary)


class Projection(SQLModel, table=True):
    """How far a projection that lags behind the log has come: the index of the first entry it has not read."""

    __tablename__ = "projection"
    origin: str = origin_key()
    name: str = Field(primary_key=True)
    next_index: int = Field(sa_type=BigInteger)


class LogRequest(SQLModel, table=True):
    """The partner's signed request, encrypted at rest: erasable."""

    __tablename__ = "log_request"
    origin: str = origin_key()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    jws: bytes = Field(sa_type=LargeBinary)


class LogEffect(SQLModel, table=True):
    """What a governance entry put in force, written in its transaction."""

    __tablename__ = "log_effect"
    origin: str = origin_key()
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
    origin: str = origin_key()
    grant_id: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    members: int = Field(sa_type=BigInteger)
