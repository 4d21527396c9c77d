"""Each co-op's state in force: an immutable snapshot, advanced incrementally off the event loop.

A decision made on a snapshot that is behind is caught at the commit point, so following may lag without harm.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from gateway.core.policy import Policy
from gateway.core.state import Effect, Snapshot, apply
from gateway.ports import Clock, Log, Unavailable

POLL_S = 0.5
"""How often governance of other processes is looked for; on routes without a commit point this is its delay."""

Resolve = Callable[[bytes, str], Policy]


class Snapshots:
    """Follows the governance entries of every co-op."""

    def __init__(self, coops: Mapping[str, object], *, log: Log, resolve: Resolve, clock: Clock) -> None:
        self._log = log
        self._resolve = resolve
        self._clock = clock
        self._current = {coop: Snapshot(coop=coop) for coop in coops}
        self._advancing = {coop: asyncio.Lock() for coop in coops}

    def current(self, coop: str) -> Snapshot:
        """Return the snapshot as this process knows it now."""
        return self._current[coop]

    async def at_least(self, coop: str, gov: int, *, deadline: datetime) -> Snapshot:
        """Return a snapshot that has reached the governance index `gov`. Raises Unavailable past the deadline."""
        while (snapshot := self._current[coop]).gov < gov:
            if self._clock() >= deadline:
                raise Unavailable("the policy in force could not be read in time")
            await self.refresh(coop)
        return snapshot

    async def refresh(self, coop: str) -> None:
        """Read and apply what governance has added. Raises Unavailable."""
        async with self._advancing[coop]:
            snapshot = self._current[coop]
            gov, effects = await self._log.effects(coop, snapshot.gov)
            if effects:
                # Resolving a policy document takes long enough to be felt on the loop.
                snapshot = await asyncio.to_thread(_fold, snapshot, effects, self._resolve)
            if gov != snapshot.gov:
                snapshot = msgspec.structs.replace(snapshot, gov=gov)
            self._current[coop] = snapshot

    async def refresh_all(self) -> None:
        """Refresh every co-op. Raises Unavailable."""
        for coop in self._current:
            await self.refresh(coop)


def _fold(snapshot: Snapshot, effects: list[tuple[int, Effect]], resolve: Resolve) -> Snapshot:
    for index, effect in effects:
        snapshot = apply(snapshot, index, effect, resolve)
    return snapshot
