"""Tiles, timestamps, and members by ordinal: sets in place of one row each where a transfer has many."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _key(name: str, kind: Any = sa.String) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _filled(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Create the tables."""
    number, data = sa.BigInteger, sa.LargeBinary
    op.add_column("log_checkpoint", sa.Column("timestamp_token", data))
    hashes = (_key("level", sa.Integer), _key("n", number), _filled("width", sa.Integer), _filled("data", data))
    op.create_table("log_tile", _key("origin"), *hashes)
    op.create_table("member_ordinal", _key("origin"), _key("ordinal", number), _filled("tag", data))
    op.create_index("member_ordinal_tag", "member_ordinal", ["origin", "tag"], unique=True)
    # Without a primary key, for the reason that migration 0001 gives for log_subject.
    op.create_table(
        "transfer_chunk",
        _filled("origin", sa.String),
        _filled("idx", number),
        _filled("chunk_no", sa.Integer),
        *(_filled(name, number) for name in ("lo", "hi")),
        *(_filled(name, data) for name in ("salt", "container")),
    )
    op.create_index("transfer_chunk_range", "transfer_chunk", ["origin", "chunk_no", "lo", "hi"])
    op.create_index("transfer_chunk_idx", "transfer_chunk", ["idx"], postgresql_using="brin")
    names = (_key(name) for name in ("origin", "partner", "agreement", "purpose"))
    op.create_table("held", *names, _key("chunk_no", sa.Integer), _filled("container", data))
    op.create_table("projection", _key("origin"), _key("name"), _filled("next_index", number))
