"""What one person asked for of a partner and another approves."""

from typing import Protocol

from gateway.core.changes.partner_request import PartnerRequest


class PartnerRequests(Protocol):
    """The requests of every co-op. They are changed by entries of the log alone (`Submission.change`).

    Every method raises Unavailable where the database fails. Nobody retries.
    """

    async def get(self, coop: str, request: str) -> PartnerRequest | None:
        """Return one request as committed."""
        ...

    async def all(self, coop: str, *, partner: str | None = None) -> list[PartnerRequest]:
        """Return the requests, of one partner or of all, the one asked last first."""
        ...
