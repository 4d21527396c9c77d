"""A walk over a population, answer by answer, and what of it an earlier walk had given already (`since`).

Both walks go through the members in ascending order of their codes, so that one is laid against the other as it goes:
whoever was not given before, or otherwise than now, is given; who was given and is not available now is to be removed.
What counts is what would leave, by a keyed digest of it: so a lifted stop, another transform or a birthday shows without
the source's record having changed, and nothing that changed is missed.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter

import msgspec

DIGEST = 8
"""Bytes of a digest: two records of one member are taken for one another once in 2^64 times."""
MOST_REMOVED = 50_000
"""Removals that one answer names; beyond, the next walk begins afresh, and whoever is not in it goes."""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer of a walk gave, for the next walk to be laid against.

    Where the answer at one place is given again, both are kept: nobody knows from which of them the partner went on.
    """

    walk: str
    nth: int
    """Which answer of the walk it is, from 0."""
    given: bytes
    """A Given, sealed."""
    h: bytes
    """A keyed digest of it: what is given twice alike is kept once."""


class Given(msgspec.Struct, frozen=True, array_like=True):
    """Whom a partner has after one answer of a walk, of the part of the population that the answer went through."""

    codes: list[str]
    """Ascending."""
    digests: bytes
    """Of each record in turn."""
    removed: list[str]
    """Who was to be removed."""

    def by_code(self) -> dict[str, bytes]:
        """Return the digest of each record."""
        digests = self.digests
        return {code: digests[DIGEST * nth : DIGEST * (nth + 1)] for nth, code in enumerate(self.codes)}

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Given {len(self.codes)}-{len(self.removed)}>"


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier walk gave, as far as an answer can reach."""

    given: Mapping[str, bytes]
    """Code → digest; an empty one where it is not known which of two the partner has, or whether any."""
    ends: tuple[tuple[int, str], ...]
    """(answer of that walk, its last code), of the answers read, in order."""
    following: int
    """The answer of that walk after those."""
    lost: bool = False
    """Something of it is no longer there: then nothing can be left out, and the partner is told to begin afresh."""

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Earlier {len(self.given)}>"

    def gone(self, available: Collection[str], *, after: str, upto: str | None) -> list[str]:
        """Return who was given of the codes after one and up to another (None: to the end) and is not available."""
        return sorted(
            code for code in self.given if code > after and (upto is None or code <= upto) and code not in available
        )

    def at(self, upto: str) -> int:
        """Return the answer of that walk to read on from, once the codes up to one are behind."""
        return next((nth for nth, last in self.ends if last > upto), self.following)


def laid(answers: list[tuple[int, Given]], *, following: int, lost: bool) -> Earlier:
    """Return consecutive answers of an earlier walk as one; several at one place are the same answer given again.

    The partner went on from one of those: what all of them gave alike it has, of anything else nobody knows.
    """
    given: dict[str, bytes] = {}
    ends: list[tuple[int, str]] = []
    for nth, same in groupby(answers, key=itemgetter(0)):
        first, *others = [one.by_code() for _, one in same]
        for other in others:
            first = {code: _agreed(first.get(code), other.get(code)) for code in (first | other)}
        # Answers given again may overlap the one after them, too.
        given |= {code: b"" if code in given else digest for code, digest in first.items()}
        if first:
            ends.append((nth, max(first)))
    return Earlier(given=given, ends=tuple(ends), following=following, lost=lost)


def _agreed(one: bytes | None, other: bytes | None) -> bytes:
    return b"" if one is None or one != other else one


def digester(key: bytes) -> Callable[[bytes], bytes]:
    """Return the keyed digest of what leaves of a member (BLAKE2b, RFC 7693)."""
    begun = blake2b(digest_size=DIGEST, key=key, person=b"walk")

    def digest(data: bytes) -> bytes:
        whole = begun.copy()
        whole.update(data)
        return whole.digest()

    return digest


def ascending(codes: list[str], *, after: str) -> bool:
    """Tell whether codes ascend strictly, the first of them after another."""
    last = after
    for code in codes:
        if code <= last:
            return False
        last = code
    return True
