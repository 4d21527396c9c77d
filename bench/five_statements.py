"""The commit point as one would write it first: a transaction of five statements on the same tables, for comparison.

It decides nothing but replays, keeps no counts and signs nothing; groups form as in the gateway.
"""

from typing import Any

import asyncpg

from gateway.adapters.log.batch import ms
from gateway.adapters.log.group_commit import GroupCommit
from gateway.ports import Clock, Committed, Replayed, Submission, Verdict
from gateway.tlog.merkle import Frontier


class FiveStatements:
    """Appends to one origin over one connection."""

    def __init__(self, url: str, *, origin: str, clock: Clock) -> None:
        self._dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._origin = origin
        self._clock = clock
        self._group = GroupCommit(self._commit)

    async def start(self) -> None:
        self._db: asyncpg.Connection[Any] = await asyncpg.connect(self._dsn)
        await self._db.execute(
            "INSERT INTO log_head (origin, next_index, frontier, gov_index, last_ts) VALUES ($1, 0, $2, -1, 0) "
            "ON CONFLICT DO NOTHING",
            self._origin,
            Frontier().to_bytes(),
        )

    async def append(self, _: str, submission: Submission) -> Verdict:
        return await self._group.append(submission)

    async def close(self) -> None:
        await self._db.close()

    async def _commit(self, batch: list[Submission]) -> list[Verdict]:
        db, origin = self._db, self._origin
        async with db.transaction():
            head = await db.fetchrow("SELECT * FROM log_head WHERE origin = $1 FOR UPDATE", origin)
            assert head is not None
            keys = [s.replay for s in batch if s.replay]
            rows = await db.fetch(
                "INSERT INTO replay (h, expires_at) SELECT * FROM unnest($1::bytea[], $2::bigint[]) "
                "ON CONFLICT DO NOTHING RETURNING h",
                [key for key, _ in keys],
                [ms(expires) for _, expires in keys],
            )
            fresh = {row["h"] for row in rows}
            kept = [s for s in batch if s.replay is None or s.replay[0] in fresh]
            numbered = list(enumerate(kept, head["next_index"]))
            await db.execute(
                "INSERT INTO log_entry (origin, idx, leaf_hash, entry, kind, transfer_id, partner, purpose, ts) "
                "SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[], "
                "$8::text[], $9::bigint[])",
                origin,
                [index for index, _ in numbered],
                [s.leaf for s in kept],
                [s.entry for s in kept],
                [s.kind for s in kept],
                [s.transfer for s in kept],
                [s.partner for s in kept],
                [s.purpose for s in kept],
                [ms(s.time) for s in kept],
            )
            subjects = [(index, pos, one) for index, s in numbered for pos, one in enumerate(s.subjects)]
            await db.execute(
                "INSERT INTO log_subject (origin, idx, pos, tag, salt) "
                "SELECT $1, * FROM unnest($2::bigint[], $3::int[], $4::bytea[], $5::bytea[])",
                origin,
                [index for index, _, _ in subjects],
                [pos for _, pos, _ in subjects],
                [one.tag for _, _, one in subjects],
                [one.salt for _, _, one in subjects],
            )
            frontier = Frontier.from_bytes(head["frontier"]).extend(s.leaf for s in kept)
            await db.execute(
                "UPDATE log_head SET next_index = $2, frontier = $3, last_ts = $4 WHERE origin = $1",
                origin,
                frontier.size,
                frontier.to_bytes(),
                ms(self._clock()),
            )
        index = iter(numbered)
        return [Committed(next(index)[0]) if s.replay is None or s.replay[0] in fresh else Replayed() for s in batch]
