"""Releases that differ from one already accepted in nothing but ids, digests, instants and counts.

Most entries of a log are releases of a few streams, alike but for such values. What is alike need not be parsed again:
this makes the verification of a long log several times as fast, and may never accept what parsing would refuse.

    {"agreement":…,"body":"   43   ","client":…,"commitment":"   43   ","coop":…,"counts":{   }…,"request":"   43   …
    └─────── head ───────┘   └────────── middle ───────────┘   └────── coop ─────┘  each └─ tail ─┘      and the end

A shape is learnt from an accepted release by proof: with every one of these values replaced by another, it must be read
as that very release with those fields replaced. So the places are those of the values and of nothing else; and another
release with the same bytes around them differs in these fields alone. Its values must be of their narrow alphabets, or
(counts, the days of instants) bytes that were accepted at that place before.

Releases that follow one another are taken as a run, and what can be is looked at for all of them at once: values of one
width are joined, and a place in each is then every so-manieth byte.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from gateway.tlog.entries import MAX_ENTRY, Counts, Release, decode

MOST: Final = 4_096
"""So many counts and days are remembered; a log with more is read more slowly, in the same memory."""
MOST_SHAPES: Final = 512

_WIDTH: Final = 43  # 32 bytes as base64url
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HEX: Final = b"0123456789abcdef"
_DIGITS_TO_0: Final = bytes.maketrans(b"123456789", b"000000000")
_INSTANT: Final = b"0000-00-00T00:00:00.000Z"
_HOURS: Final = frozenset((ord(text[0]), ord(text[1])) for text in (f"{hour:02}" for hour in range(24)))
_AFTER_COUNTS: Final = b'},"encryption":{'
_TRANSFER_WIDTH: Final = 32
_LITERALS: Final = (b'","time":"', b'","transfer":"', b'","valid_until":"', b'"}')
_MOST_COUNTS: Final = 200  # bytes that counts take at most
_DAY: Final = itemgetter(slice(0, 10))
_NAMED: Final = 64
"""A release begins with its agreement: by so many bytes the streams of a log can mostly be told apart."""


def _places() -> tuple[list[slice], int, list[tuple[int, bytes]]]:
    """Return, counted from the end of a release, where its last four values stand; how long they and what is between
    them are; and each byte between them.
    """
    widths = (_WIDTH, len(_INSTANT), _TRANSFER_WIDTH, len(_INSTANT))
    length = sum(widths) + sum(map(len, _LITERALS))
    values, between, at = [], [], -length
    for width, literal in zip(widths, _LITERALS, strict=True):
        values.append(slice(at, at + width))
        at += width
        between += [(length + at + n, literal[n : n + 1]) for n in range(len(literal))]
        at += len(literal)
    return values, length, between


(_REQUEST, _TIME, _TRANSFER, _VALID_UNTIL), _END_WIDTH, _BETWEEN = _places()

_OTHER: Final = {
    "body": "B" * _WIDTH,
    "commitment": "C" * _WIDTH,
    "request": "R" * _WIDTH,
    "time": "1999-12-31T23:59:58.001Z",
    "transfer": "0f" * 16,
    "valid_until": "1999-12-31T23:59:59.002Z",
}
_OTHER_COUNTS: Final = Counts(asked=30, released=7, not_available=11, refused=12)


class _Shape(NamedTuple):
    like: Release
    head: bytes
    body_at: int
    middle: bytes
    middle_at: int
    commitment_at: int
    coop: bytes
    coop_at: int
    counts_at: int
    tail: bytes
    rest: int
    """Bytes from the tail's beginning to the end."""


class Run(NamedTuple):
    """Releases that follow one another: each is `likes[n]` but for three values and what no rule looks at.

    Not `sound`: they look so, and among their values is one that only parsing may accept.
    """

    sound: bool
    likes: list[Release]
    times: list[bytes]
    transfers: list[bytes]
    valid_untils: list[bytes]


