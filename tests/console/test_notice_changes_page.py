"""What changes of the notice: on 公表事項, on the start page, in a proposal's preview and on the command line."""

from datetime import date, timedelta
from typing import Literal

import pytest

from gateway.cli import preview_words
from gateway.console.notices.notice_tasks import _RECENT
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.changes.wishes import Wish
from tests.console.acting_room import HERE, Room
from tests.console.matrix_room import repository_files
from tests.console.simulated import COOP, words
from tests.console.test_notices_page import URL, NoticeRoom
from tests.control_plane.notice_versions import ADDED, RENAMED, SECOND, two_versions

TITLE = "公表事項の変更(法27条6項)"


@pytest.fixture(autouse=True)
def _forgotten():
    _RECENT.clear()


async def shown(clock, files: dict[str, str], *, person: str = "kansa", path: str = URL, lang: str = "ja") -> str:
    here = NoticeRoom(clock)
    here.publish_files(COOP, files, clock() - timedelta(days=1))
    reader = await here.browser().signed_in(person)
    if lang == "en":
        await reader.send("/language", {"language": "en", "back": URL})
    return words(await reader.get(path))


async def test_versions_that_change_nothing_teach_what_will_stand_there(clock):
    said = await shown(clock, repository_files())
    assert TITLE in said
    assert "版どうしの変更はありません" in said


async def test_a_new_representative_is_told_with_its_days_and_its_source(clock):
    said = await shown(clock, two_versions(repository_files(), RENAMED))
    assert "代表者: 代表理事 渡邊 一弥 → 代表理事 佐藤 次" in said
    assert "変更から公表までの日数: 19日" in said
    assert "根拠: 法27条6項 [K]" in said
    assert "遅滞なく公表します" in said
    assert "済み" in said


async def test_what_came_too_late_is_marked_and_what_is_not_yet_published_is_a_task_on_the_start_page(clock):
    files = two_versions(repository_files(), RENAMED, published=date(2026, 12, 1))
    assert "未了" in await shown(clock, files)
    home = await shown(clock, files, path=f"/{COOP}/")
    assert "公表事項の手続" in home
    assert f"2022-04-01 → {SECOND} の版: 責任を有する者の名称・住所・代表者の変更" in home
    clock.now += timedelta(days=10)
    assert "公表事項の手続" not in await shown(clock, files, path=f"/{COOP}/")
    earlier = ("text: 代表理事 渡邊 一弥, from: 2022-04-01", "text: 代表理事 佐藤 次, from: 2026-10-01")
    assert "済み (遅れ)" in await shown(clock, two_versions(repository_files(), earlier))


async def test_it_is_told_in_english(clock):
    said = await shown(clock, two_versions(repository_files(), ADDED), lang="en")
    assert "Changes of the notice (Art. 27(6))" in said
    assert "items added" in said
    assert "decision earlier-members (ground: consent) covers members" in said


async def test_operators_see_no_task(clock):
    files = two_versions(repository_files(), RENAMED, published=date(2026, 12, 1))
    assert "公表事項の手続" not in await shown(clock, files, person="unyo", path=f"/{COOP}/")


async def proposed(room: Room, *changes: tuple[str, str]) -> str:
    """Let 佐藤 propose a second version of the notice; return the proposal's id."""
    wish = Wish(
        files=two_versions(repository_files(), *changes),
        title="公表事項の改訂",
        department=HERE,
        effective=None,
        reason="試験",
    )
    return (await steps.begin(room.office, COOP, wish, by="sato")).id


async def test_the_preview_of_a_proposal_says_what_the_law_asks_for(room: Room):
    proposal = await proposed(room, RENAMED, ADDED)
    ito = await room.person("ito")
    said = words(await ito.go(f"proposals/{proposal}"))
    assert TITLE in said
    assert "勤務先 (I12)" in said
    assert "次の版で取得した組合員は対象外です: 2022-04-01" in said
    assert "代表者: 代表理事 渡邊 一弥 → 代表理事 佐藤 次" in said


async def test_the_command_line_says_the_same(room: Room, capsys: pytest.CaptureFixture[str]):
    proposal = await room.office.proposals.get(COOP, await proposed(room, RENAMED))
    assert proposal is not None
    digest, body = await steps.foreseen(room.office, proposal)
    both: tuple[tuple[Literal["ja", "en"], str], ...] = (("ja", TITLE), ("en", "changes of the notice (Art. 27(6))"))
    for lang, title in both:
        preview_words.tell(proposal, Preview.from_bytes(body), digest, lang=lang)
        told = capsys.readouterr().out
        assert title in told
        assert "代表理事 佐藤 次" in told


async def test_a_proposal_that_leaves_the_notice_alone_has_no_such_section_and_names_its_purposes(room: Room):
    path = await room.narrowed()
    said = words((await room.person("sato")).page)
    assert path
    assert TITLE not in said
    assert "商品のお届けまたはサービス提供(アフターサービスを含む)のため(P4)、G1の" in said
