"""A page that cannot be given: what the reader is told, and how to go on. The words are in the catalogues."""

from typing import Final, Literal

Status = Literal[400, 403, 404, 405, 409, 413, 500, 503]

TITLED: Final[frozenset[int]] = frozenset({400, 403, 404, 405, 409, 413, 500, 503})
"""Statuses that have a title `error.<status>.title` and a text `error.<status>.text`."""


class Refusal(Exception):
    """Ends a request with an error page; `key` is a text beyond the status's own, `values` fill it in.

    INVARIANT: values are names and numbers of our own making, never a member's value.
    """

    def __init__(self, status: Status, key: str | None = None, **values: str | int) -> None:
        super().__init__(f"{status} {key or ''}".strip())
        self.status: Status = status
        self.key = key
        self.values = values
