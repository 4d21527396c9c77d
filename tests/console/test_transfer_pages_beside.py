"""What stands beside the list of the log: saved views, charts, what comes in, what is unusual, and each of them as a file."""

import io
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import openpyxl
import pytest

from gateway.console.exports.exports import ENDINGS
from gateway.core.detection.enumeration import TOLD
from gateway.jose import rfc4648
from gateway.oversight.log import searching
from gateway.ports import Submission
from gateway.tlog.entries import Access, Counts, Denial, Release, Review, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.clock import NOON
from tests.console.acting_room import OTHER, PEOPLE, Furnishing, Person, Room
from tests.console.log_room import JCCU, REASON, SUNNET, requests, say
from tests.console.simulated import words
from tests.control_plane.asking import denied, released
from tests.house import COOP

EXPORTED = ("transfers", "transfers/charts", "anomalies")


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(people=(*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


@pytest.fixture
async def homu(room: Room) -> Person:
    await requests(room)
    return await room.person("homu")


# ── saved views ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_view_is_kept_shared_found_and_deleted(homu: Person, room: Room):
    await homu.go("transfers?period=30d&kind=denial&partner=sunnet&before=20")
    own = homu.form("/transfers/views")
    del own.fields["shared"]  # a box that nobody ticks is not sent
    await homu.send(own, {"name": "サンネットの拒否"})
    assert homu.told() == "表示を保存しました。"
    link = f'href="/{COOP}/transfers?period=30d&amp;kind=denial&amp;partner=sunnet">サンネットの拒否</a>'
    assert link in homu.page.text
    kansa = await room.person("kansa")
    assert "サンネットの拒否" not in (await kansa.go("transfers")).text
    await homu.press("/transfers/views", {"name": "共有の表示"})
    assert "共有の表示" in (await kansa.go("transfers")).text
    assert "/delete" not in kansa.page.text
    await homu.go("transfers")
    await homu.press("/delete")
    assert homu.told() == "表示を削除しました。"
    left = (await homu.go("transfers")).text
    assert ("サンネットの拒否" in left) != ("共有の表示" in left)


async def test_a_name_is_kept_once_and_is_one_line(homu: Person):
    for name, told in (
        ("拒否", "表示を保存しました"),
        ("拒否", "保存していません"),
        ("あ" * 61, "60字以内"),
        ("\n", "60字以内"),
    ):
        await homu.go("transfers?kind=denial")
        await homu.press("/transfers/views", {"name": name})
        assert told in homu.told(), name


async def test_only_names_and_a_period_are_kept(homu: Person, room: Room):
    await homu.go("transfers")
    form = homu.form("/transfers/views")
    await homu.send(form, {"name": "何か", "query": "?partner=00000007&kind=denial&x=<b>&next=//evil.example&before=9"})
    [(query,)] = await room.house.rows("SELECT query FROM saved_view")
    assert query == "kind=denial"


async def test_nobody_deletes_another_s_view(homu: Person, room: Room):
    await homu.go("transfers")
    await homu.press("/transfers/views", {"name": "自分の"})
    form = homu.form("/delete")
    kansa = await room.person("kansa")
    await kansa.go("transfers")
    own = kansa.form("/transfers/views")
    form.fields["csrf"] = own.fields["csrf"]
    assert (await kansa.send(form)).status_code == 404
    assert len(await room.house.rows("SELECT id FROM saved_view")) == 1


# ── charts ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_charts_show_members_refusals_and_fields_by_partner_and_purpose(homu: Person, room: Room):
    page = await homu.go("transfers/charts?period=30d&by=partner_purpose")
    said = words(page)
    for part in ("提供した人数(延べ)", "拒否の件数", "提供した項目の数(延べ)", "決まりの公布", "表で見る"):
        assert part in said
    assert page.text.count('role="img"') == 3
    [total] = [
        int(one) for one in re.findall(r"提供した人数\(延べ\): 2026-10-24から2026-11-22まで、合計(\d+)", page.text)
    ]
    entries = [one for one in await room.house.entries() if isinstance(one, Release)]
    since = instant(NOON - timedelta(days=29, hours=12))
    assert total == sum(one.counts.released for one in entries if one.time >= since)
    [target] = re.findall(
        r'<th scope="row">2026-11-21</th>(?:<td class="number">0</td>)*<td class="number"><a href="([^"]+)">8<',
        page.text,
    )
    followed = await homu.go(target.removeprefix(f"/{COOP}/").replace("&amp;", "&"))
    assert "partner=jccu" in target
    assert "purpose=P12" in target
    assert "1件(記録番号" in words(followed)
    for by in ("partner", "purpose", "nonsense"):
        assert (await homu.go(f"transfers/charts?by={by}&period=365d")).status_code == 200


# ── what comes in ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_tail_gives_newer_rows_alone_and_each_once(homu: Person, room: Room):
    page = await homu.go("transfers/tail?kind=release")
    [after] = re.findall(r'data-after="(\d+)"', page.text)
    [source] = re.findall(r'data-from="([^"]+)"', page.text)
    source = source.removeprefix(f"/{COOP}/").replace("&amp;", "&")
    assert int(after) == len(await room.house.entries())
    seen: list[int] = []
    for nth in range(3):
        await say(room, released({"name": "as_is"}, **JCCU), denied(["email"], REASON, **SUNNET))
        if nth == 1:
            await searching.advance(room.house.stores.log, room.house.stores.search, COOP)
        answer = (await homu.go(f"{source}&after={after}")).json()
        assert {one["kind"] for one in answer["rows"]} == {"提供"}
        seen += [one["index"] for one in answer["rows"]]
        after = answer["next"]
    assert seen == [int(page_first) for page_first in range(seen[0], seen[0] + 6, 2)]
    assert (await homu.go(f"{source}&after={after}")).json() == {"next": after, "left_out": False, "rows": []}
    await say(room, *(released({"name": "as_is"}, **JCCU) for _ in range(60)))
    answer = (await homu.go(f"{source}&after={after}")).json()
    assert (answer["left_out"], len(answer["rows"])) == (True, 50)


async def test_without_a_script_the_page_asks_for_itself_and_stops(homu: Person):
    page = await homu.go("transfers/tail?partner=sunnet")
    refresh = re.search(r'<noscript><meta http-equiv="refresh" content="10;url=([^"]+)"></noscript>', page.text)
    assert refresh is not None
    assert "partner=sunnet" in refresh[1]
    assert refresh[1].endswith("round=1")
    assert refresh.start() < page.text.index("</head>")
    stopped = await homu.go("transfers/tail?round=120")
    assert "http-equiv" not in stopped.text
    assert "data-from" not in stopped.text
    assert "再開する" in words(stopped)


# ── what is unusual ───────────────────────────────────────────────────────────────────────────────────────────────


async def refused_often(room: Room) -> None:
    await say(room, *(denied(["email"], REASON, at=NOON - timedelta(minutes=nth), **SUNNET) for nth in range(30)))
    await searching.advance(room.house.stores.log, room.house.stores.search, COOP)


async def test_what_is_unusual_is_listed_with_the_entries_behind_it(homu: Person, room: Room):
    await refused_often(room)
    many = Counts(asked=3_000, released=3_000)
    await say(room, released({"name": "as_is", "phone": "phone_last4"}, counts=many, **SUNNET))
    page = await homu.go("anomalies")
    said = words(page)
    assert re.search(r"1日に31件を断りました。それまでの最多は1件です。", said)
    assert "1日に3000人分を提供しました" in said
    assert "未点検" in said
    targets = [one.replace("&amp;", "&") for one in re.findall(rf'href="(/{COOP}/transfers\?from=[^"]+)"', page.text)]
    for target in targets:
        followed = await homu.go(target.removeprefix(f"/{COOP}/"))
        assert "件(記録番号" in words(followed)
    assert any("kind=denial" in one and "client=sunnet-1" in one for one in targets)
    only = words(await homu.go("anomalies?rule=volume"))
    assert "断りました" not in only
    home = words(await homu.go(""))
    assert re.search(r"拒否の急増\(直近7日\) 1件", home)
    assert re.search(r"未点検の異常\(直近7日\) [2-9]件", home)
    await homu.speak("en")
    assert "requests were refused in a day" in words(await homu.go("anomalies"))


async def test_a_partner_over_its_enumeration_budget_is_listed_and_its_entry_says_what_to_do(homu: Person, room: Room):
    told = Denial(
        coop=COOP, time=instant(NOON), partner="sunnet", client="sunnet-1", reasons=[TOLD["stop"]],
        summary={"rate-limited": 3, "minute": 1},
    )  # fmt: skip
    await say(room, told)
    index = len(await room.house.entries()) - 1
    said = words(await homu.go("anomalies?rule=enumeration"))
    assert "求められた人のうち、提供できず、渡したこともない人が10%に達しました。" in said
    assert "照会予算: 何%で翌日まで止めるか 10" in said
    assert re.search(r"未点検の異常\(直近7日\) [1-9]件", words(await homu.go("")))
    entry = words(await homu.go(f"transfers/{index}"))
    assert "組合員を名指す要求を翌日まで止めました" in entry
    assert "名簿の照合なら、期間を変更申請で承認する" in entry
    await homu.speak("en")
    assert "10 % of the members asked for were neither available" in words(await homu.go("anomalies?rule=enumeration"))


async def test_a_signed_off_period_leaves_nothing_unreviewed(homu: Person, room: Room):
    await refused_often(room)
    end = NOON + timedelta(days=1)
    review = Review(
        coop=COOP, time=instant(NOON), start=instant(NOON - timedelta(days=30)), end=instant(end), size=1, root="A" * 43,
        counts={}, by="homu",
    )  # fmt: skip
    data = encode(review)
    await room.house.stores.log.append(COOP, Submission(entry=data, leaf=leaf_hash(data), kind="review", time=NOON))
    assert "点検した期間" in words(await homu.go("anomalies"))
    assert "未点検の異常(直近7日) 0件" in words(await homu.go(""))


async def test_the_start_page_says_how_far_the_log_is_signed(homu: Person, room: Room):
    assert "ログの署名 署名なし" in words(await homu.go(""))
    await room.house.publish_checkpoint(COOP)
    assert f"全{len(await room.house.entries())}件に署名済み" in words(await homu.go(""))
    await say(room, released({"name": "as_is"}, **JCCU))
    assert "1件が署名待ち" in words(await homu.go(""))
    sato = await room.person("sato")
    assert "ログの署名" not in words(await sato.go(""))


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("view", EXPORTED)
async def test_every_file_that_is_taken_away_is_in_the_log_with_its_digest(homu: Person, room: Room, view: str):
    for ending in ENDINGS:
        answer = await homu.go(f"{view}.{ending}?period=30d&partner=sunnet")
        assert answer.status_code == 200, answer.text[:300]
        assert "attachment" in answer.headers["content-disposition"]
        said = await room.house.last()
        assert isinstance(said, Access)
        name = {"transfers": "transfers", "transfers/charts": "transfer-charts", "anomalies": "anomalies"}[view]
        assert (said.look_up, said.view, said.by, said.members) == ("export", f"{name}.{ending}", "homu", 0)
        assert said.digest == rfc4648.encode(sha256(answer.content).digest())
        assert said.reason in {"2026-10-24/2026-11-22; partner", "days=30"}


async def test_a_file_has_all_pages_of_the_list_and_no_more(homu: Person, room: Room):
    await say(room, *(released({"name": "as_is"}, **JCCU) for _ in range(70)))
    answer = await homu.go("transfers.json?period=365d&kind=release")
    rows = answer.json()["tables"][0]["rows"]
    entries = await room.house.entries()
    assert [one["index"] for one in rows] == [n for n, one in enumerate(entries) if one.kind == "release"][::-1]
    first = next(one for one in rows if one["partner"] == "sunnet")
    release: Any = entries[first["index"]]
    assert (first["transfer"], first["fields"]) == (release.transfer, ", ".join(release.fields))
    assert (first["asked"], first["released"]) == (release.counts.asked, release.counts.released)
    book = openpyxl.load_workbook(io.BytesIO((await homu.go("transfers.xlsx?period=365d&kind=denial")).content))
    found = [row[0].value for row in book.worksheets[0].iter_rows() if isinstance(row[0].value, int)]
    assert found == [n for n, one in enumerate(entries) if one.kind == "denial"][::-1]
    assert "email: 提供範囲に含まれません" in (await homu.go("transfers.csv?kind=denial&period=30d")).text


async def test_what_cannot_be_read_gives_no_file_and_no_entry(homu: Person, room: Room):
    before = await room.house.entries()
    for path in ("transfers.csv?period=ever", "transfers/charts.json?partner=00000007", "anomalies.csv?days=0"):
        assert (await homu.go(path)).status_code == 400, path
    assert await room.house.entries() == before
    taken = await room.person("taken", coop=OTHER)
    for view in EXPORTED:
        assert (await taken.go(f"{view}.csv")).status_code == 404
    assert await room.house.entries() == before
