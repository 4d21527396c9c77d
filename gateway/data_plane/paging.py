"""What one answer of a walk gives: the members available, or of them those that an earlier walk did not give so."""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat
from typing import Any, NamedTuple

import msgspec

from gateway.core.days import Moment
from gateway.core.request import DataRequest
from gateway.core.walk import DIGEST, MOST_REMOVED, Given, Walked, digester
from gateway.data_plane.cursors import Ended, Mark, context_of, seal_token
from gateway.data_plane.desk import Coop
from gateway.data_plane.forms import csv_text, without_status
from gateway.data_plane.passing import Asking, Fetched, Part
from gateway.data_plane.walks import seal_given, seen_by, stride_after, upper_end


class Leaving(NamedTuple):
    """Those of some rows of whom something leaves: their codes, their tags, and what that is."""

    codes: list[str]
    tags: list[bytes]
    data: list[msgspec.Struct]

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Leaving {len(self.codes)}>"


Released = Callable[[Sequence[Any]], Leaving]
"""Rows → what leaves of them, in their order."""


class Results(msgspec.Struct, kw_only=True):
    """The results of an answer as JSON, and what the log and the next answer need to know of them."""

    results: bytes
    tags: list[bytes]
    asked: int
    refused: int
    paging: dict[str, Any] = {}
    standing: bytes = b""
    walked: Walked | None = None
    removed: int = 0

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Results {len(self.tags)}>"


class _Member(msgspec.Struct, frozen=True, gc=False):
    """What a page says of one member."""

    member: str
    status: str
    """`released`, always."""
    data: msgspec.Struct

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return "<Member>"


class _Gathered:
    """What the pages of one answer come to so far."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.digests: list[bytes] = []
        self.results: list[bytes] = []
        self.records: list[tuple[str, msgspec.Struct]] = []
        self.tags: list[bytes] = []
        self.pages = 0
        self.unchanged = 0


def page_of(
    coop: Coop,
    asking: Asking,
    mark: Mark,
    fetched: Fetched,
    released: Released,
    *,
    shown: Callable[[str], str] | None,
    moment: Moment,
) -> Results:
    """Return one answer of a walk; `shown` is the partner's name for a code, None where that is the code itself."""
    if fetched.unchanged and mark.since is not None:
        said = {"since": _token(coop, asking, "since", mark.since), "removals": []}
        return Results(results=b"[]", tags=[], asked=0, refused=0, paging=said, standing=b"unchanged")
    before = fetched.before
    lost = before is not None and before.lost
    found = _gathered(asking, fetched, released, digester(coop.secrets.cursors), shown, compared=not lost)
    pages = fetched.pages[: found.pages]
    ends = pages[-1].next is None
    last = upper_end(asking, pages, mark)
    gone: list[str] = []
    if before is not None and not lost:
        gone = before.gone(frozenset(found.codes), after=mark.last, upto=None if ends else last)
    removed = _named(gone, shown)
    resync = mark.resync or lost
    onward = msgspec.structs.replace(
        mark,
        nth=mark.nth + 1,
        after=pages[-1].next,
        last=last,
        ordered=fetched.ordered,
        removing=mark.removing + len(removed),
        read=before.at(last) if before is not None and not lost else 0,
        stride=stride_after(
            mark, all_of_it=found.pages == len(fetched.pages), given=len(found.results), limit=asking.limit
        ),
        resync=resync,
        seen=seen_by(mark, pages[0].high_water, fetched.permit, min(fetched.permit.valid_until, moment.until)),
    )
    if ends:
        paging, told = _end(coop, asking, onward, _all_removed(asking, fetched, found, gone, shown), moment)
    else:
        paging, told = {"next": _token(coop, asking, "cursor", onward)}, 0
    refused = sum(len(page.refused) for page in pages)
    return Results(
        results=_written(found, fetched, asking.part),
        tags=found.tags,
        asked=sum(len(page.rows) for page in pages) + refused - found.unchanged,
        refused=refused,
        paging=paging,
        standing=msgspec.msgpack.encode((onward, removed)),
        walked=seal_given(coop, mark.walk, mark.nth, _given(found, asking.part, gone, shown, ends=ends)),
        removed=told,
    )


