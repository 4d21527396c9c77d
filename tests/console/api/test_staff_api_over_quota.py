"""Requests beyond a daily limit by the staff API: as the document says, by the rules of the page, and nobody else's."""

from tests.console.api.api_room import Program, Room, made, rule, slug
from tests.console.api.test_staff_api_document import Witness
from tests.control_plane.beyond import TROUBLE, count, refused_beyond

OF = f"over-quota/{TROUBLE}"


async def beyond(room: Room) -> tuple[Program, Program]:
    """Publish the real files as two people do, and let one grant be asked for beyond its limit; return both people."""
    sato, ito = await room.signed_in("sato"), await room.signed_in("ito")
    waiting = await sato.submitted()
    approved = made(await ito.step(waiting, "approve", preview=waiting["preview"]))
    made(await sato.step(approved, "publish"))
    await room.house.stores.snapshots.refresh("kyoritsusha")
    await refused_beyond(room.house.stores)
    await count(room.house.stores)
    for program in (sato, ito):
        program.http.event_hooks["response"].append(Witness())
    return sato, ito


async def test_what_waits_is_told_proposed_and_then_settled(room: Room):
    sato, ito = await beyond(room)
    [one] = made(await ito.get("over-quota"))["grants"]
    assert (one["grant"], one["members_per_day"], one["wanted"], one["state"]) == (TROUBLE, 500, 700, "open")
    [day] = one["overruns"]
    assert (day["client"], day["day"], day["asked"], day["requests"]) == ("jccu-demo", "2026-11-22", 620, 1)
    assert rule(await sato.post(f"{OF}/propose", {"reason": "増加", "members_per_day": 5001}), 409) == "field"
    draft = made(await sato.post(f"{OF}/propose", {"reason": "連絡先の増加"}), 201)
    assert (draft["state"], draft["title"]) == ("draft", f"1日の提供人数の上限を引き上げる({TROUBLE})")
    one = made(await ito.get(OF))
    assert (one["state"], one["overruns"][0]["proposal"]) == ("proposed", draft["id"])
    assert rule(await sato.post(f"{OF}/dismiss", {"reason": "不要"}), 409) == "settled"


async def test_it_is_dismissed_with_a_reason(room: Room):
    sato, _ = await beyond(room)
    assert rule(await sato.post(f"{OF}/dismiss", {"reason": ""}), 409) == "reason"
    one = made(await sato.post(f"{OF}/dismiss", {"reason": "月末の一度だけのため"}))
    assert (one["state"], one["overruns"][0]["said"]) == ("dismissed", "月末の一度だけのため")


async def test_who_may(room: Room):
    _, ito = await beyond(room)
    assert rule(await ito.post(f"{OF}/propose", {"reason": "試験"}), 403) == "role"
    assert rule(await ito.post(f"{OF}/dismiss", {"reason": "試験"}), 403) == "role"
    assert slug(await ito.get("over-quota/kyoritsusha-jccu-01.nothing"), 404) == "not-found"
    unyo = await room.signed_in("unyo")
    assert rule(await unyo.get("over-quota"), 403) == "role"
