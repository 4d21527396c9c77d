"""Releases that differ from one already accepted in nothing but ids, digests, instants and counts.

Most entries of a log are releases of a few streams, alike but for such values. What is alike need not be parsed again:
this makes the verification of a long log several times as fast, and may never accept what parsing would refuse.

    {"agreement":…,"body":"   43   ","client":…,"commitment":"   43   ","coop":…,"counts":{   }…,"request":"   43   …
    └─────── head ───────┘   └────────── middle ───────────┘   └────── coop ─────┘  each └─ tail ─┘      and the end

A shape is learnt from an accepted release by proof: with every one of these values replaced by another, it must be read
as that very release with those fields replaced. So the places are those of the values and of nothing else; and another
release with the same bytes around them differs in these fields alone. Its values must be of their narrow alphabets, or
(counts, the days of instants) bytes that were accepted at that place before.
"""

import re
from typing import Final

import msgspec

from gateway.tlog.entries import MAX_ENTRY, Counts, Release, decode

MOST: Final = 4_096
"""So many shapes, counts and days are remembered; a log with more is read more slowly, in the same memory."""

_WIDTH: Final = 43  # 32 bytes as base64url
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_INSTANT: Final = rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z)"
_END: Final = re.compile(
    rb'[\w-]{43}","time":"' + _INSTANT + rb'","transfer":"([0-9a-f]{32})","valid_until":"' + _INSTANT + rb'"\}'
)
_END_WIDTH: Final = 43 + 10 + 24 + 14 + 32 + 17 + 24 + 2
_AFTER_COUNTS: Final = b'},"encryption":{'

_OTHER: Final = {
    "body": "B" * _WIDTH,
    "commitment": "C" * _WIDTH,
    "request": "R" * _WIDTH,
    "time": "1999-12-31T23:59:58.001Z",
    "transfer": "0f" * 16,
    "valid_until": "1999-12-31T23:59:59.002Z",
}
_OTHER_COUNTS: Final = Counts(asked=30, released=7, not_available=11, refused=12)


class _Shape(msgspec.Struct, frozen=True, gc=False):
    like: Release
    head: bytes
    body_at: int
    middle: bytes
    middle_at: int
    commitment_at: int
    coop: bytes
    coop_at: int
    counts_at: int


class Alike:
    """What was learnt from the releases of one log."""

    def __init__(self) -> None:
        self._shapes: dict[bytes, _Shape] = {}
        self._counts: set[bytes] = set()
        self._days: set[bytes] = set()

    def read(self, data: bytes) -> tuple[Release, bytes, bytes, bytes] | None:
        """Return (like, time, transfer, valid until) of a release of a known shape; None for what is to be parsed.

        The release is `like` but for these three and for what no rule looks at.
        """
        counts_end = data.find(_AFTER_COUNTS)
        shape = self._shapes.get(data[counts_end:-_END_WIDTH])
        if (
            shape is None
            or data[shape.counts_at : counts_end] not in self._counts
            or not data.startswith(shape.head)
            or not data.startswith(shape.middle, shape.middle_at)
            or not data.startswith(shape.coop, shape.coop_at)
        ):
            return None
        tokens = data[shape.body_at : shape.middle_at] + data[shape.commitment_at : shape.coop_at]
        end = _END.fullmatch(data, len(data) - _END_WIDTH)
        if end is None or tokens.translate(None, _ALPHABET) or len(data) > MAX_ENTRY:
            return None
        time, transfer, valid_until = end.groups()
        if time[:10] not in self._days or valid_until[:10] not in self._days:
            return None
        return shape.like, time, transfer, valid_until

    def learn(self, data: bytes, release: Release) -> None:
        """Learn from a release, its instants valid ones, and the bytes that it was read from, if of the usual form."""
        body_at = data.find(b'"body":"') + len(b'"body":"')
        middle_at = body_at + _WIDTH
        commitment_at = data.find(b'"commitment":"', middle_at) + len(b'"commitment":"')
        coop_at = commitment_at + _WIDTH
        counts_at = data.find(b'"counts":{', coop_at) + len(b'"counts":{')
        counts_end = data.find(_AFTER_COUNTS)
        end_at = len(data) - _END_WIDTH
        if not body_at < middle_at < commitment_at < coop_at < counts_at < counts_end < end_at:
            return
        shape = _Shape(
            like=release,
            head=data[:body_at],
            body_at=body_at,
            middle=data[middle_at:commitment_at],
            middle_at=middle_at,
            commitment_at=commitment_at,
            coop=data[coop_at:counts_at],
            coop_at=coop_at,
            counts_at=counts_at,
        )
        tail = data[counts_end:end_at]
        if self._is_proved(shape, tail):
            for known in (self._shapes, self._counts, self._days):
                if len(known) >= MOST:
                    known.clear()
            self._shapes[tail] = shape
            self._counts.add(data[counts_at:counts_end])
            self._days |= {release.time[:10].encode(), release.valid_until[:10].encode()}

    def _is_proved(self, shape: _Shape, tail: bytes) -> bool:
        """Tell whether the places of a shape are those of the values that it leaves open, and of nothing else."""
        other = {name: value.encode() for name, value in _OTHER.items()}
        counts = msgspec.json.encode(_OTHER_COUNTS, order="sorted")[1:-1]
        end = b'%(request)s","time":"%(time)s","transfer":"%(transfer)s","valid_until":"%(valid_until)s"}'
        replaced = b"".join(
            (shape.head, other["body"], shape.middle, other["commitment"], shape.coop, counts, tail)
        ) + end % {name.encode(): value for name, value in other.items()}
        try:
            read = decode(replaced)
        except ValueError:
            return False
        return read == msgspec.structs.replace(shape.like, counts=_OTHER_COUNTS, **_OTHER)
