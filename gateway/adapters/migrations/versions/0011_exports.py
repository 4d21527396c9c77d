"""What partners ordered whole, and its parts."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables and what they are read by."""
    op.create_table(
        "export",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("transfer", "partner", "client", "purpose")),
        sa.Column("product", sa.String),
        *(sa.Column(name, sa.String, nullable=False) for name in ("agreement", "fields", "form", "request", "state")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("ordered", "expires")),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("worker", sa.String),
        sa.Column("lease", sa.BigInteger, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
    )
    op.create_index("export_work", "export", ["state", "lease"])
    op.create_index("export_client", "export", ["origin", "client", "state"])
    op.create_table(
        "export_part",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("export", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("body", "digest")),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("gov", "valid_until", "sealed")),
        sa.Column("taken", sa.BigInteger),
    )
    if op.get_bind().dialect.name == "postgresql":
        # What is encrypted cannot be compressed, and is not to be tried on.
        op.execute("ALTER TABLE export_part ALTER COLUMN body SET STORAGE EXTERNAL")
