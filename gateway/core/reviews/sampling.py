"""抜取り: which releases and denials of a period a reviewer looks at: some at random, some because they deserve it.

Nobody picks them. Every entry has a rank, SHA-256(root ‖ be64(index)), where `root` is the root of the log as the period
ended, which nobody could foresee; of each group the lowest ranks are taken. Whoever has the log makes the same sample.
The groups, of releases but for the second: `random` releases; `denial` (random, those of a request); `special_care` and
`financial` (a field of that class left); `new_field` (a partner received a field for a purpose for the first time in the
days looked back over); `volume` (a day on which a partner received for a purpose more than `times` its median day: the
largest release of that day); `off_hours` (decided at night, by the clock of Japan); `after_change` (within a day of a
version's taking effect). An entry of several groups is taken once, and all of them are named.

Source: 通則編 別添 10-3(5), 10-6(3); domain.md feature 21.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from statistics import median
from typing import Final, Literal, get_args

import msgspec

from gateway.core.days import JST
from gateway.core.policy import FieldClass

Group = Literal["random", "denial", "special_care", "financial", "new_field", "volume", "off_hours", "after_change"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How many are taken, and from when on something deserves a look; kept with each sample."""

    releases: int = 12
    denials: int = 5
    each: int = 3
    """Of every other group."""
    night_from: int = 22
    night_until: int = 6
    """Hours in Japan: from the first up to, and without, the second."""
    times: int = 3
    least: int = 100
    """Members a day below which no day is a large one."""
    days: int = 5
    """Days with releases that a median is taken of, at least."""
    after_hours: int = 24


PLAN: Final = Plan()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one entry."""

    index: int
    kind: Literal["release", "denial"]
    time: datetime
    partner: str = ""
    purpose: str = ""
    fields: tuple[str, ...] = ()
    released: int = 0


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the sample, and the groups that it was taken from, in the order of `GROUPS`."""

    index: int
    kind: Literal["release", "denial"]
    groups: tuple[Group, ...]


def rank(root: bytes, index: int) -> int:
    """Return an entry's rank; the lowest are taken."""
    return int.from_bytes(sha256(root + index.to_bytes(8)).digest())


class _Lowest:
    """The entries with the lowest ranks among those offered, so many at most: flat memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[int, int]] = []  # (-rank, index), the highest rank first

    def offer(self, of: int, index: int) -> None:
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, (-of, index))
        elif self._kept and -of > self._kept[0][0]:
            heapq.heapreplace(self._kept, (-of, index))

    @property
    def indexes(self) -> list[int]:
        return [index for _, index in self._kept]


class Sampler:
    """Takes the sample of a period from its entries, given one by one in the log's order.

    `classes` is the class of each field (the strictest that any version gave it), `changes` the instants at which versions
    took effect. INVARIANT: the same entries, root and plan make the same sample.
    """

    def __init__(
        self,
        *,
        root: bytes,
        classes: Mapping[str, FieldClass],
        changes: Iterable[datetime] = (),
        plan: Plan = PLAN,
    ) -> None:
        self._root = root
        self._plan = plan
        self._of_class = {
            cls: frozenset(field for field, its in classes.items() if its == cls)
            for cls in ("special_care", "financial")
        }
        after = timedelta(hours=plan.after_hours)
        self._after = [(one, one + after) for one in changes]
        sizes = {"random": plan.releases, "denial": plan.denials}
        self._groups: dict[Group, _Lowest] = {name: _Lowest(sizes.get(name, plan.each)) for name in GROUPS}
        self._known: set[tuple[str, str, str]] = set()
        self._days: defaultdict[tuple[str, str], dict[str, tuple[int, int, int]]] = defaultdict(dict)

    def before(self, one: Seen) -> None:
        """Remember what left before the period: it is not new in it."""
        self._known |= {(one.partner, one.purpose, field) for field in one.fields}

    def see(self, one: Seen) -> None:
        """Consider an entry of the period."""
        of = rank(self._root, one.index)
        for group in self._groups_of(one):
            self._groups[group].offer(of, one.index)

    def taken(self) -> tuple[Taken, ...]:
        """Return the sample, by index."""
        groups: defaultdict[int, set[Group]] = defaultdict(set)
        for name, lowest in self._groups.items():
            for index in lowest.indexes:
                groups[index].add(name)
        for index in self._large():
            groups[index].add("volume")
        denials = set(self._groups["denial"].indexes)
        return tuple(
            Taken(
                index=index,
                kind="denial" if index in denials else "release",
                groups=tuple(one for one in GROUPS if one in groups[index]),
            )
            for index in sorted(groups)
        )

    def _groups_of(self, one: Seen) -> Iterable[Group]:
        if one.kind == "denial":
            yield "denial"
            return
        yield "random"
        local, plan = one.time.astimezone(JST), self._plan
        fields = frozenset(one.fields)
        if fields & self._of_class["special_care"]:
            yield "special_care"
        if fields & self._of_class["financial"]:
            yield "financial"
        triples = {(one.partner, one.purpose, field) for field in one.fields}
        if not triples <= self._known:
            self._known |= triples
            yield "new_field"
        if local.hour >= plan.night_from or local.hour < plan.night_until:
            yield "off_hours"
        if any(start <= one.time < end for start, end in self._after):
            yield "after_change"
        day = local.date().isoformat()
        total, largest, index = self._days[one.partner, one.purpose].get(day, (0, -1, one.index))
        if one.released > largest:
            largest, index = one.released, one.index
        self._days[one.partner, one.purpose][day] = (total + one.released, largest, index)

    def _large(self) -> list[int]:
        """Return the largest release of each unusually large day, the largest days first, as many as are taken."""
        plan = self._plan
        found: list[tuple[int, int]] = []
        for days in self._days.values():
            if len(days) < plan.days:
                continue
            usual = median(total for total, _, _ in days.values())
            found += [
                (-total, index)
                for total, _, index in days.values()
                if total >= plan.least and total > plan.times * usual
            ]
        return [index for _, index in sorted(found)[: plan.each]]
