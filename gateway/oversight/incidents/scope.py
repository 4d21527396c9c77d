"""What a leak may have reached: releases by partner, client, key, period, field, agreement, purpose or entries.

Release entries mean 提供承認 and are counted as provided. Entries are read in stretches; of each no more is decoded than
decides, and what agrees in all that a count is made by is counted together: a million entries are a few groups.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from pyroaring import BitMap

from gateway.core.days import midnight, midnight_after
from gateway.core.incidents.incident import Encryption, FieldReached, Others, PartyReached, Scope, Wanted
from gateway.core.policy import Field
from gateway.core.state import Snapshot
from gateway.oversight.desk import OversightDesk
from gateway.ports import Logged, Reached, Unavailable
from gateway.tlog.entries import instant
from gateway.tlog.sets import BITS

AT_ONCE: Final = 20_000
"""Entries of a stretch."""
_REMEMBERED: Final = 50_000
"""Sets that are remembered at most, of each group and in all."""

Progress = Callable[[int, int], None]
Catalogues = Mapping[str, Mapping[str, Field]]
"""Digest of a policy → its fields."""


class _Counts(msgspec.Struct, frozen=True, gc=False):
    released: int = 0


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What is read of a release; `fields` and `encryption` as they stand, to be read once for each that differs."""

    time: str
    partner: str
    client: str
    purpose: str
    agreement: str
    policy: str
    counts: _Counts
    fields: msgspec.Raw
    encryption: msgspec.Raw
    proof: str


_Group = tuple[str, str, str, str, bytes, bytes]
"""Partner, agreement, purpose, policy, fields, encryption."""
_read = msgspec.json.Decoder(_Said).decode
_fields = msgspec.json.Decoder(dict[str, str]).decode


class _Encrypted(msgspec.Struct, frozen=True):
    alg: str = ""
    enc: str = ""
    kid: str = ""
    jkt: str = ""


_encryption = msgspec.json.Decoder(_Encrypted).decode


@dataclass(slots=True)
class _Gathered:
    """What one group of releases reached."""

    entries: int = 0
    released: int = 0
    erased: int = 0
    ordinals: BitMap = field(default_factory=BitMap)
    fresh: set[bytes] = field(default_factory=set)
    """Tags that had no ordinal yet."""
    few: list[int] = field(default_factory=list)
    """Ordinals of small transfers, not added yet."""
    seen: set[tuple[int, bytes]] = field(default_factory=set)
    """Sets that were added."""


@dataclass(slots=True)
class Reach:
    """Everything that was reached, before it is told in numbers."""

    groups: dict[_Group, _Gathered]
    size: int
    first: int | None
    last: int | None
    erased_entries: int

    @property
    def persons(self) -> BitMap:
        """The ordinals of all members."""
        return _union(one.ordinals for one in self.groups.values())


async def scope(desk: OversightDesk, coop: str, wanted: Wanted, *, progress: Progress | None = None) -> Scope:
    """Count what was reached, up to the newest entry. Raises Unavailable."""
    found = await reach(desk, coop, wanted, progress=progress)
    return told(desk.current(coop), wanted, found, counted=instant(desk.clock()))


async def reach(
    desk: OversightDesk, coop: str, wanted: Wanted, *, size: int | None = None, progress: Progress | None = None
) -> Reach:
    """Find what was reached; with `size`, by the entries that the log had then. Raises Unavailable."""
    start, end = instant(midnight(wanted.first)), instant(midnight_after(wanted.last))
    first, last = await desk.side_rows.span(coop, midnight(wanted.first), midnight_after(wanted.last))
    head = (await desk.log.head(coop)).next_index
    size = head if size is None else min(size, head)
    first = max(first, wanted.first_index or 0)
    last = min(last, size, *(() if wanted.last_index is None else (wanted.last_index + 1,)))
    gathered: dict[_Group, _Gathered] = defaultdict(_Gathered)
    known, bounds, erased_entries = _Sizes(), [], 0
    chosen = _Chosen(wanted)
    for at in range(first, last, AT_ONCE):
        upto = min(at + AT_ONCE, last)
        logged = await desk.reached.releases(coop, at, upto, partner=wanted.partner, purpose=wanted.purpose)
        near = [one for one in logged if chosen.near(one.entry)]
        of = [(one.index, said) for one, said in _decoded(near) if start <= said.time < end and chosen(said)]
        if of:
            bounds += [of[0][0], of[-1][0]]
            erased_entries += await _gather(desk.reached, coop, of, gathered, known)
        if progress is not None:
            progress(upto - first, last - first)
    await _number(desk, coop, gathered)
    return Reach(
        groups=dict(gathered),
        size=size,
        first=min(bounds, default=None),
        last=max(bounds, default=None),
        erased_entries=erased_entries,
    )