class Alike:
    """What was learnt from the releases of one log."""

    def __init__(self) -> None:
        self._shapes: dict[bytes, _Shape] = {}  # by tail
        self._recent: dict[bytes, _Shape] = {}  # by the first bytes: the one seen last
        self._counts: set[bytes] = set()
        self._days: set[bytes] = set()

    def run(self, bundle: Sequence[bytes], first: int) -> Run:
        """Return the releases of known shapes from `first` on, up to an entry that is none."""
        likes: list[Release] = []
        tokens: list[bytes] = []
        taken: list[bytes] = []
        recent, counts = self._recent, self._counts
        for data in bundle[first:] if first else bundle:
            shape = recent.get(data[:_NAMED]) or self._of_tail(data)
            if shape is None:
                break
            like, head, body_at, middle, middle_at, commitment_at, coop, coop_at, counts_at, tail, rest = shape
            if not data.startswith(tail, len(data) - rest):
                shape = self._of_tail(data)
                if shape is None:
                    break
                like, head, body_at, middle, middle_at, commitment_at, coop, coop_at, counts_at, tail, rest = shape
            if (
                data[counts_at:-rest] not in counts
                or not data.startswith(head)
                or not data.startswith(middle, middle_at)
                or not data.startswith(coop, coop_at)
            ):
                break
            likes.append(like)
            taken.append(data)
            tokens += (data[body_at:middle_at], data[commitment_at:coop_at], data[_REQUEST])
        times, transfers, valid_untils = ([data[place] for data in taken] for place in (_TIME, _TRANSFER, _VALID_UNTIL))
        sound = (
            not b"".join(tokens).translate(None, _ALPHABET)
            and not b"".join(transfers).translate(None, _HEX)
            and self._are_instants(times)
            and self._are_instants(valid_untils)
            and _ends_are_alike(taken)
        )
        return Run(sound, likes, times, transfers, valid_untils)

    def _of_tail(self, data: bytes) -> _Shape | None:
        shape = self._shapes.get(data[data.find(_AFTER_COUNTS) : -_END_WIDTH])
        return None if shape is None else self._seen(data, shape)

    def _seen(self, data: bytes, shape: _Shape) -> _Shape:
        if len(self._recent) >= MOST_SHAPES:
            self._recent.clear()
        self._recent[data[:_NAMED]] = shape
        return shape

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
            tail=data[counts_end:end_at],
            rest=len(data) - counts_end,
        )
        if len(data) + _MOST_COUNTS <= MAX_ENTRY and _is_proved(shape):
            for known in (self._counts, self._days):
                if len(known) >= MOST:
                    known.clear()
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape.tail] = self._seen(data, shape)
            self._counts.add(data[counts_at:counts_end])
            self._days |= {release.time[:10].encode(), release.valid_until[:10].encode()}

    def _are_instants(self, instants: list[bytes]) -> bool:
        joined = b"".join(instants)
        return (
            joined.translate(_DIGITS_TO_0) == _INSTANT * len(instants)
            and set(zip(joined[11::24], joined[12::24], strict=True)) <= _HOURS
            and not (joined[14::24] + joined[17::24]).translate(None, b"012345")
            and set(map(_DAY, instants)) <= self._days
        )


def _ends_are_alike(releases: list[bytes]) -> bool:
    """Tell whether what stands between the last values is the same in all."""
    ends = b"".join([data[-_END_WIDTH:] for data in releases])
    return all(ends[at::_END_WIDTH] == byte * len(releases) for at, byte in _BETWEEN)


def _is_proved(shape: _Shape) -> bool:
    """Tell whether the places of a shape are those of the values that it leaves open, and of nothing else."""
    other = {name: value.encode() for name, value in _OTHER.items()}
    counts = msgspec.json.encode(_OTHER_COUNTS, order="sorted")[1:-1]
    end = b'%(request)s","time":"%(time)s","transfer":"%(transfer)s","valid_until":"%(valid_until)s"}'
    replaced = b"".join(
        (shape.head, other["body"], shape.middle, other["commitment"], shape.coop, counts, shape.tail)
    ) + end % {name.encode(): value for name, value in other.items()}
    try:
        read = decode(replaced)
    except ValueError:
        return False
    return read == msgspec.structs.replace(shape.like, counts=_OTHER_COUNTS, **_OTHER)
