"""Requests beyond daily limits, on either database; see gateway.ports.Overruns for the contract.

What was decided is only read here: the log's entries write it (log/changes.py).
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.search.writes import insert_of
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.overruns import OverrunRow
from gateway.adapters.tables.staff import ProposalRow
from gateway.core.changes.overrun import Counted, Overrun

_NAME: Final = "over_quota"
_KEY: Final = ("origin", "grant_id", "client", "day")
_overrun = metadata.tables[str(OverrunRow.__tablename__)]
_proposal = metadata.tables[str(ProposalRow.__tablename__)]
_come = metadata.tables["projection"]

_BEGINS: Final = case((_proposal.c.effective > _proposal.c.changed, _proposal.c.effective), else_=_proposal.c.changed)
_PUBLISHED: Final = and_(_overrun.c.state == "proposed", _proposal.c.state == "published")
_STATE: Final = case(
    (and_(_overrun.c.state == "proposed", _proposal.c.state == "withdrawn"), "open"),
    # Refused again under the limit that was raised: it waits anew.
    (and_(_PUBLISHED, _overrun.c.last_at > _BEGINS), "open"),
    (_PUBLISHED, "raised"),
    else_=_overrun.c.state,
)
"""How an overrun stands, by what became of the proposal that was to meet it; log/changes.py says the same in SQL."""
_JOINED: Final = _overrun.outerjoin(
    _proposal, and_(_proposal.c.origin == _overrun.c.origin, _proposal.c.id == _overrun.c.proposal)
)


class StoredOverruns:
    """The Overruns port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def come(self, coop: str) -> int:
        """Return the index of the first entry that is not counted."""
        async with asking(self._engine) as db:
            return int(await db.scalar(select(_come.c.next_index).where(*self._mine(coop))) or 0)

    async def add(self, coop: str, counted: Sequence[Counted], *, first: int, last: int) -> bool:
        """Add what a range of entries counts."""
        origin = self._origin(coop)
        async with writing(self._engine) as db:
            start = insert_of(db)(_come).values(origin=origin, name=_NAME, next_index=0)
            await db.execute(start.on_conflict_do_nothing())
            # The row's lock is held from here on: whoever comes second sees another index and writes nothing.
            moved = update(_come).where(*self._mine(coop), _come.c.next_index == first).values(next_index=last)
            if (await db.execute(moved)).rowcount != 1:
                return False
            if counted:
                await _put(db, origin, counted)
        return True

    async def all(self, coop: str, *, grant: str | None = None) -> list[Overrun]:
        """Return the overruns, the newest day first."""
        query = select(_overrun, _STATE.label("stands")).select_from(_JOINED)
        query = query.where(_overrun.c.origin == self._origin(coop), _overrun.c.requests > 0)
        if grant is not None:
            query = query.where(_overrun.c.grant_id == grant)
        order = _overrun.c.day.desc(), _overrun.c.grant_id, _overrun.c.client
        async with asking(self._engine) as db:
            return [_read(coop, row) for row in await db.execute(query.order_by(*order))]

    async def waiting(self, coop: str) -> frozenset[str]:
        """Return the grants of which one is open or proposed."""
        # What was dismissed is left out by the index; of the others only a published proposal ends the waiting.
        query = (
            select(_overrun.c.grant_id)
            .select_from(_JOINED)
            .where(
                _overrun.c.origin == self._origin(coop),
                _overrun.c.state.in_(("open", "proposed")),
                _overrun.c.requests > 0,
                _STATE != "raised",
            )
            .distinct()
        )
        async with asking(self._engine) as db:
            return frozenset((await db.execute(query)).scalars())

    async def forget(self, coop: str) -> None:
        """Delete the counts; what was decided stays."""
        own = _overrun.c.origin == self._origin(coop)
        async with writing(self._engine) as db:
            # In the order in which `add` takes its locks.
            await db.execute(update(_come).where(*self._mine(coop)).values(next_index=0))
            await db.execute(delete(_overrun).where(own, _overrun.c.state == "open"))
            await db.execute(update(_overrun).where(own).values(requests=0, asked=0))

    def _mine(self, coop: str) -> tuple[ColumnElement[bool], ...]:
        return _come.c.origin == self._origin(coop), _come.c.name == _NAME


async def _put(db: AsyncConnection, origin: str, counted: Sequence[Counted]) -> None:
    add = insert_of(db)(_overrun)
    new, old = add.excluded, _overrun.c
    sums = {
        "asked": case((new.asked > old.asked, new.asked), else_=old.asked),
        "requests": old.requests + new.requests,
        "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
        "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
    }
    rows = [
        {
            "origin": origin,
            "grant_id": one.grant,
            "client": one.client,
            "day": one.day.isoformat(),
            "asked": one.asked,
            "requests": one.requests,
            "first_at": instants.stored(one.first),
            "last_at": instants.stored(one.last),
            "state": "open",
            "said": "",
        }
        for one in counted
    ]
    await db.execute(add.on_conflict_do_update(index_elements=list(_KEY), set_=sums), rows)


def _read(coop: str, row: Any) -> Overrun:
    return Overrun(
        coop=coop,
        grant=row.grant_id,
        client=row.client,
        day=date.fromisoformat(row.day),
        asked=int(row.asked),
        requests=int(row.requests),
        first=instants.read(row.first_at),
        last=instants.read(row.last_at),
        state=row.stands,
        proposal=row.proposal,
        decider=row.decider,
        said=row.said,
        decided=instants.read_if_any(row.decided),
    )
