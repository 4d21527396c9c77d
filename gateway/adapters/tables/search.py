"""The tables that the log is searched by: projections of its entries, and what was delivered, which is none.

Instants are integers, milliseconds since 1970 UTC. A posting says where in a block of 4,096 indexes a value stands.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class LogTerm(SQLModel, table=True):
    """A value of a dimension that some entry has, numbered."""

    __tablename__ = "log_term"
    __table_args__: ClassVar = (Index("log_term_value", "origin", "dimension", "value", unique=True),)
    origin: str = origin_key()
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    dimension: str
    value: str


class LogPosting(SQLModel, table=True):
    """Which entries of a block have a value: the lowest bits of their indexes, as a roaring bitmap."""

    __tablename__ = "log_posting"
    origin: str = origin_key()
    term: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    block: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    container: bytes = Field(sa_type=LargeBinary)


class LogBlock(SQLModel, table=True):
    """Between which instants the entries of a block were decided."""

    __tablename__ = "log_block"
    origin: str = origin_key()
    block: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    oldest: int = Field(sa_type=BigInteger)
    newest: int = Field(sa_type=BigInteger)


class LogShape(SQLModel, table=True):
    """A combination of values that entries share, numbered; `key` is the same in one text."""

    __tablename__ = "log_shape"
    __table_args__: ClassVar = (Index("log_shape_key", "origin", "key", unique=True),)
    origin: str = origin_key()
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str
    kind: str
    partner: str | None = None
    client: str | None = None
    agreement: str | None = None
    purpose: str | None = None
    product: str | None = None
    reason: str | None = None


class LogTally(SQLModel, table=True):
    """Entries of one shape in an hour, and again in a JST day."""

    __tablename__ = "log_tally"
    origin: str = origin_key()
    per: str = Field(primary_key=True)
    shape: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    start: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    entries: int = Field(sa_type=BigInteger)
    asked: int = Field(sa_type=BigInteger)
    released: int = Field(sa_type=BigInteger)
    not_available: int = Field(sa_type=BigInteger)
    refused: int = Field(sa_type=BigInteger)
    fields: int = Field(sa_type=BigInteger)
    first: int = Field(sa_type=BigInteger)
    last: int = Field(sa_type=BigInteger)


class Delivery(SQLModel, table=True):
    """Which entries of a block are releases that were handed over whole."""

    __tablename__ = "delivery"
    origin: str = origin_key()
    block: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    container: bytes = Field(sa_type=LargeBinary)
