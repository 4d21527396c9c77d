"""A house whose member system is another than the JSON service, and all that a partner receives from it."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.ports import OpenSource
from tests.house import COOP, House
from tests.simulators.partner import Partner

FIELDS = ["member_code", "name", "phone", "delivery_day"]


@asynccontextmanager
async def reading(house: House, source: OpenSource, **said: Any) -> AsyncIterator[None]:
    """Take the co-op's members from a source instead, as its policy then says in `source.yaml`."""
    coops = house.desk.coops
    before = coops[COOP]
    coops[COOP] = dataclasses.replace(before, source=source)
    try:
        await house.publish(change=lambda plain: plain["source"].update(said))
        yield
    finally:
        coops[COOP] = before
        await source.close()


async def everybody(partner: Partner) -> list[dict[str, Any]]:
    """What a walk over the population gives."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"limit": 100}
    while True:
        answer = await partner.pull("P4", FIELDS, page=page)
        found += answer.claims["results"]
        if "next" not in answer.claims:
            return found
        page = {"limit": 100, "cursor": answer.claims["next"]}
