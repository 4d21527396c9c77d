"""Requests beyond a grant's daily limit: a projection of the log's denials, and what was decided on them."""

from typing import ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class OverrunRow(SQLModel, table=True):
    """What one client asked for beyond one grant's limit on one JST day (core/changes/overrun.py)."""

    __tablename__ = "over_quota"
    __table_args__: ClassVar = (Index("over_quota_state", "origin", "state"),)
    origin: str = origin_key()
    grant_id: str = Field(primary_key=True)
    client: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    asked: int = Field(sa_type=BigInteger)
    requests: int = Field(sa_type=BigInteger)
    first_at: int = Field(sa_type=BigInteger)
    last_at: int = Field(sa_type=BigInteger)
    state: str = Field(default="open", sa_column_kwargs={"server_default": "open"})
    proposal: str | None = None
    decider: str | None = None
    said: str = Field(default="", sa_column_kwargs={"server_default": ""})
    decided: int | None = Field(default=None, sa_type=BigInteger)
