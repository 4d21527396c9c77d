"""The transfer log: entries, head, batches, checkpoints, side rows, effects, replay keys, quotas.

A migration stands for ever, so it names its columns itself and imports no table of today.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables and make `log_entry` append-only."""
    origin = lambda: sa.Column("origin", sa.String, primary_key=True)  # noqa: E731  # a fresh column each time
    index = lambda name: sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)  # noqa: E731  # likewise
    number = lambda name: sa.Column(name, sa.BigInteger, nullable=False)  # noqa: E731  # likewise
    data = lambda name: sa.Column(name, sa.LargeBinary, nullable=False)  # noqa: E731  # likewise
    position = lambda: sa.Column("pos", sa.Integer, primary_key=True, autoincrement=False)  # noqa: E731  # likewise
    op.create_table(
        "log_head", origin(), number("next_index"), data("frontier"), number("gov_index"), number("last_ts")
    )
    op.create_table(
        "log_entry",
        origin(),
        index("idx"),
        data("leaf_hash"),
        data("entry"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("transfer_id", sa.String, unique=True),
        sa.Column("partner", sa.String),
        sa.Column("purpose", sa.String),
        number("ts"),
    )
    op.create_index("log_entry_kind", "log_entry", ["origin", "kind", "idx"])
    op.create_table("log_batch", origin(), index("first_idx"), sa.Column("n", sa.Integer, nullable=False), data("root"))
    op.create_table(
        "log_checkpoint", origin(), index("size"), data("root"), sa.Column("note", sa.String, nullable=False)
    )
    op.create_table("log_subject", origin(), index("idx"), position(), data("tag"), data("salt"))
    op.create_index("log_subject_tag", "log_subject", ["origin", "tag"])
    op.create_table("log_request", origin(), index("idx"), data("jws"))
    op.create_table("log_effect", origin(), index("idx"), position(), data("body"))
    op.create_table("replay", sa.Column("h", sa.LargeBinary, primary_key=True), number("expires_at"))
    op.create_index("ix_replay_expires_at", "replay", ["expires_at"])
    op.create_table(
        "quota",
        origin(),
        sa.Column("grant_id", sa.String, primary_key=True),
        sa.Column("day", sa.String, primary_key=True),
        number("members"),
    )
    for table in ("log_entry", "log_effect", "log_batch"):
        _append_only(table)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} "
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
