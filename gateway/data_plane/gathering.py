"""What the source's pages come to in one answer of a walk: who leaves, in which bytes, and whom the partner has then."""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat
from typing import Any, NamedTuple

import msgspec

from gateway.core.walk import DIGEST, Given
from gateway.data_plane.forms import csv_text, without_status
from gateway.data_plane.passing import Asking, Fetched, Part


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


class _Member(msgspec.Struct, frozen=True, gc=False):
    """What a page says of one member."""

    member: str
    status: str
    """`released`, always."""
    data: msgspec.Struct

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return "<Member>"


class Gathered:
    """What the pages of one answer come to so far."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.digests: list[bytes] = []
        self.results: list[bytes] = []
        self.records: list[tuple[str, msgspec.Struct]] = []
        self.tags: list[bytes] = []
        self.pages = 0
        self.unchanged = 0


def gathered(
    asking: Asking,
    fetched: Fetched,
    released: Released,
    digest: Callable[[bytes], bytes],
    shown: Callable[[str], str] | None,
    *,
    compared: bool,
) -> Gathered:
    """Go through the source's pages as long as what they give surely fits; the first one always does."""
    given = fetched.before.given if fetched.before is not None and compared else {}
    found, encode = Gathered(), msgspec.json.Encoder().encode
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


def written(found: Gathered, fetched: Fetched, part: Part | None) -> bytes:
    """Return the results as JSON: an array, or for a part of a table one text."""
    if part is None:
        return b"[" + b",".join(found.results) + b"]"
    if part.form == "ndjson":
        return b"[" + b",".join(map(without_status, found.results)) + b"]"
    kept = [name for name, transform in fetched.permit.fields.items() if transform != "drop"]
    return msgspec.json.encode(csv_text(("member", *kept), found.records))


def given_after(
    found: Gathered,
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