def _gathered(
    asking: Asking,
    fetched: Fetched,
    released: Released,
    digest: Callable[[bytes], bytes],
    shown: Callable[[str], str] | None,
    *,
    compared: bool,
) -> _Gathered:
    """Go through the source's pages as long as what they give surely fits; the first one always does."""
    given = fetched.before.given if fetched.before is not None and compared else {}
    found, encode = _Gathered(), msgspec.json.Encoder().encode
    again, table = asking.part is not None and asking.part.again, asking.part is not None and asking.part.form == "csv"
    for page in fetched.pages:
        if found.pages and not again and len(found.results) + len(page.rows) > asking.limit:
            break
        found.pages += 1
        leaving = released(page.rows)
        codes = leaving.codes
        names = codes if shown is None else [*map(shown, codes)]
        said = [*map(encode, map(_Member, names, repeat("released"), leaving.data))]
        marks = [*map(digest, said)]
        # Whom the partner has just so is not told again.
        fresh: Iterable[bool] = (
            [given.get(code) != mark for code, mark in zip(codes, marks, strict=True)] if given else repeat(True)
        )
        found.codes += codes
        found.digests += marks
        before = len(found.results)
        found.results += compress(said, fresh)
        found.tags += compress(leaving.tags, fresh)
        found.unchanged += len(said) - (len(found.results) - before)
        if table:
            found.records += compress(zip(names, leaving.data, strict=True), fresh)
    return found


def _written(found: _Gathered, fetched: Fetched, part: Part | None) -> bytes:
    """Return the results as JSON: an array, or for a part of a table one text."""
    if part is None:
        return b"[" + b",".join(found.results) + b"]"
    if part.form == "ndjson":
        return b"[" + b",".join(map(without_status, found.results)) + b"]"
    kept = [name for name, transform in fetched.permit.fields.items() if transform != "drop"]
    return msgspec.json.encode(csv_text(("member", *kept), found.records))


def _given(
    found: _Gathered,
    part: Part | None,
    gone: list[str],
    shown: Callable[[str], str] | None,
    *,
    ends: bool,
) -> Given:
    """Return whom the partner has after the answer.

    A part that is made again may be fetched before or after the last part, which says who is to be removed: of whom it was
    said before, or is only now, nobody knows whether the partner has them, and the next walk tells.
    """
    if part is None or not part.again or ends:
        return Given(found.codes, b"".join(found.digests), gone)
    doubtful = (
        [code for code in found.codes if (code if shown is None else shown(code)) in part.told] if part.told else []
    )
    digests = dict(zip(found.codes, found.digests, strict=True))
    digests |= {code: os.urandom(DIGEST) for code in (*gone, *doubtful)}
    codes = sorted(digests)
    return Given(codes, b"".join([digests[code] for code in codes]), gone)


def _named(codes: Iterable[str], shown: Callable[[str], str] | None) -> list[str]:
    return [*codes] if shown is None else [shown(code) for code in codes]


def _all_removed(
    asking: Asking, fetched: Fetched, found: _Gathered, gone: list[str], shown: Callable[[str], str] | None
) -> list[str]:
    """Return who is to be removed by all of a walk, as the partner knows them."""
    if asking.part is not None:
        return [*asking.part.removed, *_named(gone, shown)]
    given = frozenset(found.codes)
    return _named(dict.fromkeys(code for code in (*fetched.removed, *gone) if code not in given), shown)


def _end(coop: Coop, asking: Asking, mark: Mark, removed: list[str], moment: Moment) -> tuple[dict[str, Any], int]:
    """Return what the last answer of a walk says beyond its results, and how many removals that tells."""
    ordered, seen = mark.ordered, None if mark.resync else mark.seen
    if len(removed) > MOST_REMOVED:
        # Whoever has not changed was left out, so this walk is nobody's new beginning; the next one is.
        ordered, seen, removed = False, None, removed[:MOST_REMOVED]
    duty = coop.duties.removal
    due = coop.duties.due(duty, moment.today).isoformat()
    ended = Ended(
        issued=mark.issued,
        walk=mark.walk,
        answers=mark.nth,
        ordered=ordered,
        seen=seen,
    )
    told = [{"member": member, "duty": duty, "due": due} for member in removed]
    said = {"since": _token(coop, asking, "since", ended), "removals": told}
    return said | ({"resync": True} if mark.resync else {}), len(told)


def _token(coop: Coop, asking: Asking, kind: str, token: Mark | Ended) -> str:
    assert isinstance(asking.request, DataRequest)
    return seal_token(coop.secrets.cursors, token, context_of(kind, asking.client, asking.request))
