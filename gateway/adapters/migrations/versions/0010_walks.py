"""What walks over a population gave, and which member events were told."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables and what they are read by."""
    op.create_table(
        "walk_page",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("walk", sa.String, primary_key=True),
        sa.Column("nth", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("given", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("walk_page_at", "walk_page", ["at"])
    op.create_table(
        "member_event",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("h", sa.LargeBinary, primary_key=True),
        sa.Column("idx", sa.BigInteger, nullable=False),
    )
