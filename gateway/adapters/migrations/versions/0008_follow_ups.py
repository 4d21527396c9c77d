"""What partners must do with what they hold, and whom it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables and what they are read by."""
    op.create_table(
        "follow_up",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("source", sa.BigInteger),
        *(sa.Column(name, sa.String, nullable=False) for name in ("cause", "partner", "agreement")),
        sa.Column("purpose", sa.String),
        *(sa.Column(name, sa.String, nullable=False) for name in ("duty", "due")),
        *(sa.Column(name, sa.String) for name in ("blocks", "period")),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("members", sa.Integer, nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("acknowledged", "certified")),
        *(sa.Column(name, sa.String) for name in ("answered_by", "answer")),
    )
    op.create_index("follow_up_list", "follow_up", ["origin", "partner", "state", "due"])
    op.create_table(
        "member_code",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tag", sa.LargeBinary, primary_key=True),
        sa.Column("code", sa.LargeBinary, nullable=False),
    )
    op.create_index("member_code_tag", "member_code", ["tag"])
