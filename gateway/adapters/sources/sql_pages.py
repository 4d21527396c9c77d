"""Where a page of a database ends, and what it means that a connection is gone; no text here holds a value."""

from collections.abc import Sequence
from itertools import pairwise

from gateway.ports import Query, Unavailable


class Lost(Exception):
    """The question may be asked once more: a connection is gone, or the view is no longer what it was."""


def page_end(query: Query, codes: Sequence[object], *, code: str) -> tuple[int, str | None]:
    """Return how many of a page's records are in it, and where the next begins; None at the end.

    One record more than the limit was asked. It tells that there is a next page, and that it is not the last member's
    again: that one stays, so that both are refused here, where otherwise the next page would pass over it.
    Raises Unavailable where codes do not ascend as Python compares them.
    """
    distinct: list[str] = []
    for one in codes:
        if not isinstance(one, str):
            raise Unavailable(
                f"the view's column `{code}` holds values that are no text: a code is text, with its zeros"
            )
        if not distinct or distinct[-1] != one:
            distinct.append(one)
    if not all(one < other for one, other in pairwise([query.after or "", *distinct])):
        raise Unavailable(f"the view gave its members out of order: `{code}` is to be compared by code point")
    if len(codes) <= query.limit:
        return len(codes), None
    last, beyond = codes[query.limit - 1], codes[query.limit]
    return query.limit + (beyond == last), str(last)
