"""The tables behind the pages of the log: views that people keep, and which fields were released on which day."""

from typing import ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class SavedViewRow(SQLModel, table=True):
    """A view of the console that a person keeps."""

    __tablename__ = "saved_view"
    __table_args__: ClassVar = (Index("saved_view_name", "origin", "person", "name", unique=True),)
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    person: str
    name: str
    screen: str
    query: str
    shared: bool
    made: int = Field(sa_type=BigInteger)


class LogFieldTally(SQLModel, table=True):
    """Releases of one JST day that gave a partner a field for a purpose: a projection of the log, as log_tally is."""

    __tablename__ = "log_field_tally"
    origin: str = origin_key()
    day: str = Field(primary_key=True)
    partner: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    releases: int = Field(sa_type=BigInteger)
    first_idx: int = Field(sa_type=BigInteger)
    last_idx: int = Field(sa_type=BigInteger)