def told(snapshot: Snapshot, wanted: Wanted, found: Reach, *, counted: str) -> Scope:
    """Return in numbers what was reached; fields are classed as the policy of their release classed them."""
    catalogues = {version.policy.digest: version.policy.fields for version in snapshot.versions}
    by_field: dict[str, list[_Group]] = defaultdict(list)
    by_party: dict[tuple[str, str, str], list[_Gathered]] = defaultdict(list)
    encryptions: Counter[tuple[str, str]] = Counter()
    for group, one in found.groups.items():
        partner, agreement, purpose, _, fields, encryption = group
        by_party[partner, agreement, purpose].append(one)
        sealed = _encryption(encryption)
        encryptions[sealed.alg, sealed.enc] += one.entries
        for name, transform in _fields(fields).items():
            if transform != "drop":
                by_field[name].append(group)
    fields_reached, unknown = _fields_reached(found, by_field, catalogues)
    return Scope(
        wanted=wanted,
        size=found.size,
        counted=counted,
        entries=sum(one.entries for one in found.groups.values()),
        first_index=found.first,
        last_index=found.last,
        members=len(found.persons),
        erased=sum(one.erased for one in found.groups.values()),
        erased_entries=found.erased_entries,
        fields=fields_reached,
        parties=tuple(
            PartyReached(
                partner=partner,
                agreement=agreement,
                purpose=purpose,
                entries=sum(one.entries for one in ones),
                members=len(_union(one.ordinals for one in ones)),
                erased=sum(one.erased for one in ones),
            )
            for (partner, agreement, purpose), ones in sorted(by_party.items())
        ),
        others=_others(found, catalogues),
        encryptions=tuple(Encryption(alg=alg, enc=enc, entries=n) for (alg, enc), n in sorted(encryptions.items())),
        unknown_fields=unknown,
    )


class _Chosen:
    """Tells whether a release is asked for, of what the database did not choose by; reads what comes again once."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        named = (wanted.client, wanted.agreement, wanted.key, wanted.field)
        self._words = [msgspec.json.encode(one) for one in named if one is not None]
        self._has: dict[bytes, bool] = {}
        self._keys: dict[bytes, frozenset[str]] = {}

    def near(self, entry: bytes) -> bool:
        """Tell whether everything that is named stands somewhere in an entry: to look costs less than to read it."""
        return all(word in entry for word in self._words)

    def __call__(self, said: _Said) -> bool:
        wanted = self._wanted
        return (
            wanted.client in {None, said.client}
            and wanted.agreement in {None, said.agreement}
            and (wanted.key is None or wanted.key == said.proof or wanted.key in self._encrypted_to(said.encryption))
            and (wanted.field is None or self._holds(said.fields, wanted.field))
        )

    def _encrypted_to(self, raw: msgspec.Raw) -> frozenset[str]:
        text = bytes(raw)
        if text not in self._keys:
            sealed = _encryption(text)
            self._keys[text] = frozenset({sealed.jkt, sealed.kid})
        return self._keys[text]

    def _holds(self, raw: msgspec.Raw, name: str) -> bool:
        text = bytes(raw)
        if text not in self._has:
            self._has[text] = _fields(text).get(name, "drop") != "drop"
        return self._has[text]


class _Sizes:
    """How many members containers hold: pages that come again are of the same members, and are not read again."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, int] = {}

    def add(self, into: _Gathered, number: int, container: bytes) -> int:
        """Add a container's members to a group, and return how many there are. Raises Unavailable."""
        size = self._sizes.get(container)
        if size is not None and (number, container) in into.seen:
            return size
        try:
            members = BitMap.deserialize(container)
        except ValueError:
            raise Unavailable("a stored set of members cannot be read") from None
        into.ordinals |= members.shift(number << BITS)
        if len(into.seen) >= _REMEMBERED:
            into.seen.clear()
        into.seen.add((number, container))
        if len(self._sizes) >= _REMEMBERED:
            self._sizes.clear()
        self._sizes[container] = size = len(members)
        return size


