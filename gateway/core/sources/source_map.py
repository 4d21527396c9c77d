"""How a member system names and writes what the gates and the catalogue ask for (`source.yaml`), as data.

A system over HTTP answers by field name as it is; a database and a file say besides where things stand in them and how
a text is to be read. What is not said here is asked of the source as the field is called, and read as it comes.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.core.sources.file_layout import FileLayout

DateForm = Literal["iso", "yyyymmdd", "yyyy/mm/dd", "wareki_gyymmdd", "wareki_yymmdd"]
"""How a day is written: 2026-11-22, 20261122, 2026/11/22; era, year of the era, month, day (R081122, or a digit for the
era); the same without an era, which the interface then names."""

Era = Literal["meiji", "taisho", "showa", "heisei", "reiwa"]


class ValueForm(msgspec.Struct, frozen=True, kw_only=True):
    """How one column's values are written, where that is not as docs/source-http.md has it."""

    form: DateForm = "iso"
    era: Era | None = None
    """The era of `wareki_yymmdd`."""
    eras: Mapping[str, Era] = {}
    """What stands for each era in `wareki_gyymmdd`; none: M T S H R."""
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    """What stands for yes and no in a column of a boolean."""
    codes: Mapping[str, str] = {}
    """The system's code → the catalogue's, where they differ."""
    nulls: tuple[str, ...] = ()
    """Texts that stand for a missing value, besides the empty one."""
    digits: bool = False
    """Whether hyphens and spaces between digits are dropped (a postal code 997-0011)."""
    split: str | None = None
    """What separates the parts of a list that is written in one column."""


class SqlView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database has the members: one row each."""

    view: str
    """The view's name, with its schema where it has one (`core.members`)."""
    products: Mapping[str, str] = {}
    """Product class → the boolean column that says whether a member uses it."""
    filters: Mapping[str, str] = {}
    """Further filter of an agreement → the column that must equal it."""


class SourceMap(msgspec.Struct, frozen=True, kw_only=True):
    """How the member system names what is asked of it."""

    facts: Mapping[str, str]
    columns: Mapping[str, str]
    constants: Mapping[str, Any] = {}
    """Gate fact → its value for every member, as JSON, where the system has no column for it; a recorded choice."""
    values: Mapping[str, ValueForm] = {}
    """Column → how its values are written."""
    sql: SqlView | None = None
    file: FileLayout | None = None

    def column(self, name: str) -> str:
        """Return the source's column for a field or gate fact."""
        return self.facts.get(name) or self.columns.get(name, name)
