"""The second door: proposals, people and their roles, signed-in browsers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _key(name: str, kind: Any = sa.String) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _filled(name: str, kind: Any = sa.String, *, default: str | sa.TextClause | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def upgrade() -> None:
    """Create the tables."""
    empty = sa.text("X''") if op.get_bind().dialect.name == "sqlite" else ""
    op.create_table(
        "proposal",
        _key("origin"),
        _key("id"),
        *(_filled(name) for name in ("state", "title", "department", "author", "editor", "content", "reason")),
        _filled("revision", sa.Integer),
        *(sa.Column(name, sa.String) for name in ("base", "preview", "approver", "policy")),
        _filled("created", sa.BigInteger),
        _filled("changed", sa.BigInteger),
        *(sa.Column(name, sa.BigInteger) for name in ("effective", "published")),
    )
    op.create_table("kept", _key("origin"), _key("digest"), _filled("body", sa.LargeBinary))
    op.create_table(
        "person",
        _key("origin"),
        _key("id"),
        _filled("name"),
        _filled("active", sa.Boolean),
        _filled("password", default=""),
        _filled("totp", sa.LargeBinary, default=empty),
        _filled("counter", sa.BigInteger, default="0"),
        _filled("failures", sa.Integer, default="0"),
        sa.Column("locked_until", sa.BigInteger),
    )
    op.create_table(
        "staff_role",
        _key("origin"),
        _key("id"),
        _filled("person"),
        _filled("role"),
        sa.Column("department", sa.String),
        _filled("starts", sa.BigInteger),
        sa.Column("ends", sa.BigInteger),
        sa.Column("deputy_for", sa.String),
    )
    op.create_index("staff_role_person", "staff_role", ["origin", "person"])
    op.create_table(
        "staff_session",
        _key("token_hash", sa.LargeBinary),
        *(_filled(name) for name in ("coop", "person", "csrf")),
        _filled("began", sa.BigInteger),
        _filled("seen", sa.BigInteger),
    )
