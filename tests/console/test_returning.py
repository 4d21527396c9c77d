"""A return to an earlier version from the console: a draft of what it said, and every way that it is refused."""

from tests.console.acting_room import ELSEWHERE, HERE, OTHER, SUNNET, Room
from tests.console.simulated import words
from tests.house import COOP

SAID = {"reason": "誤って狭めたため", "department": HERE}


def versions(room: Room) -> list[str]:
    return [one.policy.digest for one in room.house.stores.snapshots.current(COOP).versions]


async def test_there_is_nothing_to_return_to_before_a_second_version(room: Room):
    sato = await room.person("sato")
    assert "この版に戻す" not in words(await sato.go("versions"))
    assert (await sato.go(f"versions/{'0' * 64}/return")).status_code == 404


async def test_a_draft_says_what_the_version_said_and_goes_the_way_of_every_change(room: Room):
    await room.publish_elsewhere(lambda text: text.replace("          delivery_day: as_is\n", ""), file=SUNNET)
    first, second = versions(room)
    sato = await room.person("sato")
    page = await sato.go("versions")
    assert f"versions/{first}/return" in page.text
    assert f"versions/{second}/return" not in page.text
    assert (await sato.go(f"versions/{first}/return")).status_code == 200
    answer = await sato.press(f"{first}/return", SAID)
    assert answer.status_code == 303
    assert "版 1 に戻す下書きを作りました" in sato.told()
    draft = str(answer.headers["location"]).removeprefix(f"/{COOP}/")
    assert await room.files(draft) == await room.office.proposals.files_of_version(COOP, first)
    assert (await room.stored(draft)).base == second
    assert versions(room) == [first, second]
    assert (await sato.press("/submit")).status_code == 303


async def test_a_return_is_refused_on_its_page(room: Room):
    await room.publish_elsewhere(lambda text: text.replace("          delivery_day: as_is\n", ""), file=SUNNET)
    first, _ = versions(room)
    before = await room.events()
    sato = await room.person("sato")
    for typed, told in (
        ({"reason": " "}, "理由を書いてください"),
        ({"department": ELSEWHERE}, f"所管部署は「{ELSEWHERE}」です"),
    ):
        await sato.go(f"versions/{first}/return")
        answer = await sato.press(f"{first}/return", SAID | typed)
        assert answer.status_code == 409
        assert told in words(answer)
        assert answer.text.count("誤って狭めたため") == ("reason" not in typed)
    ito = await room.person("ito")
    assert "この版に戻す" not in words(await ito.go("versions"))
    assert (await ito.go(f"versions/{first}/return")).status_code == 403
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go(f"versions/{first}/return")).status_code == 404
    assert (await taken.go(f"versions/{first}/return", coop=OTHER)).status_code == 404
    assert await room.events() == before
