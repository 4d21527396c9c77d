"""What was made of the parts of files is remembered by which parts they were: a save makes what it changed, no more.

Shapes, and what the core reads of them, are never written to, so the same parts always make the same: what is
remembered cannot be out of date. Whoever hands no memory down makes everything afresh.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Parts = TypeVarTuple("Parts")

MOST = 2_048
"""Things that are remembered: some three of each agreement and two of each partner, of a few versions."""


class Made(Protocol):
    """What a function makes of parts: by calling it, or as it made it before."""

    def __call__(self, make: Callable[[*Parts], T], *parts: *Parts) -> T:
        """Return `make(*parts)`; `make` reads nothing but its parts, and nobody writes to what it returns."""
        ...


def afresh(make: Callable[[*Parts], T], *parts: *Parts) -> T:
    """Return what a function makes of parts, made now."""
    return make(*parts)


class Remembered:
    """What was made lately. Texts are the same part where they say the same, other parts where they are the same object.

    Each is kept with its parts, so that no other object can take the place of one of them. The one used longest ago goes
    first: files of more parts than are remembered are checked slower, and never otherwise.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[Hashable, ...], tuple[tuple[object, ...], Any]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, make: Callable[[*Parts], T], *parts: *Parts) -> T:
        """Return what was made of these very parts before, or what is made of them now."""
        key = (make, *(part if part is None or isinstance(part, str) else id(part) for part in parts))
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key][1]  # type: ignore[no-any-return]  # what `make` returned
        made = make(*parts)
        with self._lock:
            self._made[key] = (parts, made)
            if len(self._made) > MOST:
                self._made.popitem(last=False)
        return made
