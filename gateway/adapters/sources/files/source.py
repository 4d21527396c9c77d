"""The Source port over the files of a folder: the newest one that is whole serves, and is replaced at once by the next.

The file stays the one copy of the values; in memory are codes and places. It is looked for, and loaded, beside the
requests; none waits for a load except where nothing serves yet.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from gateway.adapters.sources.files import folder as folders
from gateway.adapters.sources.files.answers import Plan, answer, plan_of
from gateway.adapters.sources.files.folder import NOTHING, Found
from gateway.adapters.sources.files.loading import Loaded, Wanted
from gateway.adapters.sources.files.opened import Changed, Identity
from gateway.adapters.sources.files.refusal import Refusal
from gateway.adapters.sources.files.words import text
from gateway.core.rows import CODE, RowPlan
from gateway.core.sources.file_layout import FileLayout
from gateway.core.sources.source_map import SourceMap
from gateway.ports import Clock, Query, Records, Unavailable

_KEPT_PLANS: Final = 64
_KEPT_SHELVES: Final = 2
"""The layout in force, and the one of requests that were decided before it."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look into the folder found."""

    file: str | None
    """The file that serves, by name; None where none does."""
    members: int
    refusal: Refusal | None
    """Why the newest file does not serve."""


class FileSource:
    """The members of the newest whole file in a folder; or of one file alone."""

    def __init__(self, folder: Path, *, clock: Clock, every_s: float, only: str | None = None) -> None:
        """Take the folder and how often it is looked at, in seconds; `only` names the one file of it that counts."""
        self._folder = folder
        self._clock = clock
        self._every_s = every_s
        self._only = only
        self._shelves: list[_Shelf] = []
        self._plans: dict[int, Plan] = {}
        self._watching: asyncio.Task[None] | None = None

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        """Return records, in ascending order of codes. Raises Unavailable; its text names files and columns alone."""
        shelf, plan = self._shelf(query.rows), self._plan(query.rows)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        until = asyncio.get_running_loop().time() + (deadline - self._clock()).total_seconds()
        try:
            async with asyncio.timeout_at(until):
                for attempt in (1, 2):
                    loaded = shelf.serving()
                    if loaded is None:
                        # Others wait for the same load, and one that gives up does not end it.
                        await asyncio.shield(shelf.looking())
                        loaded = shelf.serving()
                    if loaded is None:
                        raise Unavailable(shelf.why())
                    try:
                        records = await asyncio.to_thread(answer, loaded, query, plan, shelf.layout)
                    except (Changed, OSError):
                        if attempt == 1:
                            continue
                        raise Unavailable("the file of members changes while it is read") from None
                    shelf.needed |= set(query.rows.columns)
                    return msgspec.structs.replace(records, high_water=_mark(loaded.opened.identity))
        except TimeoutError:
            raise Unavailable("the file of members was not ready in time") from None
        raise AssertionError("an attempt either returns or raises")

    async def check(self, rows: RowPlan) -> Checked:
        """Look into the folder now. Raises Unavailable where there is no file, or no layout for one."""
        shelf = self._shelf(rows)
        shelf.needed |= set(rows.columns)
        await shelf.looking()
        loaded, refusal = shelf.serving(), shelf.found.refusal
        if loaded is None and refusal is None:
            raise Unavailable(shelf.why())
        return Checked(
            file=None if loaded is None else loaded.opened.name,
            members=0 if loaded is None else len(loaded.index),
            refusal=refusal,
        )

    async def numbers(self, rows: RowPlan, codes: Iterable[str]) -> dict[str, int]:
        """Return where in the file members' records stand, as an editor counts lines. Raises Unavailable."""
        loaded = self._shelf(rows).serving()
        if loaded is None:
            raise Unavailable("no file of members serves")
        places = {code: loaded.index.places[at] for code in codes if (at := loaded.index.find(code)) is not None}
        try:
            numbers = await asyncio.to_thread(loaded.numbers, places.values())
        except (Changed, OSError):
            raise Unavailable("the file of members changes while it is read") from None
        return {code: numbers[place] for code, place in places.items()}

    async def close(self) -> None:
        """Stop looking, and give the files back."""
        tasks = [task for task in (self._watching, *(shelf.task for shelf in self._shelves)) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watching = None
        self._shelves.clear()
        self._plans.clear()

    def _shelf(self, rows: RowPlan) -> "_Shelf":
        layout = rows.source.file
        if layout is None:
            raise Unavailable("source.yaml has no `file`: nobody has said what the file of members looks like")
        if self._only is not None:
            layout = msgspec.structs.replace(layout, pattern=self._only)
        code = rows.column_of[CODE]
        shelf = next((one for one in self._shelves if one.fits(layout, rows.source)), None)
        if shelf is None:
            shelf = _Shelf(self._folder, layout, code, rows.source)
            # Another version of the policy mostly has the same file in another light: it need not be read again.
            shelf.found = next((one.found.again() for one in self._shelves if one.loads_as(shelf)), NOTHING)
            self._shelves = [shelf, *self._shelves[: _KEPT_SHELVES - 1]]
        return shelf

    def _plan(self, rows: RowPlan) -> Plan:
        plan = self._plans.get(id(rows))
        if plan is None or plan.rows is not rows:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            plan = self._plans[id(rows)] = plan_of(rows)
        return plan

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            for shelf in tuple(self._shelves):
                with contextlib.suppress(Exception):  # the next look, or the next request, meets it again
                    await shelf.looking()


class _Shelf:
    """The file that serves under one layout."""

    def __init__(self, folder: Path, layout: FileLayout, code: str, source: SourceMap) -> None:
        self.layout = layout
        self.found: Found = NOTHING
        self.task: asyncio.Task[None] | None = None
        self.needed = _configured(layout, code, source)
        """Columns that a file must have: those that are configured, and those that a file had when they were asked."""
        self._folder = folder
        self.code = code
        self.source = source
        self._fault: str | None = None

    def fits(self, layout: FileLayout, source: SourceMap) -> bool:
        """Tell whether this is the shelf of a layout and a map."""
        if source is not self.source and source != self.source:
            return False
        self.source = source  # the next time it is the same at a glance
        return layout == self.layout

    def loads_as(self, other: "_Shelf") -> bool:
        """Tell whether a file that was loaded for this one is for the other what it would load."""
        forms = self.source.values.get(self.code), other.source.values.get(other.code)
        return self.layout == other.layout and self.code == other.code and forms[0] == forms[1]

    def serving(self) -> Loaded | None:
        """Return the file that serves; None where there is none, or where it was changed since it was loaded."""
        loaded = self.found.loaded
        return loaded if loaded is not None and loaded.opened.intact() else None

    def looking(self) -> "asyncio.Task[None]":
        """Return the look that is under way, or begin one."""
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._look())
        return self.task

    def why(self) -> str:
        """Return why nothing serves, in words that name files and columns alone."""
        refusal = self.found.refusal
        if refusal is not None:
            return f"no file of members serves; {text(refusal, 'en')}"
        return self._fault or f"there is no file `{self.layout.pattern}` in the folder of the member files"

    async def _look(self) -> None:
        forms = self.source.values
        wanted = Wanted(layout=self.layout, code=self.code, needed=frozenset(self.needed), forms=forms)
        try:
            self.found = await asyncio.to_thread(folders.look, self._folder, wanted, self.found)
            self._fault = None
        except OSError as fault:
            self._fault = f"the folder of the member files, or a file in it, cannot be read: {type(fault).__name__}"


def _configured(layout: FileLayout, code: str, source: SourceMap) -> set[str]:
    """Return the columns that a file must have whatever is asked."""
    facts = {source.column(fact) for fact in source.facts if fact not in source.constants}
    summed = () if layout.trailer is None else layout.trailer.sums
    return {code, *facts, *source.columns.values(), *layout.products.values(), *layout.filters.values(), *summed}


def _mark(identity: Identity) -> str:
    return hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:32]
