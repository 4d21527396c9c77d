"""What commits or falls due while a request is in flight: it is decided again, on the records already fetched."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.control_plane.partners.acts import set_state
from gateway.demo.awkward import AWKWARD
from gateway.ports import Query
from gateway.tlog.entries import GOVERNANCE, Denial, Release, decode
from tests.house import COOP, House
from tests.simulators.partner import Partner

CODE = AWKWARD["takasaki"]
OTHER = AWKWARD["yoshino"]
FIELDS = ["name", "phone"]


def while_fetching(house: House, act: Callable[[], Awaitable[Any]], times: int = 1) -> None:
    """Let something happen at the latest moment before the commit point: after the records were asked for."""
    left = [times]

    async def hold(query: Query) -> None:
        if left[0]:
            left[0] -= 1
            await act()

    house.sources[COOP].hold = hold


async def check_i6(house: House) -> None:
    """Every release names the last governance entry before it, and was decided before it ended."""
    gov = -1
    for index, data in enumerate(await house.stores.log.entries(COOP, 0, 10_000)):
        entry = decode(data)
        if isinstance(entry, Release):
            assert entry.gov == gov
            assert entry.time < entry.valid_until
        if entry.kind in GOVERNANCE:
            gov = index


async def test_a_stop_in_flight_leaves_the_member_out_and_fetches_nothing_again(house: House, sunnet: Partner) -> None:
    while_fetching(house, lambda: house.stop(CODE))
    answer = await sunnet.pull("P4", FIELDS, [CODE, OTHER])
    assert set(answer.released) == {OTHER}
    assert answer.results[CODE] == {"member": CODE, "status": "not_available"}
    assert len(house.sources[COOP].asked) == 1
    assert ("count", "bounced", {"coop": COOP}) in house.told
    entry = await house.last()
    assert isinstance(entry, Release)
    assert (entry.counts.released, entry.counts.not_available) == (1, 1)
    await check_i6(house)


async def test_a_suspension_in_flight_turns_release_into_denial(house: House, sunnet: Partner) -> None:
    while_fetching(
        house,
        lambda: set_state(house.stores.log, COOP, "sunnet", active=False, by="運用", reason="事故", clock=house.clock),
    )
    response = await sunnet.ask("P4", FIELDS, [CODE])
    assert response.status_code == 403
    entry = await house.last()
    assert isinstance(entry, Denial)
    assert entry.reasons == ["agreement:sunnet:inactive"]
    await check_i6(house)


async def test_an_unrelated_governance_entry_keeps_the_sealed_answer(house: House, sunnet: Partner) -> None:
    while_fetching(
        house,
        lambda: set_state(house.stores.log, COOP, "jccu", active=True, by="運用", reason="開始", clock=house.clock),
    )
    answer = await sunnet.pull("P4", FIELDS, [CODE])
    assert set(answer.released) == {CODE}
    await check_i6(house)


async def advance(house: House, to: datetime) -> None:
    house.clock.now = to


async def test_an_agreement_that_ends_in_flight(house: House, sunnet: Partner) -> None:
    """kyoritsusha-sunnet-01 ends with 2027-03-31, a JST day."""
    midnight = datetime(2027, 3, 31, 15, tzinfo=UTC)
    house.clock.now = midnight - timedelta(seconds=2)
    await freshen(house)
    await sunnet.token("P4", FIELDS)
    while_fetching(house, lambda: advance(house, midnight))
    response = await sunnet.ask("P4", FIELDS, [CODE])
    assert response.status_code == 403
    entry = await house.last()
    assert isinstance(entry, Denial)
    assert "agreement:kyoritsusha-sunnet-01:out_of_term" in entry.reasons
    await check_i6(house)


async def freshen(house: House) -> None:
    """Records as of the moved clock."""
    from tests.house import members_table

    house.sources[COOP].table = members_table(house.clock)


def without_sunnet(document: dict[str, Any]) -> None:
    notice = document["notices"]["2022-04-01"]
    users = notice["joint_use"]["users"]
    notice["joint_use"]["users"] = {name: user for name, user in users.items() if user.get("partner") != "sunnet"}


async def test_a_future_dated_narrower_notice_falls_due_in_flight(house: House, sunnet: Partner) -> None:
    due = house.clock() + timedelta(seconds=10)
    await house.publish(change=without_sunnet, effective=due)
    assert (await sunnet.ask("P4", FIELDS, [CODE])).status_code == 200
    while_fetching(house, lambda: advance(house, due))
    response = await sunnet.ask("P4", FIELDS, [CODE])
    assert response.status_code == 403
    entry = await house.last()
    assert isinstance(entry, Denial)
    assert entry.reasons == ["notice:sunnet:not_a_user"]
    await check_i6(house)


async def test_a_bounced_request_can_still_succeed_with_its_own_proof_and_only_once(
    house: House, sunnet: Partner
) -> None:
    while_fetching(house, lambda: house.stop(CODE))
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=[OTHER])
    proof = sunnet.proof("POST", sunnet.resource + "/transfers", token)
    first = await sunnet.post(request, token, proof=proof)
    second = await sunnet.post(request, token, proof=proof)
    assert (first.status_code, second.status_code) == (200, 409)
    assert sum(isinstance(entry, Release) for entry in await house.entries()) == 1


async def test_wider_needs_are_fetched_again(house: House, sunnet: Partner) -> None:
    """A new population condition reads a column that the first try had not asked for."""

    def narrower(document: dict[str, Any]) -> None:
        grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]
        grants["delivery"]["population"].append({"field": "sex", "in": ["2"]})

    while_fetching(house, lambda: house.publish(change=narrower))
    answer = await sunnet.pull("P4", FIELDS, [CODE])
    asked = house.sources[COOP].asked
    assert len(asked) == 2
    assert "sex" in asked[1].rows.columns
    assert "sex" not in asked[0].rows.columns
    assert set(answer.released) == {CODE}
    await check_i6(house)


@pytest.mark.parametrize("times", [3, 4])
async def test_three_bounces_are_borne_and_no_more(house: House, sunnet: Partner, times: int) -> None:
    """With each round the policy asks for another column, so each round fetches, and something happens again."""
    names = iter(["sex", "email", "postal_code", "birth_date", "share_yen"])

    async def again() -> None:
        name = next(names)

        def narrower(document: dict[str, Any]) -> None:
            grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]
            condition: dict[str, Any] = {"field": name, "from": 0 if name == "share_yen" else "0"}
            if name == "sex":
                condition = {"field": name, "in": ["1", "2", "9"]}
            grants["delivery"]["population"] = [condition]

        await house.publish(change=narrower)

    while_fetching(house, again, times)
    response = await sunnet.ask("P4", FIELDS, [CODE])
    assert response.status_code == (200 if times == 3 else 503)
    assert isinstance(await house.last(), Release) is (times == 3)


async def test_the_deadline_is_checked_again_at_the_commit_point(house: House, sunnet: Partner) -> None:
    start = house.clock()
    while_fetching(house, lambda: advance(house, start + timedelta(seconds=20)))
    before = len(await house.entries())
    response = await sunnet.ask("P4", FIELDS, [CODE])
    assert response.status_code == 503
    assert len(await house.entries()) == before
