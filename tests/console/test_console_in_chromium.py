"""The console in Chromium: nothing is complained of, the keyboard is enough, both languages and both schemes."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.clock import NOON, SettableClock
from tests.console.served import Screen, chromium, screen, served
from tests.console.simulated import COOP, Console

HOME = f"/{COOP}/"


def furnish(console: Console) -> None:
    console.staff.add("kian", "admin", "manager", name="起案 花子")
    console.staff.add("shonin", "manager", name="<script>alert(1)</script>")
    console.publish(NOON - timedelta(days=30), NOON + timedelta(days=9))
    console.proposals.add("配達曜日の提供を追加")
    console.proposals.add("電話番号を下4桁にする", state="submitted", author="shonin", editor="shonin")


@pytest.fixture
async def shown(clock: SettableClock) -> AsyncIterator[Screen]:
    async with served(clock) as console, chromium() as browser, screen(browser, console) as opened:
        furnish(console)
        yield opened


async def test_a_morning_s_work_goes_without_a_complaint(shown: Screen):
    await shown.sign_in("kian")
    page = shown.page
    assert await page.inner_text("h1") == "起案 花子 さんのホーム"
    for path in ("versions", "proposals", "proposals/p-2", "people"):
        await shown.go(HOME + path)
    await shown.go(f"{HOME}proposals?state=submitted")
    await page.get_by_role("button", name="English").click()
    await page.wait_for_function("document.documentElement.lang === 'en'")
    assert page.url.endswith(f"{HOME}proposals?state=submitted")
    assert await page.inner_text("h1") == "Proposals"
    await page.get_by_role("button", name="日本語").click()
    await page.wait_for_function("document.documentElement.lang === 'ja'")
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    await page.get_by_role("button", name="サインアウト").click()
    await page.wait_for_url("**/sign-in?said=out")
    assert shown.complaints == []


async def test_the_policies_are_enforced(shown: Screen):
    await shown.go("/sign-in")
    inline = "const s = document.createElement('div'); s.setAttribute('style', 'color: red'); document.body.append(s)"
    await shown.page.evaluate(inline)
    markup = "try { document.body.innerHTML = '<b>x</b>'; 'taken' } catch (fault) { fault.name }"
    assert await shown.page.evaluate(markup) == "TypeError"
    assert any("style-src" in told for told in shown.complaints)


async def test_before_a_session_ends_one_is_asked_and_may_stay(shown: Screen):
    await shown.page.clock.install()
    await shown.sign_in("kian")
    await shown.page.clock.run_for(13 * 60 * 1000 + 6_000)
    shown.console.clock.advance(minutes=13)
    async with shown.page.expect_response("**/stay") as answered:
        await shown.page.get_by_role("button", name="続ける").click()
    assert (await answered.value).status == 204
    [session] = shown.console.staff.sessions.values()
    assert session.seen == NOON + timedelta(minutes=13)
    shown.console.clock.advance(minutes=15)
    await shown.page.clock.run_for(15 * 60 * 1000 + 6_000)
    await shown.page.wait_for_url("**/sign-in?said=ended&**")
    assert shown.console.staff.sessions == {}
    assert shown.complaints == []
