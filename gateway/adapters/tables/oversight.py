"""The tables of the third door. `dossier` is changed in the transaction of the log entry that says so, and nowhere else
(log/changes.py). Instants are integers, milliseconds since 1970 UTC; days are ISO dates.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class DossierRow(SQLModel, table=True):
    """A dossier (core/dossier.py)."""

    __tablename__ = "dossier"
    __table_args__: ClassVar = (
        Index("dossier_list", "origin", "matter", "opened"),
        Index("dossier_tag", "tag"),
    )
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    matter: str
    state: str
    revision: int
    partner: str | None = None
    due: str | None = None
    tag: str | None = None
    """As base64url, and so the sealed body."""
    body: str
    author: str
    editor: str
    opened: int = Field(sa_type=BigInteger)
    changed: int = Field(sa_type=BigInteger)
