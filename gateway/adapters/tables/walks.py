"""What walks over a population gave, by walk and answer, for a while; and which member events were told (both erasable)."""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class WalkPage(SQLModel, table=True):
    """Whom one answer of a walk gave, sealed: codes, and a keyed digest of each record; of what was given again, each."""

    __tablename__ = "walk_page"
    __table_args__: ClassVar = (Index("walk_page_at", "at"),)
    origin: str = origin_key()
    walk: str = Field(primary_key=True)
    nth: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    h: bytes = Field(primary_key=True, sa_type=LargeBinary)
    given: bytes = Field(sa_type=LargeBinary)
    at: int = Field(sa_type=BigInteger)


class MemberEvent(SQLModel, table=True):
    """An event that a system told once, by the digest of its name, and the entry that took it in."""

    __tablename__ = "member_event"
    origin: str = origin_key()
    h: bytes = Field(primary_key=True, sa_type=LargeBinary)
    idx: int = Field(sa_type=BigInteger)
