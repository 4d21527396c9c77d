"""Of an answer that is given again, both are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table anew: what walks gave before is forgotten, so the next delta of each partner gives everybody."""
    op.drop_table("walk_page")
    op.create_table(
        "walk_page",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("walk", sa.String, primary_key=True),
        sa.Column("nth", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("h", sa.LargeBinary, primary_key=True),
        sa.Column("given", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("walk_page_at", "walk_page", ["at"])
