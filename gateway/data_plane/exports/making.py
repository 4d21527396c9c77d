"""The worker: takes an export that waits by a lease, and seals its parts in order.

A part is added in one transaction that demands that the export still is this worker's and that the part is the next one.
So a worker that is killed leaves nothing half done; when its lease is over, any other goes on after the last part.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import msgspec

from gateway.core.outcome import Denial
from gateway.data_plane.cursors import SINCE, Mark
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import Desk
from gateway.data_plane.exports.asked import Ordered, asking_of, ordered, started
from gateway.data_plane.exports.parts import BYTES, MEMBERS, facts_of, made, removed_before, stored
from gateway.data_plane.passing import Part
from gateway.ports import Export, Unavailable

EVERY_S: Final = 0.5
"""How often it is looked whether an export waits."""
LEASE: Final = timedelta(seconds=15)
RENEW_S: Final = 5.0
MAKING: Final = timedelta(seconds=60)
"""For one part, half of it at least for the source."""
ROUND_S: Final = 3.0
"""A round begins no further part after this; a process that is to end waits for no more than one."""
LONGEST: Final = timedelta(seconds=60)
"""Between two tries, where something fails again and again."""
FAULTS: Final = 5
"""Faults in a row after which an export is given up, where they are of a kind that time does not mend."""
PASSING: Final = frozenset({"unavailable", "not-permitted"})
"""Denials that may end by themselves before the export's time is over: the partner is active again, the source answers."""


class Worker:
    """One worker of one process; any number of them work on the same database."""

    def __init__(self, desk: Desk, *, members: int = MEMBERS, size: int = BYTES) -> None:
        self._desk = desk
        self._members, self._size = members, size
        self._name = secrets.token_urlsafe(12)

    async def round(self) -> bool:
        """Seal parts of one export that waits, for a few seconds; False where none waits. Raises Unavailable."""
        desk, now = self._desk, self._desk.clock()
        if not desk.coops:
            return False
        taken = await desk.exports.take(list(desk.coops), worker=self._name, now=now, until=now + LEASE)
        if taken is None:
            return False
        coop, export = taken
        async with self._kept(coop, export):
            await self._work(coop, export)
        return True

    async def _work(self, coop: str, export: str) -> None:
        desk, clock = self._desk, asyncio.get_running_loop().time
        found, until = await desk.exports.get(coop, export), clock() + ROUND_S
        if found is None or found.state != "running":
            return
        order = await ordered(desk, found)
        mark, removed, n = await self._reached(order)
        while True:
            asking = msgspec.structs.replace(
                asking_of(order, deadline=desk.clock() + MAKING),
                mark=mark,
                limit=self._members,
                part=Part(export=export, n=n, form=found.form, removed=removed),
            )
            standing = await desk.standing(coop, -1, deadline=asking.deadline)
            with desk.telemetry.span("export part"):
                outcome = await made(desk, asking, decide(desk, asking, standing), standing, size=self._size)
            if isinstance(outcome, Denial):
                await self._fault(found, outcome)
                return
            sealed, facts = outcome
            # Given back at once where this round ends: whoever comes first goes on.
            ends = facts.last or clock() >= until
            kept = await desk.exports.add(
                coop,
                export,
                stored(desk, asking, sealed, facts),
                worker=self._name,
                final=facts.last,
                until=desk.clock() - timedelta(milliseconds=1) if ends else desk.clock() + LEASE,
            )
            desk.telemetry.count("export_parts", coop=coop, outcome="sealed" if kept else "lost")
            if ends or not kept:
                return
            mark, removed, n = facts.onward, (*removed, *facts.told), n + 1

    async def _reached(self, order: Ordered) -> tuple[Mark, tuple[str, ...], int]:
        """Return where the next part starts, whom those before it remove, and its number. Raises Unavailable."""
        desk, export = self._desk, order.export
        if export.parts == 0:
            return started(desk, order), (), 1
        ((n, sealed),) = await desk.exports.facts(export.coop, export.id, export.parts, export.parts + 1)
        mark = facts_of(desk, export.coop, export.id, n, sealed).onward
        removed = await removed_before(desk, export.coop, export.id, n + 1) if mark.removing else ()
        return mark, removed, n + 1

    async def _fault(self, export: Export, denial: Denial) -> None:
        """Leave an export alone for a while; give it up where no time mends what fails."""
        desk = self._desk
        desk.telemetry.note(
            "export part not made", coop=export.coop, slug=denial.slug, reasons=" ".join(denial.reasons)
        )
        pause = min(LONGEST, timedelta(seconds=2 ** min(export.faults + 1, 6)))
        # The walk that a delta is laid against is gone: only a new order can go on without it.
        most = None if denial.slug in PASSING else 1 if denial.pointer == SINCE else FAULTS
        await desk.exports.fault(export.coop, export.id, worker=self._name, until=desk.clock() + pause, most=most)

    @asynccontextmanager
    async def _kept(self, coop: str, export: str) -> AsyncIterator[None]:
        """Renew the lease as long as it is worked on."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_S)
                with suppress(Unavailable):  # then the next time, or somebody else takes it
                    until = self._desk.clock() + LEASE
                    await self._desk.exports.renew(coop, export, worker=self._name, until=until)

        renewing = asyncio.create_task(renew(), name="export lease")
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
