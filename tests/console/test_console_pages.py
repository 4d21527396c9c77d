"""What each page shows, to whom, and in which language."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gateway.console.app import PAGES
from gateway.console.language import day_text
from gateway.core.days import Span
from gateway.core.state import Snapshot
from tests.clock import NOON
from tests.console.simulated import COOP, OTHER, Console, words

HOME = f"/{COOP}/"


async def page(console: Console, person: str, path: str = "") -> str:
    browser = await console.browser().signed_in(person)
    answer = await browser.get(HOME + path)
    assert answer.status_code == 200
    console.clock.advance(seconds=30)  # the next one's code
    return answer.text


async def test_the_front_leads_to_the_person_s_own_co_op(console: Console):
    browser = console.browser()
    assert (await browser.get("/")).headers["location"] == "/sign-in"
    await browser.signed_in("kian")
    for path in ("/", "/sign-in"):
        assert (await browser.get(path)).headers["location"] == HOME


async def test_home_shows_my_drafts_and_not_those_of_others(console: Console):
    console.proposals.add("自分の下書きの件")
    console.proposals.add("編集した件", author="other")
    console.proposals.add("他人の件", author="other", editor="other")
    console.proposals.add("申請済みの件", state="submitted")
    text = await page(console, "kian")
    assert "自分の下書きの件" in text
    assert "編集した件" in text
    assert "申請済みの件" in text
    assert "他人の件" not in text


async def test_home_shows_a_manager_what_waits_for_their_own_approval(console: Console):
    console.proposals.add("承認を待つ件", state="submitted")
    console.proposals.add("別の部署の件", state="submitted", department="事業部")
    console.proposals.add("自分が直した件", state="submitted", editor="shonin")
    console.proposals.add("まだ下書き", state="draft")
    console.proposals.add("取り下げた件", state="withdrawn")
    text = await page(console, "shonin")
    waiting = text.partition('id="waiting-name"')[2].partition("</section>")[0]
    assert "承認を待つ件" in waiting
    assert not [title for title in ("別の部署の件", "自分が直した件", "まだ下書き", "取り下げた件") if title in waiting]
    assert "1件" in text.partition('href="#waiting"')[2].partition("</a>")[0]
    assert 'id="waiting"' not in await page(console, "kian")


async def test_home_shows_what_comes_into_force_soon_and_what_is_in_force(console: Console):
    console.publish(NOON + timedelta(days=9))
    console.proposals.add("承認された件", state="approved")
    text = await page(console, "kansa")
    soon = text.partition('id="soon-name"')[2]
    assert "2026年12月1日(火) 12:00" in soon
    assert "承認された件" in soon
    assert "第1版" in text
    assert "2026年10月23日(金) 12:00" in text


async def test_where_nothing_is_yet_the_next_step_is_told(console: Console):
    console.snapshots[COOP] = Snapshot(coop=COOP)
    home = await page(console, "kian")
    assert "最初の版が公布されるまで、何も提供されません" in home
    assert "変更申請を作ります" in home
    assert "変更申請が承認され公布されると、最初の版ができます" in await page(console, "kian", "versions")
    assert "ここから申請を作ります" in await page(console, "kian", "proposals")
    assert "起案の役割を持つ人が申請を作ると" in await page(console, "kansa", "proposals")


async def test_the_navigation_leads_to_screens_that_are_there_and_are_the_reader_s(console: Console):
    side = (await page(console, "shonin")).partition('<nav class="side"')[2].partition("</nav>")[0]
    for path in ("", "proposals", "versions", "people"):
        assert f'href="{HOME}{path}"' in side
    for path in ("notices", "partners", "grants", "try", "approvals"):
        there = f"/{{coop}}/{path}" in {route.path for route in PAGES}
        assert (f'href="{HOME}{path}"' in side) == there
    assert f'href="{HOME}" aria-current="page"' in side


async def test_the_versions_as_of_a_day_are_in_the_url(console: Console):
    console.snapshots[COOP] = Snapshot(coop=COOP)
    console.publish(NOON - timedelta(days=60), NOON - timedelta(days=30), NOON + timedelta(days=5))
    now = words_of_rows(await page(console, "kansa", "versions"))
    assert [row[:7] for row in now] == ["第3版 施行前", "第2版 有効 ", "第1版 過去 "]
    before = words_of_rows(await page(console, "kansa", "versions?on=2026-10-22"))
    assert [row[:7] for row in before] == ["第3版 施行前", "第2版 施行前", "第1版 有効 "]
    # It begins at noon of this day and is in force at its end.
    that_day = words_of_rows(await page(console, "kansa", "versions?on=2026-10-23"))
    assert [row[:7] for row in that_day] == ["第3版 施行前", "第2版 有効 ", "第1版 過去 "]
    after = words_of_rows(await page(console, "kansa", "versions?on=2026-11-27"))
    assert [row[:6] for row in after] == ["第3版 有効", "第2版 過去", "第1版 過去"]


def words_of_rows(text: str) -> list[str]:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>")[:-1]]


@pytest.mark.parametrize("on", ["x", "2026-13-01", "2026-11-31", "0000-01-01", "2026-11-22T00:00"])
async def test_a_day_that_is_none_is_said_to_be_and_today_is_shown(console: Console, on):
    text = await page(console, "kansa", f"versions?on={on}")
    assert "日付を読み取れません" in text
    assert 'value="2026-11-22"' in text


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31", "9998-12-31", ""])
async def test_any_day_of_the_calendar_can_be_asked_for(console: Console, on):
    assert "日付を読み取れません" not in await page(console, "kansa", f"versions?on={on}")


async def test_the_list_of_proposals_is_narrowed_by_its_url_and_counts_tell_what_is_behind(console: Console):
    console.proposals.add("下書きの件")
    console.proposals.add("待つ件", state="submitted", author="other", editor="other")
    console.proposals.add("公布した件", state="published", author="other", editor="other")
    console.proposals.add("別の生協の件", coop=OTHER)
    everything = await page(console, "kian", "proposals")
    assert [title for title in ("下書きの件", "待つ件", "公布した件") if title in everything] != []
    assert "別の生協の件" not in everything
    assert 'すべて<span class="count">3</span>' in everything
    assert '承認待ち<span class="count">1</span>' in everything
    waiting = await page(console, "kian", "proposals?state=submitted")
    assert "待つ件" in waiting
    assert "下書きの件" not in waiting
    mine = await page(console, "kian", "proposals?mine=1")
    assert "下書きの件" in mine
    assert "待つ件" not in mine
    assert "この条件に合う申請はありません" in await page(console, "kian", "proposals?state=withdrawn&mine=1")
    assert "公布した件" in await page(console, "kian", "proposals?state=nonsense")


async def test_a_proposal_shows_its_state_who_made_it_and_the_one_rule(console: Console):
    console.proposals.add(
        "配達曜日の追加", state="approved", approver="shonin", effective=NOON + timedelta(days=2), editor="gone"
    )
    text = await page(console, "kansa", "proposals/p-1")
    for said in (
        "配達曜日の追加",
        "承認済み",
        "起案 花子",
        "承認 太郎",
        "gone",
        "2026年11月24日(火) 12:00",
        "組合員部",
    ):
        assert said in text
    assert "作成者・最終編集者は承認できません。変更すると承認は取り消されます。" in text
    assert 'aria-current="step"><span>承認済み</span>' in text


async def test_a_proposal_that_is_not_there_is_a_page_that_says_so(console: Console):
    browser = await console.browser().signed_in("kian")
    answer = await browser.get(f"{HOME}proposals/p-404")
    assert answer.status_code == 404
    assert "ページが見つかりません" in words(answer)
    assert answer.headers["x-request-id"] in answer.text


async def test_people_are_listed_with_periods_and_deputies_and_ended_roles_are_folded(console: Console):
    week = Span(NOON - timedelta(days=1), NOON + timedelta(days=6))
    console.staff.add("dairi", name="代理 史郎")
    console.staff.give("dairi", "manager", department="組合員部", span=week, deputy_for="shonin")
    console.staff.give("kansa", "compliance", span=Span(None, NOON - timedelta(days=60)))
    console.staff.give("unyo", "admin", department="事業部", span=Span(NOON + timedelta(days=40), None))
    console.staff.add("moto", name="退任 五郎", active=False)
    console.staff.add("mikata", name="役割 無子")
    text = await page(console, "kian", "people")
    assert "承認 太郎 の代理承認者" in text
    assert "2026年11月28日(土) 12:00" in text
    folded = text.partition("監査 次郎")[2].partition("</tr>")[0].partition("<details>")[2]
    assert "コンプライアンス" in folded
    later = text.partition("運用 三郎")[2].partition("</tr>")[0]
    assert "事業部" in later
    assert "退任 五郎" in text.partition("退任した担当者(1人)")[2]
    assert "役割 無子" in text.partition("役割のない担当者")[2]
    assert "別の生協" not in text


async def test_the_language_toggle_returns_to_the_same_url_in_the_other_language(console: Console):
    browser = await console.browser().signed_in("kian")
    japanese = await browser.get(f"{HOME}proposals?state=draft&mine=1")
    assert '<html lang="ja">' in japanese.text
    assert f'name="back" value="{HOME}proposals?state=draft&amp;mine=1"' in japanese.text
    answer = await browser.send("/language", {"language": "en", "back": f"{HOME}proposals?state=draft&mine=1"})
    assert answer.headers["location"] == f"{HOME}proposals?state=draft&mine=1"
    english = await browser.get(answer.headers["location"])
    assert '<html lang="en">' in english.text
    assert "Proposals" in english.text
    for wrong in ({"language": "fr"}, {}, {"calendar": "lunar"}, {"language": "en", "calendar": "japanese"}):
        assert (await browser.send("/language", wrong)).status_code == 400
    away = await browser.send("/language", {"language": "ja", "back": "//evil.example"})
    assert away.headers["location"] == "/"


async def test_years_are_counted_by_era_where_somebody_prefers_that(console: Console):
    browser = await console.browser().signed_in("kian")
    assert "2026年11月22日(日)" in (await browser.get(HOME)).text
    answer = await browser.send("/language", {"calendar": "japanese", "back": HOME})
    assert answer.headers["location"] == HOME
    page = (await browser.get(HOME)).text
    assert "令和8年11月22日(日)" in page
    assert "2026年11月22日" not in page
    assert 'value="western">西暦' in page
    await browser.send("/language", {"language": "en", "back": HOME})
    assert "Sun 22 Nov 2026" in (await browser.get(HOME)).text


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (datetime(2019, 4, 30, 14, 59, tzinfo=UTC), "平成31年4月30日(火)"),
        (datetime(2019, 4, 30, 15, 0, tzinfo=UTC), "令和元年5月1日(水)"),
        (datetime(1989, 1, 8, tzinfo=UTC), "平成元年1月8日(日)"),
        (datetime(1926, 12, 24, tzinfo=UTC), "大正15年12月24日(金)"),
        (datetime(1912, 7, 29, tzinfo=UTC), "明治45年7月29日(月)"),
        (datetime(1872, 12, 30, tzinfo=UTC), "1872年12月30日(月)"),
    ],
)
def test_a_day_of_each_era(day: datetime, said: str):
    assert day_text(day, "ja", "japanese") == said


@pytest.mark.parametrize(("language", "title"), [("ja", "処理できませんでした"), ("en", "Something failed")])
async def test_what_nobody_foresaw_is_a_page_in_the_reader_s_language_and_tells_nothing(clock, language, title):
    def fails(coop: str) -> Snapshot:
        raise RuntimeError("canary-4711")

    console = Console(clock, current=fails)
    console.staff.add("kian", "admin")
    browser = await console.browser().signed_in("kian")
    await browser.send("/language", {"language": language, "back": "/"})
    answer = await browser.get(HOME)
    assert answer.status_code == 500
    assert title in words(answer)
    assert "canary" not in answer.text
    assert (
        "unforeseen",
        {"kind": "RuntimeError", "request_id": answer.headers["x-request-id"]},
    ) in console.telemetry.told


async def test_the_ribbon_tells_test_from_live(console: Console, clock):
    assert "本番" in await page(console, "kian")
    demo = Console(clock, origin="http://127.0.0.1:8401", demo=True)
    demo.staff.add("kian", "admin")
    text = await page(demo, "kian")
    assert "試験" in text
    assert "本番" not in text


async def test_a_co_op_cannot_be_called_as_a_page_is(clock):
    with pytest.raises(ValueError, match="sign-in"):
        Console(clock, coops={"sign-in": "x"})


async def test_a_name_that_changed_is_shown_as_it_is_now(console: Console):
    console.proposals.add("件")
    console.staff.persons[COOP, "kian"] = replace(console.staff.persons[COOP, "kian"], name="改姓 花子")
    assert "改姓 花子" in await page(console, "kansa", "proposals/p-1")
