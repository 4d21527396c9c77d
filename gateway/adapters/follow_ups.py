"""Follow-ups on either database; see gateway.ports.FollowUps for the contract.

They are only read here: the log's entries write them (log/changes.py). How far what arises by itself has come is a row of
`projection`.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.tables.follow_ups import FollowUpRow, MemberCode
from gateway.adapters.tables.log import metadata
from gateway.core.follow_ups.follow_up import STATES, FollowUp, State
from gateway.jose import rfc4648
from gateway.ports.follow_ups import Course, Place

_follow_up = metadata.tables[FollowUpRow.__tablename__]
_code = metadata.tables[MemberCode.__tablename__]
_entry = metadata.tables["log_entry"]
_come = metadata.tables["projection"]
_RANK = case(*((_follow_up.c.state == state, rank) for rank, state in enumerate(STATES)), else_=len(STATES))


class StoredFollowUps:
    """The FollowUps port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    async def get(self, coop: str, follow_up: str) -> FollowUp | None:
        """Return one follow-up."""
        query = select(_follow_up).where(_follow_up.c.origin == self._origin(coop), _follow_up.c.id == follow_up)
        async with asking(self._engine) as db:
            row = (await db.execute(query)).first()
        return None if row is None else _read(coop, row)

    async def all(
        self,
        coop: str,
        *,
        partner: str | None = None,
        states: Collection[State] = (),
        after: Place | None = None,
        most: int | None = None,
    ) -> list[FollowUp]:
        """Return follow-ups, open ones first."""
        query = select(_follow_up).where(_follow_up.c.origin == self._origin(coop))
        if partner is not None:
            query = query.where(_follow_up.c.partner == partner)
        if states:
            query = query.where(_follow_up.c.state.in_(list(states)))
        order = _RANK, _follow_up.c.due, _follow_up.c.id
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*after))
        async with asking(self._engine) as db:
            rows = (await db.execute(query.order_by(*order).limit(most))).all()
        return [_read(coop, row) for row in rows]

    async def codes(self, coop: str, index: int) -> list[tuple[bytes, bytes]]:
        """Return the members that an entry names."""
        query = select(_code.c.tag, _code.c.code).where(_code.c.origin == self._origin(coop), _code.c.idx == index)
        async with asking(self._engine) as db:
            return [(tag, code) for tag, code in await db.execute(query.order_by(_code.c.tag))]

    async def restricted(self, coop: str) -> list[tuple[bytes, bytes]]:
        """Return whom restrictions were set for."""
        query = (
            select(_code.c.tag, _code.c.code)
            .join(_entry, (_entry.c.origin == _code.c.origin) & (_entry.c.idx == _code.c.idx))
            .where(_code.c.origin == self._origin(coop), _entry.c.kind == "restrict")
            .order_by(_code.c.idx)
        )
        async with asking(self._engine) as db:
            return list({tag: (tag, code) for tag, code in await db.execute(query)}.values())

    async def come(self, coop: str, course: Course) -> int | None:
        """Return how far a course has come."""
        async with asking(self._engine) as db:
            found = await db.scalar(select(_come.c.next_index).where(*self._mine(coop, course)))
        return None if found is None else int(found)

    async def go(self, coop: str, course: Course, *, first: int | None, last: int) -> bool:
        """Take a course on."""
        async with writing(self._engine) as db:
            if first is None:
                begun = self._insert(_come).values(origin=self._origin(coop), name=_name(course), next_index=last)
                return (await db.execute(begun.on_conflict_do_nothing())).rowcount == 1
            moved = update(_come).where(*self._mine(coop, course), _come.c.next_index == first).values(next_index=last)
            return (await db.execute(moved)).rowcount == 1

    def _mine(self, coop: str, course: Course) -> tuple[ColumnElement[bool], ...]:
        return _come.c.origin == self._origin(coop), _come.c.name == _name(course)


def _name(course: Course) -> str:
    return f"follow_ups:{course}"


def _read(coop: str, row: Any) -> FollowUp:
    return FollowUp(
        id=row.id,
        coop=coop,
        entry=int(row.entry),
        source=None if row.source is None else int(row.source),
        cause=row.cause,
        partner=row.partner,
        agreement=row.agreement,
        purpose=row.purpose,
        duty=row.duty,
        due=date.fromisoformat(row.due),
        blocks=None if row.blocks is None else date.fromisoformat(row.blocks),
        period=row.period,
        state=row.state,
        members=int(row.members),
        opened=instants.read(row.opened),
        acknowledged=instants.read_if_any(row.acknowledged),
        certified=instants.read_if_any(row.certified),
        answered_by=row.answered_by,
        answer=None if row.answer is None else rfc4648.decode(row.answer),
    )
