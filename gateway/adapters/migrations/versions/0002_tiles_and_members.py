"""Tiles, timestamps, and members by ordinal: sets in place of one row each where a transfer has many."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _filled(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Create the tables."""
    op.add_column("log_checkpoint", sa.Column("timestamp_token", sa.LargeBinary))
    op.create_table(
        "log_tile",
        _key("origin", sa.String),
        _key("level", sa.Integer),
        _key("n", sa.BigInteger),
        _filled("width", sa.Integer),
        _filled("data", sa.LargeBinary),
    )
    op.create_table(
        "member_ordinal", _key("origin", sa.String), _key("ordinal", sa.BigInteger), _filled("tag", sa.LargeBinary)
    )
    op.create_index("member_ordinal_tag", "member_ordinal", ["origin", "tag"], unique=True)
    # Without a primary key, for the reason that migration 0001 gives for log_subject.
    op.create_table(
        "transfer_chunk",
        _filled("origin", sa.String),
        _filled("idx", sa.BigInteger),
        _filled("chunk_no", sa.Integer),
        _filled("lo", sa.BigInteger),
        _filled("hi", sa.BigInteger),
        _filled("salt", sa.LargeBinary),
        _filled("container", sa.LargeBinary),
    )
    op.create_index("transfer_chunk_range", "transfer_chunk", ["origin", "chunk_no", "lo", "hi"])
    op.create_index("transfer_chunk_idx", "transfer_chunk", ["idx"], postgresql_using="brin")
    op.create_table(
        "held",
        _key("origin", sa.String),
        _key("partner", sa.String),
        _key("agreement", sa.String),
        _key("purpose", sa.String),
        _key("chunk_no", sa.Integer),
        _filled("container", sa.LargeBinary),
    )
    op.create_table(
        "projection", _key("origin", sa.String), _key("name", sa.String), _filled("next_index", sa.BigInteger)
    )
