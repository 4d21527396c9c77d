"""Dossiers: what compliance keeps of one matter, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table and what its lists are read by."""
    op.create_table(
        "dossier",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("matter", "state")),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("partner", sa.String),
        sa.Column("due", sa.String),
        sa.Column("tag", sa.String),
        sa.Column("body", sa.String, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("author", "editor")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("opened", "changed")),
    )
    op.create_index("dossier_list", "dossier", ["origin", "matter", "opened"])
    op.create_index("dossier_tag", "dossier", ["tag"])
