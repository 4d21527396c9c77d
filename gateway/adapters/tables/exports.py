"""The tables of exports. An order and its end are written in the transaction of the log entry that says so (log/changes.py);
parts are written by workers. Instants are integers, milliseconds since 1970 UTC.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class ExportRow(SQLModel, table=True):
    """An order of a whole population in parts (ports/exports.py), and how far the making of it has come."""

    __tablename__ = "export"
    __table_args__: ClassVar = (
        Index("export_work", "state", "lease"),
        Index("export_client", "origin", "client", "state"),
    )
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    entry: int = Field(sa_type=BigInteger)
    transfer: str
    partner: str
    client: str
    purpose: str
    product: str | None = None
    agreement: str
    fields: str
    """A JSON array."""
    form: str
    request: str
    state: str
    ordered: int = Field(sa_type=BigInteger)
    expires: int = Field(sa_type=BigInteger)
    parts: int
    records: int = Field(sa_type=BigInteger)
    worker: str | None = None
    lease: int = Field(sa_type=BigInteger)
    """Until when the worker has it; then any other may take it."""
    faults: int
    """In a row, since the last part was sealed."""


class ExportPartRow(SQLModel, table=True):
    """A part as sealed to the partner; what the gateway itself must know of it is sealed too."""

    __tablename__ = "export_part"
    origin: str = origin_key()
    export: str = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: bytes = Field(sa_type=LargeBinary)
    digest: bytes = Field(sa_type=LargeBinary)
    records: int
    facts: bytes = Field(sa_type=LargeBinary)
    gov: int = Field(sa_type=BigInteger)
    valid_until: int = Field(sa_type=BigInteger)
    sealed: int = Field(sa_type=BigInteger)
    taken: int | None = Field(default=None, sa_type=BigInteger)
