"""A co-op's member system."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from gateway.core.policy import Predicate
from gateway.core.rows import RowPlan


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a member system: named members, or a page of a population; never more columns than `rows`."""

    rows: RowPlan
    product: str | None = None
    filters: Mapping[str, str] = {}
    codes: tuple[str, ...] | None = None
    limit: int = 0
    after: str | None = None
    population: tuple[Predicate, ...] = ()

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<Query of {len(self.rows.columns)} columns>"


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What a member system answered: readable rows in its order, and the codes of malformed ones (None: unreadable)."""

    rows: list[Any]
    refused: list[str | None]
    raw: msgspec.Raw | None = None
    """The records as they came, to be read again under another plan; None where the source gives no JSON."""
    next: str | None = None
    """Where the next page starts; None at the end."""
    high_water: str | None = None
    """The source's own mark of how recent the answer is."""

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Records {len(self.rows)}+{len(self.refused)}>"


class Source(Protocol):
    """A co-op's member system. Reads only; the adapter retries idempotent calls within the time it is given."""

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        """Return records, in one batched call whatever the members' states. Raises Unavailable."""
        ...


class OpenSource(Source, Protocol):
    """A source that holds connections or files, and gives them back."""

    async def close(self) -> None:
        """Give back what it holds; nothing is read from it afterwards."""
        ...
