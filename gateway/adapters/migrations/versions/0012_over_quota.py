"""Requests beyond a grant's daily limit, until somebody decides."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table and what it is read by."""
    op.create_table(
        "over_quota",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("origin", "grant_id", "client", "day")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("asked", "requests", "first_at", "last_at")),
        sa.Column("state", sa.String, nullable=False, server_default="open"),
        sa.Column("proposal", sa.String),
        sa.Column("decider", sa.String),
        sa.Column("said", sa.String, nullable=False, server_default=""),
        sa.Column("decided", sa.BigInteger),
    )
    op.create_index("over_quota_state", "over_quota", ["origin", "state"])
