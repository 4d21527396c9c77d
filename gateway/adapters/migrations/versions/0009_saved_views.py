"""Views of the console that people keep; which fields were released on which day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "saved_view",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("person", "name", "screen", "query")),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_index("saved_view_name", "saved_view", ["origin", "person", "name"], unique=True)
    op.create_table(
        "log_field_tally",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("origin", "day", "partner", "purpose", "field")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("releases", "first_idx", "last_idx")),
    )
