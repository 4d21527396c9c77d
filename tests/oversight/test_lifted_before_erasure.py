"""A stop that was lifted while a person typed: the member is not unlinked on the strength of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.control_plane.restrict import lift, restrict
from gateway.core.identity import member_tag
from gateway.oversight.log.retention import EraseRefused, erase_member
from gateway.tlog.entries import Erase
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.oversight.test_retention import BY, CODE, OLD, STOP, put


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, published=False, keys=gateway_keys) as running:
        yield running


async def test_what_was_looked_at_before_a_stop_was_lifted_unlinks_nobody(house: House) -> None:
    stores = house.stores
    secrets = stores.keys.coop_secrets(COOP)
    tag = member_tag(secrets.subject, COOP, CODE)
    await put(house, OLD, tags=[tag])
    await restrict(stores.log, COOP, [CODE], **STOP, secrets=secrets, clock=house.clock)
    await stores.snapshots.refresh(COOP)
    seen = stores.snapshots.current(COOP)
    await lift(stores.log, COOP, [CODE], **STOP, secrets=secrets, clock=house.clock)
    words: dict[str, Any] = {"rows": stores.side_rows, "sets": stores.held_sets, "clock": house.clock}
    with pytest.raises(EraseRefused, match="run this again"):
        await erase_member(stores.log, stores.erasable, seen, tag, **words, **BY)
    assert await stores.side_rows.of_member(COOP, tag)
    assert not [entry for entry in await house.entries() if isinstance(entry, Erase)]
