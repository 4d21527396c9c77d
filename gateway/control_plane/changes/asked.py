"""What partners really asked in the last days: the releases and denials of a log, read backwards, as distinct questions."""

from collections import defaultdict
from datetime import datetime
from typing import Final

import msgspec

from gateway.core.changes.replay import Asked
from gateway.core.rows import CODE
from gateway.ports import Log, Unavailable
from gateway.tlog.content import TOLERANCE
from gateway.tlog.entries import instant

AT_ONCE: Final = 512
MOST_ENTRIES: Final = 50_000
MOST_QUESTIONS: Final = 2_000
"""Partners choose their questions: without an end to them, one of them could make a preview take for ever."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """How far back a log was read."""

    size: int
    """Entries in the log."""
    entries: int
    """Entries read, the newest ones; those of other kinds and older than `since` among them."""
    since: str
    """From when on requests count, as entries write an instant."""
    reached: str
    """The instant from which on all requests were seen: `since`, or a later one where the reading was cut short."""
    cut: bool
    """Whether there was more to read than may be."""
    questions: int
    """Distinct questions found."""
    left_out: int
    """Those of them that were asked least and are left out."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of an entry; our own log's are not held against their schema again, which costs the most."""

    kind: str
    time: str
    partner: str | None = None
    client: str | None = None
    agreement: str | None = None
    purpose: str | None = None
    product: str | None = None
    case: str | None = None
    page: bool = False
    fields: dict[str, str] | list[str] = []
    counts: dict[str, int] | None = None
    reasons: list[str] = []


_read = msgspec.json.Decoder(_Said).decode


async def look_back(
    log: Log, coop: str, *, since: datetime, most: int = MOST_ENTRIES, most_questions: int = MOST_QUESTIONS
) -> tuple[Looked, tuple[Asked, ...]]:
    """Return how far back the log was read, and the questions asked since then, those asked most first.

    INVARIANT: the same log makes the same result. A page that gave the member code as it is may not have asked for it:
    it is taken for one that did not. Left out is what the log does not tell enough of: requests that were malformed or
    not what their token was issued for, and those that were only counted in a summary. Raises ValueError for a `most`
    below 1, Unavailable.
    """
    if most < 1:
        raise ValueError("at least one entry must be read")
    size = (await log.head(coop)).next_index
    text, old = instant(since), instant(since - TOLERANCE)
    found: defaultdict[Asked, list[int]] = defaultdict(lambda: [0, 0, 0])
    end, oldest, older = size, "", False
    while end > 0 and size - end < most and not older:
        first = max(end - AT_ONCE, size - most, 0)
        batch = [_read(entry) for entry in await log.entries(coop, first, end - first)]
        if len(batch) != end - first:
            raise Unavailable("the log ends before its head")
        for said in batch:
            if said.time >= text:
                _count(found, said)
        oldest = min([said.time for said in batch] + [oldest] * bool(oldest))
        # No entry is dated more than so much before an earlier one: what was not read is older still.
        older, end = oldest < old, first
    cut = end > 0 and not older
    ranked = sorted(found.items(), key=lambda one: (-one[1][0], msgspec.json.encode(one[0])))
    questions = tuple(
        msgspec.structs.replace(question, requests=requests, asked=asked, released=released)
        for question, (requests, asked, released) in ranked[:most_questions]
    )
    looked = Looked(
        size=size,
        entries=size - end,
        since=text,
        reached=max(text, _later(oldest)) if cut else text,
        cut=cut,
        questions=len(ranked),
        left_out=len(ranked) - len(questions),
    )
    return looked, questions


def _later(oldest: str) -> str:
    """Return the instant before which anything that was not read was decided; nothing was read: any instant."""
    return instant(datetime.fromisoformat(oldest) + TOLERANCE) if oldest else ""


def _count(found: defaultdict[Asked, list[int]], said: _Said) -> None:
    question = _question(said)
    if question is None or said.counts is None:
        return
    count = found[question]
    count[0] += 1
    count[1] += said.counts.get("asked", 0)
    count[2] += said.counts.get("released", 0)


def _question(said: _Said) -> Asked | None:
    """Return what an entry says was asked; None where it is no request's, or does not say enough of it."""
    if said.kind not in {"release", "denial"} or not said.fields or said.counts is None:
        return None
    if said.partner is None or said.client is None or said.agreement is None or said.purpose is None:
        return None
    if any(reason.startswith("request:") for reason in said.reasons):
        return None
    fields = set(said.fields)
    # Whoever names members asks for one at least: a refused request for nobody was one for a page.
    page = said.page if said.kind == "release" else said.counts.get("asked", 0) == 0
    if isinstance(said.fields, dict) and page and said.fields.get(CODE) == "as_is" and len(fields) > 1:
        fields.discard(CODE)
    return Asked(
        partner=said.partner,
        client=said.client,
        agreement=said.agreement,
        purpose=said.purpose,
        product=said.product,
        case=said.case is not None,
        page=page,
        fields=tuple(sorted(fields)),
        requests=0,
    )
