"""Exports on either database; see gateway.ports.Exports for the contract."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.tables.exports import ExportPartRow, ExportRow
from gateway.adapters.tables.log import metadata
from gateway.ports.exports import Export, ExportPart, PartLine

_export = metadata.tables[str(ExportRow.__tablename__)]
_part = metadata.tables[str(ExportPartRow.__tablename__)]
_CANDIDATES: Final = 8
_OPEN: Final = ("running", "sealed", "failed")
_taken = (
    select(func.count())
    .select_from(_part)
    .where(_part.c.origin == _export.c.origin, _part.c.export == _export.c.id, _part.c.taken.is_not(None))
    .scalar_subquery()
    .label("taken")
)


class StoredExports:
    """The Exports port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def get(self, coop: str, export: str) -> Export | None:
        """Return an order."""
        async with asking(self._engine) as db:
            row = (await db.execute(select(_export, _taken).where(*self._this(coop, export)))).first()
        return None if row is None else _read(coop, row)

    async def lines(self, coop: str, export: str) -> list[PartLine]:
        """Return the parts without what is in them."""
        of = select(_part.c.n, _part.c.digest, func.length(_part.c.body), _part.c.records)
        async with asking(self._engine) as db:
            rows = await db.execute(of.where(*self._parts(coop, export)).order_by(_part.c.n))
            return [PartLine(n=n, digest=digest, size=int(size), records=records) for n, digest, size, records in rows]

    async def part(self, coop: str, export: str, n: int) -> ExportPart | None:
        """Return a part."""
        async with asking(self._engine) as db:
            row = (await db.execute(select(_part).where(*self._parts(coop, export), _part.c.n == n))).first()
        if row is None:
            return None
        return ExportPart(
            n=row.n,
            body=row.body,
            digest=row.digest,
            records=row.records,
            facts=row.facts,
            gov=int(row.gov),
            valid_until=instants.read(row.valid_until),
            sealed=instants.read(row.sealed),
        )

    async def facts(self, coop: str, export: str, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return what must be known of parts."""
        of = select(_part.c.n, _part.c.facts).where(*self._parts(coop, export), _part.c.n >= first, _part.c.n < last)
        async with asking(self._engine) as db:
            return [(n, facts) for n, facts in await db.execute(of.order_by(_part.c.n))]

    async def take(
        self, coops: Collection[str], *, worker: str, now: datetime, until: datetime
    ) -> tuple[str, str] | None:
        """Take what waits: whoever finds the lease over and sets a new one first has it."""
        origins = {self._origin(coop): coop for coop in coops}
        waits = _export.c.state == "running", _export.c.lease < instants.stored(now)
        of = select(_export.c.origin, _export.c.id).where(*waits, _export.c.origin.in_(list(origins)))
        async with asking(self._engine) as db:
            found = (await db.execute(of.order_by(_export.c.lease, _export.c.ordered).limit(_CANDIDATES))).all()
        for origin, export in found:
            mine = update(_export).where(_export.c.origin == origin, _export.c.id == export, *waits)
            async with writing(self._engine) as db:
                taken = await db.execute(mine.values(worker=worker, lease=instants.stored(until)))
            if taken.rowcount == 1:
                return origins[origin], export
        return None

    async def renew(self, coop: str, export: str, *, worker: str, until: datetime) -> bool:
        """Keep what is ours."""
        ours = update(_export).where(*self._this(coop, export), *_of(worker))
        async with writing(self._engine) as db:
            return (await db.execute(ours.values(lease=instants.stored(until)))).rowcount == 1

    async def add(self, coop: str, export: str, part: ExportPart, *, worker: str, final: bool, until: datetime) -> bool:
        """Add a part after the one before it."""
        onward = update(_export).where(*self._this(coop, export), *_of(worker), _export.c.parts == part.n - 1)
        values = {
            "parts": part.n,
            "records": _export.c.records + part.records,
            "state": "sealed" if final else "running",
            "lease": instants.stored(until),
            "faults": 0,
        }
        async with writing(self._engine) as db:
            if (await db.execute(onward.values(**values))).rowcount != 1:
                return False
            await db.execute(insert(_part).values(origin=self._origin(coop), export=export, n=part.n, **_stored(part)))
        return True

    async def remake(self, coop: str, export: str, part: ExportPart, *, instead_of: bytes) -> bool:
        """Change a part for another."""
        this = update(_part).where(*self._parts(coop, export), _part.c.n == part.n, _part.c.digest == instead_of)
        async with writing(self._engine) as db:
            return (await db.execute(this.values(**_stored(part)))).rowcount == 1

    async def fault(self, coop: str, export: str, *, worker: str, until: datetime, most: int | None) -> None:
        """Count a fault."""
        ours = update(_export).where(*self._this(coop, export), *_of(worker))
        state = _export.c.state if most is None else case((_export.c.faults + 1 >= most, "failed"), else_="running")
        values = {"faults": _export.c.faults + 1, "lease": instants.stored(until), "state": state, "worker": None}
        async with writing(self._engine) as db:
            await db.execute(ours.values(**values))

    async def overdue(self, coop: str, now: datetime) -> list[Export]:
        """Return what should have ended."""
        over = (
            _export.c.origin == self._origin(coop),
            _export.c.state.in_(_OPEN),
            _export.c.expires <= instants.stored(now),
        )
        async with asking(self._engine) as db:
            return [_read(coop, row) for row in await db.execute(select(_export, _taken).where(*over))]

    async def forget(self, coop: str, before: datetime) -> None:
        """Delete old orders."""
        old = delete(_export).where(
            _export.c.origin == self._origin(coop),
            _export.c.state.not_in(_OPEN),
            _export.c.expires < instants.stored(before),
        )
        async with writing(self._engine) as db:
            await db.execute(old)

    def _this(self, coop: str, export: str) -> tuple[ColumnElement[bool], ...]:
        return _export.c.origin == self._origin(coop), _export.c.id == export

    def _parts(self, coop: str, export: str) -> tuple[ColumnElement[bool], ...]:
        return _part.c.origin == self._origin(coop), _part.c.export == export


def _of(worker: str) -> tuple[ColumnElement[bool], ...]:
    return _export.c.worker == worker, _export.c.state == "running"


def _stored(part: ExportPart) -> dict[str, Any]:
    return {
        "body": part.body,
        "digest": part.digest,
        "records": part.records,
        "facts": part.facts,
        "gov": part.gov,
        "valid_until": instants.stored(part.valid_until),
        "sealed": instants.stored(part.sealed),
    }


def _read(coop: str, row: Any) -> Export:
    return Export(
        id=row.id,
        coop=coop,
        entry=int(row.entry),
        transfer=row.transfer,
        partner=row.partner,
        client=row.client,
        purpose=row.purpose,
        product=row.product,
        agreement=row.agreement,
        fields=msgspec.json.decode(row.fields, type=tuple[str, ...]),
        form=row.form,
        request=row.request,
        state=row.state,
        ordered=instants.read(row.ordered),
        expires=instants.read(row.expires),
        parts=row.parts,
        records=int(row.records),
        taken=int(row.taken),
        faults=row.faults,
    )
