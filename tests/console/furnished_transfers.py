"""What the pages of the log are looked at with: releases and refusals of the furnished house, signed and searchable."""

from typing import TYPE_CHECKING, Any

from gateway.oversight.log import searching
from gateway.ports import SavedView
from tests.control_plane.asking import denied, say
from tests.house import COOP

if TYPE_CHECKING:
    from tests.console.furnished import Furnished

REFUSED: dict[str, Any] = {
    "partner": "sunnet",
    "client": "sunnet-demo",
    "agreement": "kyoritsusha-sunnet-01",
    "purpose": "P12",
    "product": None,
}


async def furnish_transfers(made: "Furnished") -> None:
    """Let a partner be refused again and again today; fold and sign the log, mark a release as delivered, keep a view."""
    house = made.house
    log: Any = house.stores.log
    refused = [denied(["name"], "grant:P12:case_required", at=house.clock(), **REFUSED) for _ in range(25)]
    await say(log, *refused)
    await searching.advance(log, house.stores.search, COOP)
    kinds = [one.kind for one in await house.entries()]
    release = kinds.index("release")
    await house.stores.deliveries.add(COOP, [release])
    # Links lead to entries of every kind; a walk opens few of them, and only a release has a request to open.
    made.starts.setdefault("homu", []).append(f"/{COOP}/transfers/{release}")
    await house.publish_checkpoint(COOP)
    view = SavedView(
        id="view-23456789",
        coop=COOP,
        person="homu",
        name="サンネットの拒否",
        screen="transfers",
        query="period=30d&kind=denial&partner=sunnet",
        shared=True,
        made=house.clock(),
    )
    assert await house.stores.saved_views.keep(view)
