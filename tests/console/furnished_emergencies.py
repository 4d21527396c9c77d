"""Urgent provisions in the furnished house: one that was closed, one that waits for a third look, one that waits for approval."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.control_plane.emergencies import acts
from tests.clock import SettableClock
from tests.control_plane.urgent import BY_LAW, again, approved, asked

if TYPE_CHECKING:
    from tests.console.furnished import Furnished

SHORT = replace(BY_LAW, hours="1")


async def ended_emergencies(made: "Furnished", clock: SettableClock) -> None:
    """Let two have begun and ended, and one of them be closed; the clock is an hour later afterwards."""
    first = await approved(made.office, await asked(made.office, SHORT))
    await approved(made.office, await asked(made.office, SHORT, case="KAIKO-2026/119"))
    clock.advance(hours=1)
    over = await again(made.office, first.dossier.coop, first.dossier.id)
    await acts.close(made.office, over, looked="提供ログと照会文書を確認", finding="", by="homu")


async def waiting_emergency(made: "Furnished") -> None:
    """Let one wait for approval."""
    await asked(made.office, case="KAIKO-2026/120")
