"""The tables of the second door: proposals with what they say, requests, people with what they may do, signed-in browsers.

`proposal`, `partner_request`, `person` and `staff_role` are changed in the transaction of the log entry that says so, and
nowhere else (log/changes.py). Instants are integers, milliseconds since 1970 UTC.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.adapters.tables.log import origin_key


class ProposalRow(SQLModel, table=True):
    """A proposed policy version (core/changes/proposal.py)."""

    __tablename__ = "proposal"
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    state: str
    revision: int
    title: str
    department: str
    author: str
    editor: str
    content: str
    base: str | None = None
    effective: int | None = Field(default=None, sa_type=BigInteger)
    reason: str
    preview: str | None = None
    approver: str | None = None
    created: int = Field(sa_type=BigInteger)
    changed: int = Field(sa_type=BigInteger)
    published: int | None = Field(default=None, sa_type=BigInteger)
    policy: str | None = None
    """Digest of the version that was published from it."""


class Kept(SQLModel, table=True):
    """Bytes by their digest, for ever: the files of a proposal, or a preview."""

    __tablename__ = "kept"
    origin: str = origin_key()
    digest: str = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)


class PartnerRequestRow(SQLModel, table=True):
    """An act on a partner that takes two people (core/changes/partner_request.py)."""

    __tablename__ = "partner_request"
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    kind: str
    state: str
    partner: str
    client: str
    keys: str
    """The public JWKs as JSON."""
    answer: str
    asker: str
    reason: str
    asked: int = Field(sa_type=BigInteger)
    decider: str | None = None
    said: str = Field(default="", sa_column_kwargs={"server_default": ""})
    decided: int | None = Field(default=None, sa_type=BigInteger)
    entry: int | None = Field(default=None, sa_type=BigInteger)


class PersonRow(SQLModel, table=True):
    """A member of a co-op's staff, and how they sign in."""

    __tablename__ = "person"
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    name: str
    active: bool
    password: str = ""
    totp: bytes = Field(default=b"", sa_type=LargeBinary)
    counter: int = Field(default=0, sa_type=BigInteger)
    failures: int = 0
    locked_until: int | None = Field(default=None, sa_type=BigInteger)
    issuer: str = ""
    subject: str = ""
    """Who they are to the co-op's identity provider; both empty: nobody."""
    signed_in: int | None = Field(default=None, sa_type=BigInteger)


class StaffRoleRow(SQLModel, table=True):
    """A role held over a half-open span."""

    __tablename__ = "staff_role"
    __table_args__: ClassVar = (Index("staff_role_person", "origin", "person"),)
    origin: str = origin_key()
    id: str = Field(primary_key=True)
    person: str
    role: str
    department: str | None = None
    starts: int = Field(sa_type=BigInteger)
    ends: int | None = Field(default=None, sa_type=BigInteger)
    deputy_for: str | None = None


class StaffSessionRow(SQLModel, table=True):
    """A signed-in browser."""

    __tablename__ = "staff_session"
    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    coop: str
    person: str
    csrf: str
    began: int = Field(sa_type=BigInteger)
    seen: int = Field(sa_type=BigInteger)
