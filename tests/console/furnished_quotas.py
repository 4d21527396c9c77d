"""Requests beyond daily limits in the furnished house: one dismissed, others that wait, one whose limit is the agreement's."""

from typing import TYPE_CHECKING

from gateway.control_plane.quotas.acts import dismiss
from tests.control_plane.beyond import DELIVERY, TROUBLE, count, refused_beyond
from tests.house import COOP

if TYPE_CHECKING:
    from tests.console.furnished import Furnished


async def furnish_quotas(made: "Furnished") -> None:
    """Let one client's requests be dismissed, and others wait for a decision."""
    stores = made.house.stores
    await refused_beyond(stores, over=560, client="jccu-demo")
    await count(stores)
    await dismiss(made.office, COOP, TROUBLE, reason="月末の一度だけのため", by="sato")
    for over in (620, 640):
        await refused_beyond(stores, over=over, client="jccu-second")
    await refused_beyond(stores, grant=DELIVERY, over=21_000, client="sunnet-demo")
    await count(stores)
