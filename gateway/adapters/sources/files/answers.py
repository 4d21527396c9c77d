"""A query answered from a loaded file: places by bisection, asked columns alone, in the order of codes."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from gateway.adapters.sources.files.loading import Loaded
from gateway.adapters.sources.files.opened import Changed
from gateway.core.policy import Predicate
from gateway.core.population import predicate
from gateway.core.rows import CODE, RowPlan
from gateway.core.sources.file_layout import FileLayout
from gateway.core.sources.values import PLAIN, Reader, reader_of, readers, records
from gateway.ports import Query, Records, Unavailable

MOST_LOOKED_AT: Final = 50_000
"""Records that one page looks at; a page of a rare population may have fewer members than asked, and a next one."""

_Taken = list[tuple[int, dict[str, Any] | None]]
"""Position in the index → the record; None where what decides about it cannot be read."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a RowPlan's columns are read; made once per plan."""

    rows: RowPlan
    read: tuple[Reader, ...]
    code: str


class _Condition(msgspec.Struct, frozen=True, kw_only=True):
    """What one column's value must be for its record to be answered."""

    column: str
    read: Reader
    holds: Callable[[Any], bool]


def plan_of(rows: RowPlan) -> Plan:
    """Compile how a plan's columns are read."""
    return Plan(rows=rows, read=readers(rows), code=rows.column_of[CODE])


def answer(loaded: Loaded, query: Query, plan: Plan, layout: FileLayout) -> Records:
    """Return the records a query asks for. Raises Unavailable, Changed, and OSError.

    A record with an unreadable value in a column that decides about it is refused: it is neither answered nor left out.
    """
    conditions = _conditions(query, layout)
    reading = _Reading(loaded, plan, conditions)
    if missing := set(reading.columns) - loaded.columns:
        raise Unavailable(f"the file of members has no column {', '.join(f'`{one}`' for one in sorted(missing))}")
    loaded.opened.check()
    following = None
    if query.codes is not None:
        taken = reading.of(sorted({at for code in query.codes if (at := loaded.index.find(code)) is not None}))
    else:
        taken, following = _page(reading, loaded, query)
    # Only now is it sure that every byte was of the state that was loaded.
    loaded.opened.check()
    rows, refused = plan.rows.take([record for _, record in taken if record is not None])
    refused += [loaded.index.code(at) for at, record in taken if record is None]
    return Records(rows=rows, refused=refused, next=following)


def _page(reading: "_Reading", loaded: Loaded, query: Query) -> tuple[_Taken, str | None]:
    index = loaded.index
    at = start = index.following(query.after)
    taken: _Taken = []
    while at < len(index) and len(taken) <= query.limit and at - start < MOST_LOOKED_AT:
        # One more than asked tells whether there is a next page.
        end = min(len(index), at + query.limit + 1 - len(taken))
        taken += reading.of(range(at, end))
        at = end
    if len(taken) > query.limit:
        return taken[: query.limit], index.code(taken[query.limit - 1][0])
    return taken, index.code(at - 1) if start < at < len(index) else None


def _conditions(query: Query, layout: FileLayout) -> tuple[_Condition, ...]:
    """Return the conditions, those on product and filters first. Raises Unavailable for one that nothing maps."""
    forms, conditions = query.rows.source.values, []
    if query.product is not None:
        column = layout.products.get(query.product)
        if column is None:
            raise Unavailable(f"`file.products` of source.yaml has no column for product class `{query.product}`")
        read = reader_of("boolean", forms.get(column, PLAIN))
        conditions.append(
            _Condition(column=column, read=read, holds=predicate(Predicate(field=query.product, among=(True,))))
        )
    for name, wanted in sorted(query.filters.items()):
        column = layout.filters.get(name)
        if column is None:
            raise Unavailable(f"`file.filters` of source.yaml has no column for the filter `{name}`")
        read = reader_of("text", forms.get(column, PLAIN))
        conditions.append(_Condition(column=column, read=read, holds=predicate(Predicate(field=name, among=(wanted,)))))
    for one in query.population:
        column = query.rows.column_of[one.field]
        read = reader_of(query.rows.types[column], forms.get(column, PLAIN))
        conditions.append(_Condition(column=column, read=read, holds=predicate(one)))
    return tuple(conditions)


class _Reading:
    """Records at positions of the index, tested and read."""

    def __init__(self, loaded: Loaded, plan: Plan, conditions: Sequence[_Condition]) -> None:
        own = plan.rows.columns
        others = dict.fromkeys(one.column for one in conditions if one.column not in own)
        self.columns = (*own, *others)
        self._loaded = loaded
        self._plan = plan
        self._conditions = [(self.columns.index(one.column), one.read, one.holds) for one in conditions]

    def of(self, positions: Sequence[int]) -> _Taken:
        """Return those that meet the conditions. Raises Changed, and OSError."""
        index, plan = self._loaded.index, self._plan
        size, places = len(plan.read), index.places
        kept: list[tuple[int, bool]] = []
        chosen: list[Sequence[Any]] = []
        for at, line in zip(positions, self._loaded.lines([places[at] for at in positions], self.columns), strict=True):
            meets = not self._conditions or self._meets(line)
            if meets is False:
                continue
            kept.append((at, meets is True))
            chosen.append(line[:size])
        read = records(plan.rows, plan.read, chosen)
        if any(record[plan.code] != index.code(at) for (at, _), record in zip(kept, read, strict=True)):
            raise Changed
        return [(at, record if decided else None) for (at, decided), record in zip(kept, read, strict=True)]

    def _meets(self, line: Sequence[Any]) -> bool | None:
        """Tell whether every condition holds; None where one cannot be told and no other fails."""
        told = True
        for at, read, holds in self._conditions:
            try:
                value = read(line[at])
            except ValueError:
                told = False
                continue
            if not holds(value):
                return False
        return True if told else None
