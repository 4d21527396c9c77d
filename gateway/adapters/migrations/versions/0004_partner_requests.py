"""Acts on a partner that take two people: what is asked for, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "partner_request",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "state", "partner", "client")),
        *(sa.Column(name, sa.String, nullable=False) for name in ("keys", "answer", "asker", "reason")),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("decider", sa.String),
        sa.Column("said", sa.String, nullable=False, server_default=""),
        *(sa.Column(name, sa.BigInteger) for name in ("decided", "entry")),
    )
