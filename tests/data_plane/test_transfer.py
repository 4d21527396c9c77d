"""The main job: a partner receives exactly what its agreement grants, after the transfer is durable in the log."""

from gateway.demo.awkward import AWKWARD
from gateway.tlog.entries import Release
from tests.house import House
from tests.simulators.partner import Partner, b64u

FIELDS = ["member_code", "name", "phone", "delivery_day"]


async def test_a_member_is_released_signed_encrypted_and_logged(house: House, sunnet: Partner) -> None:
    code = AWKWARD["takasaki"]
    answer = await sunnet.pull("P4", FIELDS, [code])
    assert set(answer.released[code]) == set(FIELDS)
    assert answer.released[code]["name"] == "髙﨑 花子"
    entry = await house.last()
    assert isinstance(entry, Release)
    assert entry.transfer == answer.claims["jti"] == answer.receipt["jti"]
    assert answer.receipt["index"] == len(await house.entries()) - 1
    assert entry.fields == dict.fromkeys(FIELDS, "as_is")
    assert entry.counts.asked == entry.counts.released == 1
    assert entry.request == answer.claims["rqh"]
    assert entry.body == answer.receipt["body"]
    assert b64u(b"") != entry.commitment


async def test_an_incomplete_notice_denies_with_its_reason_in_the_log_and_only_the_fixed_error_outside(
    house: House,
) -> None:
    jccu = await house.partner("jccu", "coopdeli-jccu-01", "coopdeli")
    response = await jccu.ask("P4", ["member_code", "name"], [AWKWARD["takasaki"]], product=None)
    assert response.status_code == 403
    assert set(response.json()) == {"type", "title", "status", "request_id"}
    assert response.json()["type"] == "urn:joint-use:problem:not-permitted"
    denial = await house.denial("coopdeli")
    assert "notice:2017-06-21:incomplete" in denial.reasons
    assert denial.transfer == response.json()["request_id"]
    assert house.sources["coopdeli"].asked == []


async def test_a_page_walk_releases_the_population_once_and_ends(house: House, sunnet: Partner) -> None:
    seen: list[str] = []
    page: dict[str, object] = {"limit": 40}
    while True:
        answer = await sunnet.pull("P4", FIELDS, page=page)
        assert {one["status"] for one in answer.claims["results"]} <= {"released"}
        seen += answer.released
        if "next" not in answer.claims:
            break
        page = {"limit": 40, "cursor": answer.claims["next"]}
    assert len(set(seen)) == len(seen) > 100
    assert answer.claims["removals"] == []
    entry = await house.release()
    assert entry.page
    again = await sunnet.pull("P4", FIELDS, page={"limit": 1000, "since": answer.claims["since"]})
    assert again.released == {}, "nothing has changed since"
    assert (again.claims["removals"], "resync" in again.claims) == ([], False)
