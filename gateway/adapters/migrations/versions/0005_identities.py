"""How a person is known to the co-op's own identity provider, and when they last signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("person", sa.Column("issuer", sa.String, nullable=False, server_default=""))
    op.add_column("person", sa.Column("subject", sa.String, nullable=False, server_default=""))
    op.add_column("person", sa.Column("signed_in", sa.BigInteger))
