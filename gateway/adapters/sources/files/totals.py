"""The control totals of a trailer: how many records there are, and sums of columns of whole numbers."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from gateway.adapters.sources.files.opened import Opened
from gateway.core.sources.file_layout import Control
from gateway.core.sources.source_map import ValueForm
from gateway.core.sources.values import PLAIN

_WHOLE: Final = re.compile(r"[ \u3000]*(-?[0-9]{1,30})[ \u3000]*")


class Totals:
    """What the members' records come to while a file is read."""

    def __init__(self, opened: Opened, control: Control, forms: Mapping[str, ValueForm]) -> None:
        """Take the trailer as the layout has it, and how the summed columns are written."""
        self._opened = opened
        self._control = control
        self.columns = tuple(sorted(control.sums))
        self._nulls = [frozenset({"", *forms.get(column, PLAIN).nulls}) for column in self.columns]
        self._sums = [0] * len(self.columns)
        self._members = 0

    def add(self, values: Iterable[str], record: int) -> None:
        """Count a member's record with its summed columns; a missing value adds nothing. Raises FileRefused."""
        self._members += 1
        for at, value in enumerate(values):
            if value.strip(" \u3000") in self._nulls[at]:
                continue
            found = _WHOLE.fullmatch(value)
            if found is None:
                raise self._opened.refuse("sum_unreadable", record, columns=(self.columns[at],))
            self._sums[at] += int(found[1])

    def agree(self, place: Callable[[int, int], str], record: int) -> None:
        """Compare with the trailer, whose text at a place and length `place` gives. Raises FileRefused."""
        count = self._number(place(self._control.count.at, self._control.count.length), record)
        if count != self._members:
            raise self._opened.refuse("count", record, expected=count, found=self._members)
        wrong = [
            column
            for column, total in zip(self.columns, self._sums, strict=True)
            if self._number(place(self._control.sums[column].at, self._control.sums[column].length), record) != total
        ]
        if wrong:
            raise self._opened.refuse("sum", record, columns=tuple(wrong))

    def _number(self, text: str, record: int) -> int:
        found = _WHOLE.fullmatch(text)
        if found is None:
            raise self._opened.refuse("total_unreadable", record)
        return int(found[1])


def places_of(columns: Sequence[str], wanted: Iterable[str]) -> list[int]:
    """Return where columns stand among others."""
    return [columns.index(column) for column in wanted]
