"""提供ログ by its page: period and filters in the URL, facets, paging, the way to one entry, both languages, who reads it."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.console.transfers.listing import ON_A_PAGE
from gateway.tlog.entries import Entry, Release
from tests.clock import NOON
from tests.console.acting_room import HERE, OTHER, PEOPLE, Furnishing, Person, Room
from tests.console.log_room import JCCU, OTHER_REASON, REASON, SUNNET, requests, say
from tests.console.simulated import words
from tests.control_plane.asking import released
from tests.house import COOP


@pytest.fixture
def furnishing() -> Furnishing:
    more = ((COOP, "homu", "法務 次郎", "compliance", None), (COOP, "unyo", "運用 四郎", "operator", None))
    return Furnishing(people=(*PEOPLE, *more))  # type: ignore[arg-type]  # roles, as the others'


@pytest.fixture
async def kansa(room: Room) -> Person:
    await requests(room)
    return await room.person("kansa")


def listed(page: httpx2.Response) -> list[int]:
    """The indexes that a page lists."""
    return [
        int(one) for one in re.findall(rf'<th scope="row" class="number"><a href="/{COOP}/transfers/(\d+)">', page.text)
    ]


async def recounted(room: Room, *, days: int = 400, **wanted: Any) -> list[int]:
    """The indexes of the entries that have all of these values, the newest first; by reading every one."""

    def has(entry: Entry, name: str, value: str) -> bool:
        many: dict[str, Any] = {"reason": getattr(entry, "reasons", []), "field": getattr(entry, "fields", [])}
        return value in many[name] if name in many else getattr(entry, name, None) == value

    since = NOON - timedelta(days=days)
    found = [
        index
        for index, entry in enumerate(await room.house.entries())
        if datetime.fromisoformat(entry.time) >= since and all(has(entry, *one) for one in wanted.items())
    ]
    return found[::-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "release"),
        ("kind", "staff"),
        ("partner", "jccu"),
        ("purpose", "P12"),
        ("agreement", str(SUNNET["agreement"])),
        ("client", "sunnet-1"),
        ("product", "G1"),
        ("reason", REASON),
        ("field", "phone"),
    ],
)
async def test_every_filter_shows_what_a_recount_of_the_entries_gives(kansa: Person, room: Room, name: str, value: str):
    query = urlencode({"period": "365d", name: value})
    wanted: dict[str, Any] = {name: value}
    expected = await recounted(room, **wanted)
    page = await kansa.go(f"transfers?{query}")
    assert listed(page) == expected[:ON_A_PAGE]
    assert expected
    assert "この条件を外す" in words(page)


async def test_filters_are_joined_and_several_names_of_one_are_either(kansa: Person, room: Room):
    page = await kansa.go("transfers?period=365d&partner=sunnet&kind=release&field=phone")
    assert listed(page) == await recounted(room, partner="sunnet", kind="release", field="phone")
    page = await kansa.go("transfers?period=365d&partner=sunnet&partner=jccu&kind=release")
    assert listed(page) == await recounted(room, kind="release")
    page = await kansa.go("transfers?period=365d&partner=nobody")
    assert listed(page) == []
    assert "直近1年のすべてを見る" in words(page)


async def test_the_period_is_always_shown_and_bounds_the_list(kansa: Person, room: Room):
    page = await kansa.go("transfers")
    assert "2026年11月16日(月) 00:00 から 2026年11月23日(月) 00:00 の直前まで" in words(page)
    assert listed(page) == [one for one in await recounted(room, days=7) if one in listed(page)]
    page = await kansa.go("transfers?from=2026-11-01&to=2026-11-02&kind=release")
    times = [datetime.fromisoformat((await room.house.entries())[one].time) for one in listed(page)]
    assert times
    assert {f"{one + timedelta(hours=9):%m-%d}" for one in times} <= {"11-01", "11-02"}
    hour = await kansa.go("transfers?from=2026-11-22T11:00&to=2026-11-22T12:00")
    assert listed(hour) == [len(await room.house.entries()) - 1]


@pytest.mark.parametrize(
    "query", ["period=ever", "from=yesterday", "from=2026-11-22&to=2026-11-01", "from=2020-01-01", "to=9999-99-99"]
)
async def test_a_period_that_cannot_be_read_is_told_and_the_usual_one_shown(kansa: Person, query: str):
    page = await kansa.go(f"transfers?{query}")
    assert page.status_code == 200
    assert "期間を読み取れません" in words(page)
    assert "2026年11月16日(月) 00:00 から" in words(page)


async def test_what_is_no_name_is_left_out_told_and_repeated_nowhere(kansa: Person):
    page = await kansa.go('transfers?partner=00000007&purpose="><script>alert(1)</script>&before=x')
    said = words(page)
    assert "条件の一部を読み取れない" in said
    assert "どこから続けるかを読み取れない" in said
    main = page.text.partition("<main")[2].partition("</main>")[0]  # the frame knows where the page is
    assert "00000007" not in main
    assert "script>alert" not in main


async def test_facets_count_what_each_name_would_leave(kansa: Person, room: Room):
    page = await kansa.go("transfers?period=365d&partner=sunnet")
    for name, value in (("kind", "denial"), ("purpose", "P4"), ("client", "sunnet-1")):
        wanted: dict[str, Any] = {name: value}
        expected = await recounted(room, partner="sunnet", **wanted)
        [link] = re.findall(
            rf'<li><a href="[^"]*[?;]{name}={value}(?:&amp;[^"]*)?"><span>[^<]*</span><span class="count">(\d+)',
            page.text,
        )
        assert int(link) == len(expected)
    [other] = re.findall(r'partner=sunnet&amp;partner=jccu"><span>[^<]*</span><span class="count">(\d+)', page.text)
    assert int(other) == len(await recounted(room, partner="jccu"))


async def test_frequent_reasons_lead_to_their_entries(kansa: Person, room: Room):
    page = await kansa.go("transfers?period=365d")
    said = words(page)
    assert "よくある理由" in said
    assert "email: 提供範囲に含まれません" in said
    assert "sunnet: 提供先が利用停止中です" in said
    [target] = re.findall(
        rf'href="(/{COOP}/transfers\?[^"]*reason={re.escape(OTHER_REASON).replace(":", "%3A")})"', page.text
    )[:1]
    followed = await kansa.go(target.removeprefix(f"/{COOP}/").replace("&amp;", "&"))
    assert listed(followed) == await recounted(room, kind="denial", reason=OTHER_REASON)


async def test_the_histogram_is_a_named_image_with_a_table_and_marks_publications(kansa: Person):
    page = await kansa.go("transfers?period=30d")
    assert re.search(r'<svg class="chart-drawing"[^>]*role="img" aria-labelledby="histogram-title"><title', page.text)
    assert '<pattern id="histogram-1"' in page.text
    assert "表で見る" in words(page)
    assert "決まりの公布" in words(page)
    assert f'href="/{COOP}/transfers/0">#0' in page.text
    # Every number of the table leads to the list behind it.
    [target] = re.findall(r'<th scope="row">2026-11-21</th><td class="number"><a href="([^"]+)">1</a>', page.text)
    followed = await kansa.go(target.removeprefix(f"/{COOP}/").replace("&amp;", "&"))
    assert len(listed(followed)) == 1


async def test_pages_follow_one_another_without_loss_or_repetition_while_more_comes_in(kansa: Person, room: Room):
    await say(
        room, *(released({"name": "as_is"}, at=NOON - timedelta(minutes=nth), **JCCU) for nth in range(80, 0, -1))
    )
    before = await recounted(room)
    page = await kansa.go("transfers?period=365d")
    found = listed(page)
    assert len(found) == ON_A_PAGE
    while link := re.search(r'rel="next" href="([^"]+)"', page.text):
        await say(room, released({"name": "as_is"}, **JCCU))
        page = await kansa.go(link[1].removeprefix(f"/{COOP}/").replace("&amp;", "&"))
        found += listed(page)
    assert found == before
    assert "最新に戻る" in words(page)


async def test_an_entry_is_found_by_request_id_or_index(kansa: Person, room: Room):
    [index] = [nth for nth, one in enumerate(await room.house.entries()) if one.kind == "release"][:1]
    transfer = getattr((await room.house.entries())[index], "transfer", "")
    for typed in (transfer, str(index), f" {transfer} "):
        await kansa.go("transfers")
        answer = await kansa.press("/transfers/find", {"id": typed})
        assert answer.headers["location"] == f"/{COOP}/transfers/{index}"
        assert f"記録 {index}" in words(kansa.page)


@pytest.mark.parametrize("typed", ["00000007", "999999999", "t-no-such", "髙﨑", "x" * 500])
async def test_what_is_not_found_is_told_and_repeated_nowhere(kansa: Person, typed: str):
    await kansa.go("transfers")
    answer = await kansa.press("/transfers/find", {"id": typed})
    assert answer.headers["location"] == f"/{COOP}/transfers"
    assert "その番号の記録はありません" in words(kansa.page)
    assert typed not in kansa.page.text


async def test_a_transfer_of_another_co_op_is_not_found(kansa: Person, room: Room):
    transfer = next(one.transfer for one in await room.house.entries() if isinstance(one, Release))
    taken = await room.person("taken", coop=OTHER)
    await taken.go("transfers", coop=OTHER)
    await taken.press("/transfers/find", {"id": transfer})
    assert "その番号の記録はありません" in words(taken.page)
    assert (await taken.go("transfers")).status_code == 404


async def test_it_is_there_in_english_with_no_japanese_of_our_own(kansa: Person):
    await kansa.speak("en")
    said = words(await kansa.go("transfers?period=30d"))
    assert "Transfer log" in said
    assert "not confirmed" in said
    for ours in ("提供ログ", "拒否", "期間", "絞り込む", "理由", "保存"):
        assert ours not in said


async def test_who_reads_the_log(kansa: Person, room: Room):
    for person, status in (("sato", 200), ("kansa", 200), ("homu", 200), ("unyo", 200), ("ito", 403)):
        one = await room.person(person)
        for path in ("transfers", "transfers/charts", "transfers/tail", "transfers/3", "transfers.csv"):
            assert (await one.go(path)).status_code == status, (person, path)
    assert (await (await room.person("unyo")).go("anomalies")).status_code == 403
    assert HERE not in (await kansa.go("transfers")).text


async def test_a_console_without_the_log_says_so(console):
    kansa = await console.browser().signed_in("kansa")
    for path in ("transfers", "transfers/charts", "transfers/tail", "anomalies"):
        page = await kansa.get(f"/{COOP}/{path}")
        assert page.status_code == 200
        assert "このコンソールは記録を読めません" in words(page)
