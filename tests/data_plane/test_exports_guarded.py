"""Whose an export is, and what happens between sealing a part and handing it out: stops, policies, keys, time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.control_plane.partners.acts import set_state
from gateway.core.state import RestrictionKind
from gateway.data_plane.exports import ending
from gateway.data_plane.exports.making import Worker
from gateway.tlog.entries import Denial, Export, Release
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.data_plane.exporting import FIELDS, URL, Ordered, make, order, records
from tests.house import COOP, House, members_table, running_house
from tests.simulators.partner import Partner

GRANT = "kyoritsusha-sunnet-01.delivery"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


@pytest.fixture
async def export(house: House, sunnet: Partner) -> Ordered:
    """An export of several parts, all sealed, none fetched."""
    made = await order(sunnet)
    await make(house, members=60)
    return made


async def suspend(house: House) -> None:
    await set_state(house.stores.log, COOP, "sunnet", active=False, by="運用", reason="事故", clock=house.clock)


async def everywhere(one: Ordered, token: str) -> list[Any]:
    """What is answered under a token at every door of an export."""
    get = one.partner.get
    paths = [f"{URL}/{one.id}{path}" for path in ("", "/parts/1", "/parts/2", "/manifest")]
    return [*[await get(path, token) for path in paths], await get(paths[0], token, method="DELETE")]


async def test_it_is_nobody_else_s(house: House, sunnet: Partner, export: Ordered) -> None:
    """Another purpose, fewer fields, another product class, another partner: as if it had never been."""
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    before = len([entry for entry in await house.entries() if isinstance(entry, Release | Denial | Export)])
    others = [
        (sunnet, await sunnet.token("P3", ["name"])),
        (sunnet, await sunnet.token("P4", ["name"])),
        (jccu, await jccu.token("P5", ["member_code"], "G1")),
    ]
    for who, token in others:
        theirs = Ordered(who, export.id, "", "", [])
        for response in await everywhere(theirs, token):
            assert_problem(response, "not-found")
    for response in await everywhere(Ordered(sunnet, "0" * 32, "", "P4", FIELDS), await export.token()):
        assert_problem(response, "not-found")
    after = [entry for entry in await house.entries() if isinstance(entry, Release | Denial | Export)]
    assert len(after) == before
    assert (await export.status())["state"] == "sealed"


async def test_beyond_the_end_there_is_nothing(export: Ordered) -> None:
    parts = (await export.status())["parts"]
    for number in (str(parts + 1), "0", "01", "-1", "1.0", "x", "9" * 30):
        assert_problem(await export.get(f"/parts/{number}"), "not-found")


async def test_the_doors_say_nothing_before_they_know_who_asks(house: House, export: Ordered) -> None:
    for path in ("", "/parts/1", "/manifest", "/parts", "/other"):
        for method in ("GET", "DELETE", "POST", "HEAD"):
            response = await house.http.request(method, f"{export.partner.resource}{URL}/{export.id}{path}")
            assert response.status_code in {401, 405}, (method, path)
    token = await export.token()
    response = await export.partner.get(f"{URL}/{export.id}/parts/1", token, method="HEAD")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")
    response = await export.partner.get(f"{URL}/{export.id}", token, method="PUT")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, DELETE")
    assert_problem(await export.get("/parts"), "not-found")
    assert not [entry for entry in await house.entries() if isinstance(entry, Release)]


async def test_a_proof_fetches_one_part_once(export: Ordered) -> None:
    token = await export.token()
    proof = export.partner.proof("GET", f"{export.partner.resource}{URL}/{export.id}/parts/1", token)
    assert (await export.get("/parts/1", proof=proof)).status_code == 200
    assert_problem(await export.get("/parts/1", proof=proof), "replayed")


@pytest.mark.parametrize("kind", ["stop_provide", "stop_use", "protected"])
async def test_a_member_stopped_after_sealing_is_in_no_part_fetched_afterwards(
    house: House, export: Ordered, kind: RestrictionKind
) -> None:
    first, second = records(await export.part(1)), records(await export.part(2))
    (stopped, _), (other, _) = first[3], second[-1]
    before = dict(export.bodies)
    await house.stop(stopped, other, kind=kind)
    whole = await export.all()
    assert not {stopped, other} & whole.keys()
    expected = {**dict(first), **dict(second)}.keys() - {stopped, other}
    assert expected <= whole.keys()
    assert all(export.bodies[n] != body for n, body in before.items())
    told = await export.manifest()
    assert [one["records"] for one in told["parts"]] == [len(records(part)) for _, part in sorted(export.parts.items())]


async def test_a_stop_of_somebody_else_leaves_a_part_as_it_is(house: House, export: Ordered) -> None:
    await export.part(1)
    before = export.bodies[1]
    later, _ = records(await export.part(2))[0]
    await house.stop(later, "99999999")
    await export.part(1)
    assert export.bodies[1] == before
    release = await house.release()
    assert release.gov == max(
        index for index, entry in enumerate(await house.entries()) if entry.kind in {"restrict", "partner", "publish"}
    )


async def test_a_suspension_is_a_denial_at_the_next_part(house: House, export: Ordered) -> None:
    await export.part(1)
    await suspend(house)
    assert_problem(await export.get("/parts/2"), "not-permitted")
    assert (await house.denial()).reasons == ["agreement:sunnet:inactive"]
    await house.stores.snapshots.refresh_all()
    assert_problem(await export.end(), "not-permitted")


async def test_a_partner_that_is_suspended_is_told_so_before_a_part_is_sealed(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    await suspend(house)
    await make(house)
    assert_problem(await export.get("/parts/1"), "not-permitted")
    assert (await house.denial()).reasons == ["agreement:sunnet:inactive"]
    await set_state(house.stores.log, COOP, "sunnet", active=True, by="運用", reason="解決", clock=house.clock)
    house.clock.advance(seconds=10)
    await make(house)
    assert records(await export.part(1))


async def test_a_policy_that_narrows_is_followed(house: House, export: Ordered) -> None:
    """Remade where it still permits with fewer people; denied where a field is gone."""
    kept = records(await export.part(1))[0][0]

    def fewer(document: dict[str, Any]) -> None:
        grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]
        grants["delivery"]["population"].append({"field": "member_code", "in": [kept]})

    await house.publish(change=fewer)
    assert [*(await export.all())] == [kept]

    def narrower(document: dict[str, Any]) -> None:
        del document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["delivery"]["fields"]["phone"]

    await house.publish(change=narrower)
    assert_problem(await export.get("/parts/1"), "not-permitted")
    assert (await house.denial()).reasons == ["grant:phone:not_granted"]


async def test_another_transform_is_another_part(house: House, sunnet: Partner, export: Ordered) -> None:
    plain = records(await export.part(1))

    def masked(document: dict[str, Any]) -> None:
        fields = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["delivery"]["fields"]
        fields["phone"] = "phone_last4"

    await house.publish(change=masked)
    assert [(code, data["phone"]) for code, data in records(await export.part(1))] == [
        (code, data["phone"] and data["phone"][-4:]) for code, data in plain
    ]


async def test_what_lies_ready_for_a_quarter_of_an_hour_is_made_again(house: House, export: Ordered) -> None:
    await export.part(1)
    body, asked = export.bodies[1], len(house.sources[COOP].asked)
    house.clock.advance(minutes=14)
    export.partner.tokens.clear()
    await export.part(1)
    assert export.bodies[1] == body
    house.clock.advance(minutes=2)
    export.partner.tokens.clear()
    claims = await export.part(1)
    assert export.bodies[1] != body
    assert len(house.sources[COOP].asked) > asked
    assert claims["iat"] == int(house.clock().timestamp()) < claims["exp"]


async def test_parts_made_again_cover_the_same_codes(house: House, export: Ordered) -> None:
    """Who joins or moves between is in exactly one part, or waits for the next walk; nobody falls between two."""
    parts = (await export.status())["parts"]
    before = await export.all()
    ranges = [[code for code, _ in records(export.parts[n])] for n in range(1, parts + 1)]
    house.clock.advance(minutes=16)
    house.sources[COOP].table = members_table(house.clock)
    export.partner.tokens.clear()
    await house.stop(ranges[0][-1], ranges[1][0])
    for n in (3, 1, 2, *range(4, parts + 1)):
        await export.part(n)
    assert export.released.keys() == before.keys() - {ranges[0][-1], ranges[1][0]}
    assert [n for n in range(1, parts + 1) if "of" in export.parts[n]] == [parts]


async def test_the_partner_ends_it(house: House, sunnet: Partner, export: Ordered) -> None:
    await export.part(1)
    assert (await export.end()).status_code == 204
    assert (await export.end()).status_code == 204
    assert (await export.status())["state"] == "cancelled"
    assert_problem(await export.get("/parts/1"), "not-found")
    assert_problem(await export.get("/manifest"), "not-found")
    assert await house.rows("SELECT count(*) FROM export_part") == [(0,)]
    said = [entry for entry in await house.entries() if isinstance(entry, Export)]
    assert [entry.event for entry in said] == ["ordered", "cancelled"]
    running = await order(sunnet)
    assert (await running.end()).status_code == 204
    await make(house)
    assert (await running.status())["state"] == "cancelled"


async def test_what_is_being_made_can_be_ended(house: House, sunnet: Partner) -> None:
    """An order that is cancelled while a part of it is under way: the part is not kept."""
    export = await order(sunnet)

    async def cancel(_: object) -> None:
        if (await export.status())["state"] == "running":
            assert (await export.end()).status_code == 204

    house.sources[COOP].hold = cancel
    assert await Worker(house.desk).round()
    assert await house.rows("SELECT count(*) FROM export_part") == [(0,)]


async def test_it_is_gone_after_a_day(house: House, export: Ordered) -> None:
    await export.part(1)
    await ending.expire(house.desk)
    assert (await export.status())["state"] == "sealed"
    house.clock.advance(hours=24)
    export.partner.tokens.clear()
    assert_problem(await export.get("/parts/1"), "not-found")
    assert (await export.status())["state"] == "expired"
    for _ in range(2):
        await ending.expire(house.desk)
    said = [entry for entry in await house.entries() if isinstance(entry, Export)]
    assert [entry.event for entry in said] == ["ordered", "expired"]
    assert await house.rows("SELECT count(*) FROM export_part") == [(0,)]
    assert (await export.end()).status_code == 204
    house.clock.now += timedelta(days=31)
    await ending.expire(house.desk)
    assert await house.rows("SELECT count(*) FROM export") == [(0,)]


async def test_no_log_no_part(house: House, export: Ordered) -> None:
    house.log.down = "gone"
    assert_problem(await export.get("/parts/1"), "unavailable", retry_after=1)
    assert_problem(await export.end(), "unavailable", retry_after=1)
    house.log.down = None
    assert (await export.status())["taken"] == 0


async def test_a_source_that_is_not_there_is_waited_for(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    house.sources[COOP].down = "gone"
    await make(house)
    assert (await export.status())["state"] == "running"
    house.sources[COOP].down = None
    house.clock.advance(minutes=2)
    await make(house)
    assert (await export.status())["state"] == "sealed"


async def test_what_can_never_be_sealed_is_given_up(house: House, sunnet: Partner) -> None:
    """A signer that fails again and again: no part, no plaintext, and the partner is told."""
    export = await order(sunnet)
    house.signer.broken = True
    for _ in range(5):
        assert (await export.status())["state"] == "running"
        await make(house)
        house.clock.advance(minutes=2)
        sunnet.tokens.clear()
    assert (await export.status())["state"] == "failed"
    assert_problem(await export.get("/parts/1"), "not-found")
    assert await house.rows("SELECT count(*) FROM export_part") == [(0,)]
    assert (await export.end()).status_code == 204
    assert [entry.event for entry in await house.entries() if isinstance(entry, Export)] == ["ordered", "cancelled"]
