"""A log begun anew: under another name only where somebody says so, and then with every stop of the one before it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app.storage import stores
from gateway.control_plane.restrict import lift, restrict
from gateway.control_plane.succession import UnderAnotherName
from gateway.core.state import RestrictionKind
from gateway.jose import rfc4648
from gateway.settings import Settings
from gateway.tlog.entries import Restrict, decode
from tests.clock import SettableClock
from tests.control_plane.events_told import event, imported
from tests.house import COOP, House, running_house

MEMBER, ANOTHER, THIRD = "00000101", "00012406", "00000102"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, keys=gateway_keys, coops=(COOP,)) as made:
        yield made


def anew(house: House, *succeeds: str) -> Settings:
    return house.settings.model_copy(update={"name": "second.example.coop", "succeeds": succeeds})


async def stopped(
    house: House, *codes: str, kind: RestrictionKind, partner: str | None = None, ends: bool = False
) -> None:
    await (lift if ends else restrict)(
        house.stores.log,
        COOP,
        codes,
        kind=kind,
        partner=partner,
        purpose=None,
        by="運用",
        reason="申出",
        secrets=house.stores.keys.coop_secrets(COOP),
        clock=house.clock,
    )


@pytest.mark.parametrize("succeeds", [(), ("third.example.coop",), ("second.example.coop",)])
async def test_beside_a_log_of_the_same_coop_none_begins_unsaid(house: House, succeeds: tuple[str, ...]) -> None:
    await stopped(house, MEMBER, kind="stop_use")
    with pytest.raises(UnderAnotherName) as refused:
        async with stores(anew(house, *succeeds), clock=house.clock):
            pass
    assert f"`{house.settings.name}/{COOP}`" in str(refused.value)
    assert "GATEWAY_SUCCEEDS" in str(refused.value)


async def test_a_database_without_a_log_or_with_another_coops_is_anybodys(house: House) -> None:
    async with stores(anew(house).model_copy(update={"coops": ("coopdeli",)}), clock=house.clock) as opened:
        assert (await opened.log.head("coopdeli")).next_index == 0


async def test_a_log_begins_with_every_stop_in_force_and_nothing_else(house: House) -> None:
    await stopped(house, MEMBER, ANOTHER, kind="stop_provide", partner="sunnet")
    await stopped(house, MEMBER, kind="marketing_stop")
    await stopped(house, THIRD, kind="stop_use")
    await stopped(house, THIRD, kind="stop_use", ends=True)
    await imported(house, [event(1, THIRD, "stop", "stop_use", at="2026-11-20")])
    await house.stores.snapshots.refresh(COOP)
    before, head = house.stores.snapshots.current(COOP), await house.stores.log.head(COOP)
    for _ in range(2):  # it begins once
        async with stores(anew(house, house.settings.name), clock=house.clock) as opened:
            after = opened.snapshots.current(COOP)
            entries = [decode(one) for one in await opened.log.entries(COOP, 0, 10)]
        assert after.restrictions == before.restrictions
        assert (after.versions, dict(after.partners)) == ((), {})
        (entry,) = entries
        assert isinstance(entry, Restrict)
        assert (entry.event, entry.members, entry.gov) == ("imported", 3, -1)
        assert entry.events == {"stop_provide:set": 2, "marketing_stop:set": 1, "stop_use:set": 1}
        assert entry.digest == rfc4648.encode(head.frontier.root())
        assert f"{head.next_index} 件" in entry.reason
    assert await house.stores.log.head(COOP) == head, "nothing is written onto the one before it"


async def test_where_nothing_was_stopped_the_new_log_says_whom_it_succeeds_all_the_same(house: House) -> None:
    async with stores(anew(house, house.settings.name), clock=house.clock) as opened:
        (entry,) = [decode(one) for one in await opened.log.entries(COOP, 0, 10)]
    assert isinstance(entry, Restrict)
    assert (entry.members, entry.events) == (0, {})


async def test_what_was_succeeded_is_not_gone_on_with_and_a_third_takes_over_from_the_second(house: House) -> None:
    first, second = house.settings.name, "second.example.coop"
    await stopped(house, MEMBER, kind="stop_use")
    async with stores(anew(house, first), clock=house.clock):
        pass
    with pytest.raises(UnderAnotherName, match=f"`{second}/{COOP}`"):
        async with stores(house.settings, clock=house.clock):
            pass
    third = house.settings.model_copy(update={"name": "third.example.coop", "succeeds": (second, first)})
    async with stores(third, clock=house.clock) as opened:
        (entry,) = [decode(one) for one in await opened.log.entries(COOP, 0, 10)]
        assert isinstance(entry, Restrict)
        assert entry.reason.startswith(f"`{second}/{COOP}`")
        assert len(opened.snapshots.current(COOP).restrictions) == 1
