"""The members as the demo's member system holds them: found by code, walked in code order, encoded once.

A value is encoded when the table is made; an answer only joins the columns asked. That keeps the simulator out of the
way of what is measured through it.
"""

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from gateway.demo.people import COLUMNS, Member

Value = str | int | bool


class UnknownColumnError(ValueError):
    """A call names a column that the member system does not have."""

    def __init__(self, column: str) -> None:
        super().__init__(f"unknown column `{column}`")
        self.column = column


class BadPositionError(ValueError):
    """A page is asked after something that is no position of an earlier page."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One condition of a population: `in`, `prefix_in`, or `from` and `to` (inclusive, one may be missing)."""

    field: str
    among: tuple[Value, ...] | None = msgspec.field(name="in", default=None)
    prefixes: tuple[str, ...] | None = msgspec.field(name="prefix_in", default=None)
    lowest: str | int | None = msgspec.field(name="from", default=None)
    highest: str | int | None = msgspec.field(name="to", default=None)

    def __post_init__(self) -> None:
        between = self.lowest is not None or self.highest is not None
        if (self.among is not None) + (self.prefixes is not None) + between != 1:
            raise ValueError("a condition is one of `in`, `prefix_in`, `from`/`to`")

    def holds(self, value: Any) -> bool:
        """Tell whether a column's value meets the condition; null, or a value of another type, never does."""
        if self.among is not None:
            return any(value == one and type(value) is type(one) for one in self.among)
        if self.prefixes is not None:
            return isinstance(value, str) and value.startswith(self.prefixes)
        bounds = [bound for bound in (self.lowest, self.highest) if bound is not None]
        if any(type(value) is not type(bound) for bound in bounds):
            return False
        return (self.lowest is None or self.lowest <= value) and (self.highest is None or value <= self.highest)


class Table:
    """One state of the member system: who is in it, and the mark that tells this state from every other."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = sorted(members, key=itemgetter("member_code"))
        self._codes = [member["member_code"] for member in self._members]
        self._at = {code: index for index, code in enumerate(self._codes)}
        encode = msgspec.json.Encoder().encode
        self._rows = [
            tuple(encode(column) + b":" + encode(member[column]) for column in COLUMNS) for member in self._members
        ]
        state = hashlib.sha256()
        for row in self._rows:
            for value in row:
                state.update(value)
        self.high_water = _opaque(state.digest()[:16])

    def query(self, codes: Iterable[str], columns: Sequence[str], *, product: str | None = None) -> bytes:
        """Return the JSON answer with the asked columns of those members that are known, each once."""
        found = (self._at[code] for code in dict.fromkeys(codes) if code in self._at)
        records = self._encode([index for index in found if self._uses(index, product)], columns)
        return b'{"records":[%b]}' % records

    def page(
        self,
        columns: Sequence[str],
        *,
        limit: int,
        after: str | None = None,
        product: str | None = None,
        population: Sequence[Condition] = (),
    ) -> bytes:
        """Return the JSON answer with the next `limit` members of a population, and where to go on."""
        tests = [(_known(condition.field), condition.holds) for condition in population]
        start = 0 if after is None else bisect_right(self._codes, _position(after))
        page: list[int] = []
        following = b"null"
        for index in range(start, len(self._members)):
            if self._uses(index, product) and all(holds(self._members[index][column]) for column, holds in tests):
                if len(page) == limit:  # one more than asked: there is a next page
                    following = b'"%b"' % _opaque(self._codes[page[-1]].encode()).encode()
                    break
                page.append(index)
        return b'{"records":[%b],"next":%b,"high_water":"%b"}' % (
            self._encode(page, columns),
            following,
            self.high_water.encode(),
        )

    def _uses(self, index: int, product: str | None) -> bool:
        return product is None or product in self._members[index]["product_classes"]

    def _encode(self, indexes: Iterable[int], columns: Sequence[str]) -> bytes:
        places = [COLUMNS.index(_known(column)) for column in dict.fromkeys(("member_code", *columns))]
        pick: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
        pick = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
        return b",".join([b"{%b}" % b",".join(pick(self._rows[index])) for index in indexes])


def _known(column: str) -> str:
    if column not in COLUMNS:
        raise UnknownColumnError(column)
    return column


def _opaque(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _position(after: str) -> str:
    try:
        return base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:  # not base64url, or not text
        raise BadPositionError("`after` is no position of an earlier page") from error
