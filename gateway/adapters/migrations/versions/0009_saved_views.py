"""Views of the console that people keep."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
