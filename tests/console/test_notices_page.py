"""The page of the notice: its gaps, open items, mapping and users, in both languages; and its text, to keep or print."""

import asyncio
from dataclasses import replace as with_changes
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.console.app import PAGES, staff_app
from gateway.console.desk import StaffDesk
from gateway.console.notices.notices import ROUTES
from gateway.control_plane.notices.text import MATTERS
from gateway.core.state import Snapshot, Version
from gateway.web.server import bind, serve
from tests.console.matrix_room import Room, repository_files
from tests.console.served import chromium, screen
from tests.console.simulated import COOP, OTHER, words
from tests.control_plane.test_notice_text import ITEMS, USERS

ROOT = Path(__file__).resolve().parents[2]
URL = f"/{COOP}/notices"
HOSTILE = """<script>alert("1")</script><img src=x onerror=alert(1)>"""


def deli_files() -> dict[str, str]:
    found = [*(ROOT / "policies" / OTHER).rglob("*.*"), *(ROOT / "partners").glob("*.yaml")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


class NoticeRoom(Room):
    """The console with the pages of the notice."""

    def __init__(self, clock, files=None, **changes) -> None:
        super().__init__(clock, files)
        self.desk = with_changes(self.desk, **changes)
        self.compose()

    def compose(self) -> None:
        known = {route.path for route in PAGES}
        pages = (*PAGES, *(route for route in ROUTES if route.path not in known))
        self.app = staff_app(self.desk, hosts=frozenset({self.desk.origin.partition("://")[2]}), pages=pages)

    def publish_files(self, coop: str, files: dict[str, str], effective) -> str:
        """Publish what files say, and keep them; return the digest of the version."""
        checked = CheckedFiles(samples=True).check(coop, files)
        assert checked.policy is not None, checked.findings
        before = self.snapshots.get(coop, Snapshot(coop=coop))
        version = Version(effective=effective, index=10 * len(before.versions), policy=checked.policy)
        self.snapshots[coop] = replace(before, versions=(*before.versions, version))
        self.proposals.versions[checked.policy.digest] = files
        return checked.policy.digest


@pytest.fixture
def room(clock) -> NoticeRoom:
    return NoticeRoom(clock)


@pytest.fixture
async def kansa(room):
    return await room.browser().signed_in("kansa")


@pytest.fixture
async def deli(room, clock):
    room.publish_files(OTHER, deli_files(), clock() - timedelta(days=30))
    room.staff.add("deli", "admin", coop=OTHER)
    return await room.browser().signed_in("deli", coop=OTHER)


async def test_a_complete_notice_is_shown_with_items_users_and_responsible_party(kansa):
    answer = await kansa.get(URL)
    said = words(answer)
    assert answer.status_code == 200
    assert "2022-04-01 の版に必要な事項 完全" in said
    assert all(label in said for label in (*ITEMS, *USERS))
    assert "山形県鶴岡市宝田1丁目3-23" in said
    assert "代表理事 渡邊 一弥" in said
    assert "共立社個人情報相談窓口 人事総務部" in said
    assert "共同利用する項目(11件)" in said
    assert said.count("2022年4月1日(金) から 期限なし 有効") == 1 + len(USERS)


async def test_versions_known_by_their_date_alone_stand_in_the_list_and_have_no_text(kansa):
    said = words(await kansa.get(URL))
    for version in ("2005-03-31", "2011-10-26", "2017-06-01", "2018-03-08", "2021-06-01"):
        assert f"{version} 本文なし" in said
    assert "日付だけが分かっている版です" in words(await kansa.get(f"{URL}?version=2005-03-31"))
    answer = await kansa.get(f"{URL}/2005-03-31.txt")
    assert answer.status_code == 404
    assert "この版の文面は保管されていない" in words(answer)


async def test_open_items_name_the_decision_that_resolved_them_and_its_people(kansa):
    said = words(await kansa.get(URL))
    assert "利用情報 I9 決定で特定済み usage-items 有効 【試験】" in said
    assert "判断: 【見本】宅配事業部、承認: 【見本】管理責任者" in said
    assert "その他の属性情報 I8 範囲の決定待ち(何も提供されません) なし" in said
    assert "決定があっても含められません: 要配慮" in said


async def test_a_decision_that_ended_no_longer_resolves_an_item(clock):
    files = repository_files()
    path = f"policies/{COOP}/decisions/usage-items.yaml"
    files[path] = files[path].replace("from: 2026-04-01", "from: 2026-04-01\n    to: 2026-10-31")
    room = NoticeRoom(clock)
    digest = room.publish_files(COOP, files, clock() - timedelta(days=1))
    said = words(await (await room.browser().signed_in("kansa")).get(f"{URL}?policy={digest}"))
    assert "利用情報 I9 範囲の決定待ち(何も提供されません) usage-items 終了" in said


async def test_every_purpose_has_its_mapping_to_joint_use(kansa):
    said = words(await kansa.get(URL))
    assert "P1 組合員の出資金・債権・組合員台帳の作成・管理のため 要検討" in said
    assert (
        "P4 商品のお届けまたはサービス提供(アフターサービスを含む)のため 含まれる 判断: 【見本】宅配事業部、承認: 【見本】管理責任者 【試験】 2026年3月20日(金)"
        in said
    )
    assert "P12 商品の納入、代金の決済などに不具合が生じた際の連絡を行うため 案件番号が必要 含まれる" in said
    assert "P13 常勤役職員の雇用管理のため 含まれない" in said


async def test_an_incomplete_notice_names_its_five_gaps(deli):
    said = words(await deli.get(f"/{OTHER}/notices"))
    assert "次の5件が定められていません" in said
    matters = ["項目", "利用目的", "名称", "住所", "代表者の氏名"]
    assert said.count("不足 共同利用する") == 2
    assert said.count("不足 管理責任者の") == 3
    assert all(matter in said for matter in matters)
    assert "日付の記録なし(まだ含まれません) 対象外" in said
    assert "窓口の定めがありません" in said
    assert "利用目的(9件)" in said
    assert "P2.guide 案内 案内・勧誘 要検討" in said
    text = (await deli.get(f"/{OTHER}/notices/2017-06-21.txt")).text
    assert all(f"  - {said}\n" in text for name, said in MATTERS.items() if name != "users")


async def test_the_text_is_a_file_with_all_items_users_and_the_responsible_party(kansa):
    answer = await kansa.get(f"{URL}/2022-04-01.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert all(f" {label}\n" in answer.text for label in (*ITEMS, *USERS))
    assert "  住所: 山形県鶴岡市宝田1丁目3-23\n  代表者: 代表理事 渡邊 一弥\n" in answer.text


async def test_the_html_says_what_the_text_says_in_japanese_whatever_the_reader_chose(kansa):
    await kansa.send("/language", {"language": "en", "back": URL})
    answer = await kansa.get(f"{URL}/2022-04-01.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="ja">' in answer.text
    assert all(label in answer.text for label in (*ITEMS, *USERS, "生活協同組合 共立社", "代表理事 渡邊 一弥"))
    plain = (await kansa.get(f"{URL}/2022-04-01.txt")).text
    said = words(answer)
    body = [line.strip() for line in plain.splitlines()[2:] if line.strip(" -")]
    assert [line for line in body if " ".join(line.replace(": ", " ").split()) not in said.replace(": ", " ")] == []


async def test_texts_of_the_demo_are_marked_as_test_data(clock):
    room = NoticeRoom(clock, demo=True)
    kansa = await room.browser().signed_in("kansa")
    for ending in ("txt", "html"):
        text = (await kansa.get(f"{URL}/2022-04-01.{ending}")).text
        assert "【試験】個人情報保護方針" in text
        assert "実在の公表事項ではありません" in text


async def test_the_page_is_there_in_english_with_its_words_quoted_as_published(kansa):
    assert (await kansa.send("/language", {"language": "en", "back": URL})).status_code == 303
    said = words(await kansa.get(URL))
    assert "Required matters in the version of 2022-04-01 Complete" in said
    assert "Open-ended, undecided: nothing is provided" in said
    assert "氏名 I1" in said


async def test_what_files_say_is_escaped_on_the_page_and_in_the_html(clock):
    files = repository_files()
    partner = "partners/coop-kaihatsu.yaml"
    files[partner] = files[partner].replace("株式会社コープ開発センター", f"'{HOSTILE}'")
    decision = f"policies/{COOP}/decisions/usage-items.yaml"
    reason = "【見本】商品のお届けと共済の提供に必要な利用情報に限る"
    files[decision] = files[decision].replace(reason, f"'{HOSTILE}'")
    assert HOSTILE in files[partner]
    assert HOSTILE in files[decision]
    room = NoticeRoom(clock)
    digest = room.publish_files(COOP, files, clock() - timedelta(days=1))
    kansa = await room.browser().signed_in("kansa")
    # The name of the partner; on the page the reason of the decision too, and that the user has another name now.
    for path, times in (("", 3), ("/2022-04-01.html", 1)):
        answer = await kansa.get(f"{URL}{path}?policy={digest}")
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert "<script>alert" not in answer.text
        assert answer.text.count("&lt;script&gt;alert") == times


async def test_the_notice_of_a_version_still_to_come_can_be_read_and_exported(room, kansa, clock):
    files = repository_files()
    agreements = [path for path in files if path.startswith(f"policies/{COOP}/agreements/")]
    later = {path: text for path, text in files.items() if path not in agreements}
    digest = room.publish_files(COOP, later, clock() + timedelta(days=10))
    page = await kansa.get(URL)
    assert f"?policy={digest}" in page.text
    other = await kansa.get(f"{URL}?policy={digest}")
    assert f"{URL}/2022-04-01.txt?policy={digest}" in other.text
    assert digest[:16] in (await kansa.get(f"{URL}/2022-04-01.txt?policy={digest}")).text
    assert digest[:16] not in (await kansa.get(f"{URL}/2022-04-01.txt")).text


async def test_without_the_files_the_page_shows_ids_and_there_is_no_text(room, kansa):
    room.proposals.versions.clear()
    said = words(await kansa.get(URL))
    assert "名称の代わりに番号で表示しています" in said
    assert "I9 I9 決定で特定済み" in said
    assert "2022-04-01 の版に必要な事項 完全" in said
    for ending in ("txt", "html"):
        assert (await kansa.get(f"{URL}/2022-04-01.{ending}")).status_code == 404


async def test_a_console_that_only_reads_shows_the_same(room):
    own = {name: getattr(room.desk, name) for name in StaffDesk.__dataclass_fields__}
    room.desk = StaffDesk(**own)
    room.compose()
    assert room.desk.office is None
    kansa = await room.browser().signed_in("kansa")
    assert "名称の代わりに番号で表示しています" in words(await kansa.get(URL))
    assert (await kansa.get(f"{URL}/2022-04-01.txt")).status_code == 404


async def test_a_browser_complains_of_neither_the_page_nor_the_text_to_print(clock):
    listener = bind("127.0.0.1", 0)
    room = NoticeRoom(clock, origin=f"http://127.0.0.1:{listener.getsockname()[1]}", demo=True)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(room.app, listener=listener, stop=stop, count=lambda _: None, linger=0.0, grace=1)
    )
    try:
        async with chromium() as browser, screen(browser, room) as opened:
            await opened.sign_in("kansa")
            await opened.page.get_by_role("link", name="公表事項").click()
            await opened.page.get_by_text("usage-items").click()
            assert await opened.page.get_by_text(
                "判断: 【見本】宅配事業部、承認: 【見本】管理責任者"
            ).first.is_visible()
            await opened.page.get_by_role("link", name="印刷用の文面").click()
            assert (await opened.page.inner_text("h1")).startswith("【試験】個人情報保護方針")
            assert opened.complaints == []
    finally:
        stop.set()
        await serving


async def test_what_does_not_exist_is_not_found(kansa):
    for path in ("?version=1999-01-01", "?policy=unknown", "/1999-01-01.txt", "/2022-04-01.txt?policy=unknown"):
        assert (await kansa.get(URL + path)).status_code == 404


async def test_operators_and_other_co_ops_do_not_read_it(room, kansa):
    unyo = await room.browser().signed_in("unyo")
    for path in ("", "/2022-04-01.txt", "/2022-04-01.html"):
        assert (await unyo.get(URL + path)).status_code == 403
        assert (await kansa.get(f"/{OTHER}/notices{path}")).status_code == 404


async def test_without_a_published_version_the_page_says_what_to_do(room, kansa):
    room.snapshots[COOP] = Snapshot(coop=COOP)
    answer = await kansa.get(URL)
    assert answer.status_code == 200
    assert "公布された公表事項がまだありません" in words(answer)
    assert (await kansa.get(f"{URL}/2022-04-01.txt")).status_code == 404
