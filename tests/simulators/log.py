"""The real transfer log behind a switch: a test takes it away, and counts what is asked of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from gateway.core.state import Effect
from gateway.ports import Head, Log, Submission, Unavailable, Verdict


class SimulatedLog:
    """Passes every call on; while `down` says why, it raises Unavailable before anything is written."""

    def __init__(self, real: Log) -> None:
        self._real = real
        self.down: str | None = None
        self.calls: Counter[str] = Counter()

    def _open(self, call: str) -> Log:
        self.calls[call] += 1
        if self.down is not None:
            raise Unavailable(self.down)
        return self._real

    async def append(self, coop: str, submission: Submission) -> Verdict:
        return await self._open("append").append(coop, submission)

    async def head(self, coop: str) -> Head:
        return await self._open("head").head(coop)

    async def effects(self, coop: str, after: int) -> tuple[int, list[tuple[int, Effect]]]:
        return await self._open("effects").effects(coop, after)

    async def entries(self, coop: str, first: int, count: int) -> list[bytes]:
        return await self._open("entries").entries(coop, first, count)

    async def of_kind(self, coop: str, kind: str) -> list[bytes]:
        return await self._open("of_kind").of_kind(coop, kind)

    async def seen(self, keys: Sequence[tuple[bytes, datetime]]) -> list[bool]:
        return await self._open("seen").seen(keys)

    async def skew(self) -> float:
        return await self._open("skew").skew()

    async def quota_used(self, coop: str, grant: str, day: str) -> int:
        return await self._open("quota_used").quota_used(coop, grant, day)
