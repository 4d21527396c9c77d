"""The transfer log: entries, head, batches, checkpoints, side rows, effects, replay keys, quotas.

A migration stands for ever, so it names its columns itself and imports no table of today.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _origin() -> sa.Column[str]:
    return sa.Column("origin", sa.String, primary_key=True)


def _index(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _data(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _position() -> sa.Column[int]:
    return sa.Column("pos", sa.Integer, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create the tables and make `log_entry` append-only."""
    op.create_table(
        "log_head", _origin(), _number("next_index"), _data("frontier"), _number("gov_index"), _number("last_ts")
    )
    op.create_table(
        "log_entry",
        _origin(),
        _index("idx"),
        _data("leaf_hash"),
        _data("entry"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("transfer_id", sa.String, unique=True),
        sa.Column("partner", sa.String),
        sa.Column("purpose", sa.String),
        _number("ts"),
    )
    rare = sa.text("kind NOT IN ('release', 'denial')")
    op.create_index("log_entry_kind", "log_entry", ["origin", "kind", "idx"], postgresql_where=rare, sqlite_where=rare)
    op.create_table(
        "log_batch", _origin(), _index("first_idx"), sa.Column("n", sa.Integer, nullable=False), _data("root")
    )
    op.create_table(
        "log_checkpoint", _origin(), _index("size"), _data("root"), sa.Column("note", sa.String, nullable=False)
    )
    # No primary key: an index over (origin, idx) would cost each commit a third as much again, and rows come in the order
    # of idx, so a block range index finds those of one entry. A tag is keyed with its co-op's secret: no other shares it.
    op.create_table(
        "log_subject",
        sa.Column("origin", sa.String, nullable=False),
        _number("idx"),
        sa.Column("pos", sa.Integer, nullable=False),
        _data("tag"),
        _data("salt"),
    )
    op.create_index("log_subject_tag", "log_subject", ["tag"])
    op.create_index("log_subject_idx", "log_subject", ["idx"], postgresql_using="brin")
    op.create_table("log_request", _origin(), _index("idx"), _data("jws"))
    op.create_table("log_effect", _origin(), _index("idx"), _position(), _data("body"))
    op.create_table("replay", sa.Column("h", sa.LargeBinary, primary_key=True), _number("expires_at"))
    op.create_index("replay_expires_at", "replay", ["expires_at"], postgresql_using="brin")
    op.create_table(
        "quota",
        _origin(),
        sa.Column("grant_id", sa.String, primary_key=True),
        sa.Column("day", sa.String, primary_key=True),
        _number("members"),
    )
    known = "origin = NEW.origin AND idx = NEW.idx"
    _append_only("log_entry", f"({known}) OR transfer_id = NEW.transfer_id")
    _append_only("log_effect", f"{known} AND pos = NEW.pos")
    _append_only("log_batch", "origin = NEW.origin AND first_idx = NEW.first_idx")


def _append_only(table: str, same: str) -> None:
    """Refuse UPDATE and DELETE; on SQLite also INSERT OR REPLACE, which would delete a row of the same key unasked."""
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the transfer log is append-only'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            "BEGIN SELECT RAISE(ABORT, 'the transfer log is append-only'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the transfer log is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
    )
