"""Who received this member's data, and how many persons' data a partner received: asked of entries and side rows.

A release entry says 提供承認, authorised for release; whether the answer then arrived is not in the log.
"""

from collections.abc import Callable, Mapping
from datetime import date

import msgspec
from pyroaring import BitMap

from gateway.core.days import midnight, midnight_after
from gateway.core.identity import FEW, member_tag
from gateway.oversight.members.held import ordinals_of
from gateway.ports import CoopSecrets, Logged, SideRows
from gateway.tlog.entries import instant
from gateway.tlog.member_proof import MemberProof, NotProven, prove_few, prove_many, verify_members

AT_ONCE = 1_000

Progress = Callable[[int, int], None]


class Provision(msgspec.Struct, frozen=True, kw_only=True):
    """One release that provided a member's data, as its entry says."""

    index: int
    time: str
    transfer: str
    partner: str
    purpose: str
    product: str | None
    case: str | None
    basis: str
    article: str
    agreement: str
    notice: str
    policy: str
    fields: Mapping[str, str]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a release; the log's own entries are not held against their schema again, which costs the most."""

    kind: str
    time: str
    transfer: str = ""
    partner: str = ""
    purpose: str = ""
    product: str | None = None
    case: str | None = None
    basis: str = ""
    article: str = ""
    agreement: str = ""
    notice: str = ""
    policy: str = ""
    fields: Mapping[str, str] = {}


_read = msgspec.json.Decoder(_Said).decode


async def history(rows: SideRows, coop: str, code: str, *, secrets: CoopSecrets) -> list[Provision]:
    """Return every release that provided this member's data, oldest first; none where side rows are erased.

    Raises Unavailable.
    """
    indexes = await rows.of_member(coop, member_tag(secrets.subject, coop, code))
    found = []
    for at in range(0, len(indexes), AT_ONCE):
        for logged in await rows.entries(coop, indexes[at : at + AT_ONCE]):
            # A stop of the member's own has side rows too.
            provided = provision_of(logged)
            if provided is not None:
                found.append(provided)
    return found


def provision_of(logged: Logged) -> Provision | None:
    """Return what an entry says of a release; None for one that is none."""
    said = _read(logged.entry)
    return _provision(logged.index, said) if said.kind == "release" else None


async def distinct_persons(
    rows: SideRows,
    coop: str,
    *,
    partner: str,
    first: date,
    last: date,
    purpose: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Return how many different persons' data a partner was provided with from one JST day to another, both inclusive.

    Reads the period's releases in batches; memory is that of one set of ordinals. Raises Unavailable.
    """
    start, end = midnight(first), midnight_after(last)
    begin, size = await rows.span(coop, start, end)
    persons = BitMap()
    for at in range(begin, size, AT_ONCE):
        upto = min(at + AT_ONCE, size)
        releases = [
            release
            for release in await rows.releases(coop, at, upto, partner=partner, purpose=purpose)
            if instant(start) <= _read(release.entry).time < instant(end)
        ]
        persons.update(*await ordinals_of(rows, coop, releases))
        if progress is not None:
            progress(upto - begin, size - begin)
    return len(persons)


async def prove(rows: SideRows, coop: str, code: str, index: int, *, secrets: CoopSecrets) -> MemberProof:
    """Return the proof that a member is, or is not, among those an entry commits to. Raises NotProven, Unavailable.

    NotProven where side rows are erased, or are not those that the entry commits to.
    """
    logged = await rows.entries(coop, [index])
    if not logged:
        raise NotProven(f"the log has no entry {index}")
    members, tag = await rows.of_entry(coop, index), member_tag(secrets.subject, coop, code)
    verify_members(logged[0].entry, subjects=members.subjects, chunks=members.chunks)
    if not members.chunks:
        return prove_few(tag, members.subjects)
    ordinal = await rows.ordinal(coop, tag)
    if ordinal is None:
        raise NotProven(f"the member has no ordinal: never among more than {FEW} released at once, here or elsewhere")
    return prove_many(ordinal, members.chunks)


def _provision(index: int, entry: _Said) -> Provision:
    return Provision(
        index=index,
        time=entry.time,
        transfer=entry.transfer,
        partner=entry.partner,
        purpose=entry.purpose,
        product=entry.product,
        case=entry.case,
        basis=entry.basis,
        article=entry.article,
        agreement=entry.agreement,
        notice=entry.notice,
        policy=entry.policy,
        fields=entry.fields,
    )
