"""The log as it is searched: a row for each entry, counts for each hour."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""
