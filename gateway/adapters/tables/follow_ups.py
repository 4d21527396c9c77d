"""The tables of follow-ups. Both are written in the transaction of the log entry that says so, and nowhere else
(log/changes.py). Instants are integers, milliseconds since 1970 UTC; days are ISO dates.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class FollowUpRow(SQLModel, table=True):
    """What a partner must do with data that it holds (core/follow_ups/follow_up.py)."""

    __tablename__ = "follow_up"
    __table_args__: ClassVar = (Index("follow_up_list", "origin", "partner", "state", "due"),)
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    entry: int = Field(sa_type=BigInteger)
    source: int | None = Field(default=None, sa_type=BigInteger)
    cause: str
    partner: str
    agreement: str
    purpose: str | None = None
    duty: str
    due: str
    blocks: str | None = None
    period: str | None = None
    state: str
    members: int
    opened: int = Field(sa_type=BigInteger)
    acknowledged: int | None = Field(default=None, sa_type=BigInteger)
    certified: int | None = Field(default=None, sa_type=BigInteger)
    answered_by: str | None = None
    answer: str | None = None
    """Sealed, as base64url."""


class MemberCode(SQLModel, table=True):
    """A member that a restriction or a follow-up names, the code sealed: erasable, as LogSubject is."""

    __tablename__ = "member_code"
    __table_args__: ClassVar = (Index("member_code_tag", "tag"),)
    origin: str = origin_key()
    idx: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    tag: bytes = Field(primary_key=True, sa_type=LargeBinary)
    code: bytes = Field(sa_type=LargeBinary)
