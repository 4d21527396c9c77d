"""Which members releases reached, on either database; see gateway.ports.Reached for the contract."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, and_, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import reading
from gateway.adapters.members.releases import releases_of
from gateway.adapters.tables.log import metadata
from gateway.ports import Logged, MembersReached

_subject = metadata.tables["log_subject"]
_ordinal = metadata.tables["member_ordinal"]
_chunk = metadata.tables["transfer_chunk"]

_AT_ONCE = 10_000
"""Values in one parameter."""


class SqlReached:
    """The Reached port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin
        self._postgres = engine.dialect.name == "postgresql"

    async def releases(
        self, coop: str, first: int, last: int, *, partner: str | None = None, purpose: str | None = None
    ) -> list[Logged]:
        """Return the releases of a range."""
        of = releases_of(self._origin(coop), first, last, partner=partner, purpose=purpose)
        async with reading(self._engine) as db:
            return [Logged(idx, entry) for idx, entry in (await db.execute(of)).all()]

    async def members(self, coop: str, indexes: Sequence[int]) -> MembersReached:
        """Return the side rows of these entries."""
        few: list[tuple[int, int | None, bytes]] = []
        many: list[tuple[int, int, bytes]] = []
        numbered = and_(_ordinal.c.origin == self._origin(coop), _ordinal.c.tag == _subject.c.tag)
        async with reading(self._engine) as db:
            for at in range(0, len(indexes), _AT_ONCE):
                some = indexes[at : at + _AT_ONCE]
                members = select(_subject.c.idx, _ordinal.c.ordinal, _subject.c.tag).select_from(
                    _subject.outerjoin(_ordinal, numbered)
                )
                rows = await db.execute(self._among(members, _subject, coop, some))
                few += [(idx, ordinal, tag) for idx, ordinal, tag in rows.all()]
                sets = select(_chunk.c.idx, _chunk.c.chunk_no, _chunk.c.container)
                parts = await db.execute(self._among(sets, _chunk, coop, some))
                many += [(idx, number, container) for idx, number, container in parts.all()]
        return MembersReached(few=few, many=many)

    async def tags(self, coop: str, ordinals: Sequence[int]) -> list[bytes]:
        """Return the tags of ordinals."""
        found: list[bytes] = []
        async with reading(self._engine) as db:
            for at in range(0, len(ordinals), _AT_ONCE):
                some = ordinals[at : at + _AT_ONCE]
                of = select(_ordinal.c.tag).where(
                    _ordinal.c.origin == self._origin(coop), self._any_of(_ordinal.c.ordinal, some)
                )
                found += await db.scalars(of)
        return found

    def _among(self, of: Select[Any], table: Any, coop: str, indexes: Sequence[int]) -> Select[Any]:
        # As SqlSideRows does, and for its reasons: the bounds for a block range index, the origin as an expression.
        within = table.c.idx.between(indexes[0], indexes[-1])
        return of.where(table.c.origin + "" == self._origin(coop), within, self._any_of(table.c.idx, indexes))

    def _any_of(self, column: ColumnElement[int], values: Sequence[int]) -> ColumnElement[bool]:
        # One parameter for all, where thousands would cost more than the question.
        if self._postgres:
            return column == any_(literal(list(values), ARRAY(BigInteger)))
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