def _decoded(logged: Sequence[Logged]) -> Iterable[tuple[Logged, _Said]]:
    try:
        return [(one, _read(one.entry)) for one in logged]
    except msgspec.MsgspecError:
        raise Unavailable("an entry of the log cannot be read") from None


async def _gather(
    rows: Reached, coop: str, of: Sequence[tuple[int, _Said]], into: dict[_Group, _Gathered], known: _Sizes
) -> int:
    """Add what these releases reached; return of how many of them side rows are missing."""
    owners: dict[int, _Gathered] = {}
    missing: dict[int, int] = {}
    for index, said in of:
        group = (
            said.partner, said.agreement, said.purpose, said.policy, bytes(said.fields), bytes(said.encryption),
        )  # fmt: skip
        one = owners[index] = into[group]
        one.entries += 1
        one.released += said.counts.released
        missing[index] = said.counts.released
    found = await rows.members(coop, [index for index, _ in of])
    for index, ordinal, tag in found.few:
        missing[index] -= 1
        if ordinal is None:
            owners[index].fresh.add(tag)
        else:
            owners[index].few.append(ordinal)
    for index, number, container in found.many:
        missing[index] -= known.add(owners[index], number, container)
    for one in into.values():
        one.ordinals.update(one.few)
        one.few.clear()
    erased = {index: left for index, left in missing.items() if left > 0}
    for index, left in erased.items():
        owners[index].erased += left
    return len(erased)


async def _number(desk: OversightDesk, coop: str, gathered: dict[_Group, _Gathered]) -> None:
    """Give those who were in small transfers alone their ordinals, so that nobody is counted twice."""
    tags = sorted(set().union(*(one.fresh for one in gathered.values())))
    if not tags:
        return
    numbers = dict(zip(tags, await desk.side_rows.ordinals(coop, tags), strict=True))
    for one in gathered.values():
        one.ordinals.update(numbers[tag] for tag in one.fresh)
        one.fresh.clear()


def _union(sets: Iterable[BitMap]) -> BitMap:
    return BitMap.union(BitMap(), *sets)


def _fields_reached(
    found: Reach, by_field: dict[str, list[_Group]], catalogues: Catalogues
) -> tuple[tuple[FieldReached, ...], tuple[str, ...]]:
    made, unknown = [], []
    for name, groups in sorted(by_field.items()):
        ones = [found.groups[group] for group in groups]
        # The severest of the classes that it had.
        classed = [one for group in groups if (one := _field(catalogues, group[3], name)) is not None]
        if not classed:
            unknown.append(name)
            continue
        as_of = max(classed, key=lambda one: _SEVERITY.index(one.cls))
        made.append(
            FieldReached(
                field=name,
                ja=as_of.ja,
                en=as_of.en,
                cls=as_of.cls,
                subject=_subject(as_of),
                entries=sum(one.entries for one in ones),
                members=len(_union(one.ordinals for one in ones)),
            )
        )
    return tuple(made), tuple(unknown)


_SEVERITY: Final = ("ordinary", "free_text", "financial", "special_care")


def _others(found: Reach, catalogues: Catalogues) -> tuple[Others, ...]:
    reached: dict[str, list[_Gathered]] = defaultdict(list)
    for group, one in found.groups.items():
        subjects = {
            _subject(catalogued)
            for name, transform in _fields(group[4]).items()
            if transform != "drop" and (catalogued := _field(catalogues, group[3], name)) is not None
        }
        for subject in subjects - {"member"}:
            reached[subject].append(one)
    return tuple(
        Others(
            subject=subject,
            once=len(_union(one.ordinals for one in ones)) + sum(one.erased for one in ones),
            most=sum(one.released for one in ones),
        )
        for subject, ones in sorted(reached.items())
    )


def _field(catalogues: Catalogues, policy: str, name: str) -> Field | None:
    return catalogues.get(policy, {}).get(name)


def _subject(one: Field) -> str:
    """Return whose data a field is: a child's is the child's, whatever it is filed under."""
    return "child" if one.minor else one.subject
