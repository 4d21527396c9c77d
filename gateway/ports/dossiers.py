"""The dossiers (案件) that compliance keeps."""

from collections.abc import Collection
from typing import Protocol

from gateway.core.dossier import Dossier, Matter


class Dossiers(Protocol):
    """The dossiers of every co-op. They are changed by entries of the log alone (`Submission.change`).

    Every method raises Unavailable where the database fails. Nobody retries.
    """

    async def get(self, coop: str, dossier: str) -> Dossier | None:
        """Return one dossier as committed."""
        ...

    async def all(
        self,
        coop: str,
        matter: Matter,
        *,
        states: Collection[str] = (),
        partner: str | None = None,
        tag: bytes | None = None,
    ) -> list[Dossier]:
        """Return the dossiers of a matter, in any of these states if named, the one opened last first."""
        ...
