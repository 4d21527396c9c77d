"""The log as it is searched: where each value stands, counts for each hour and day; and what was delivered."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _key(name: str, kind: Any = sa.Integer) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _filled(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Create the tables."""
    origin, block = ("origin", sa.String), ("block", sa.BigInteger)
    op.create_table(
        "log_term", _key(*origin), _key("id"), *(_filled(name, sa.String) for name in ("dimension", "value"))
    )
    op.create_index("log_term_value", "log_term", ["origin", "dimension", "value"], unique=True)
    op.create_table("log_posting", _key(*origin), _key("term"), _key(*block), _filled("container", sa.LargeBinary))
    op.create_table("log_block", _key(*origin), _key(*block), _filled("oldest"), _filled("newest"))
    op.create_table(
        "log_shape",
        _key(*origin),
        _key("id"),
        *(_filled(name, sa.String) for name in ("key", "kind")),
        *(sa.Column(name, sa.String) for name in ("partner", "client", "agreement", "purpose", "product", "reason")),
    )
    op.create_index("log_shape_key", "log_shape", ["origin", "key"], unique=True)
    op.create_table(
        "log_tally",
        _key(*origin),
        _key("per", sa.String),
        _key("shape"),
        _key("start", sa.BigInteger),
        *(
            _filled(name)
            for name in ("entries", "asked", "released", "not_available", "refused", "fields", "first", "last")
        ),
    )
    op.create_table("delivery", _key(*origin), _key(*block), _filled("container", sa.LargeBinary))
