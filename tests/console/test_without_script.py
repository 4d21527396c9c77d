"""The console in a browser that runs no script: every kind of act is a form, and its answer is a page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from gateway.tlog.entries import Partner, Proposal, Publish
from tests.clock import SettableClock
from tests.console.furnished import Furnished, furnished
from tests.console.served import chromium
from tests.console.simulated import COOP, PASSWORD
from tests.house import House

MATRIX = "sunnet/kyoritsusha-sunnet-01"
CELL = "trouble/email"


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[Furnished]:
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys) as made:
        yield made


@asynccontextmanager
async def seat(browser: Browser, place: Furnished, person: str) -> AsyncIterator[Page]:
    """Seat a person who signs in by the form."""
    context = await browser.new_context(java_script_enabled=False, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    try:
        page = await context.new_page()
        await page.goto(f"{place.origin}/{COOP}/")
        for name, value in (("coop", COOP), ("person", person), ("password", PASSWORD), ("code", place.code())):
            await page.fill(f"input[name={name}]", value)
        await press(page, "サインインする")
        yield page
    finally:
        await context.close()


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).first.click()


async def follow(page: Page, link: str) -> None:
    await page.locator("main").get_by_role("link", name=link).first.click()


async def unfold(page: Page, summary: str) -> None:
    await page.locator("summary", has_text=summary).first.click()


async def told(page: Page) -> str:
    return await page.inner_text(".flash-good, .flash-note")


async def acts(house: House, since: int) -> list[str]:
    """What the log says that people did after an entry."""
    entries = (await house.entries())[since:]
    return [
        "publish" if isinstance(one, Publish) else one.event
        for one in entries
        if isinstance(one, Partner | Proposal | Publish)
    ]


async def test_every_kind_of_act_is_done_without_a_script(place: Furnished):
    before = len(await place.house.entries())
    async with chromium() as browser:
        async with seat(browser, place, "sato") as sato:
            await in_both_languages(sato)
            changed = await drafts_and_submits(sato)
            taken_back = await begins(sato, "取り下げる申請")
            await unfold(sato, "取り下げる")
            await sato.fill("#reason-withdraw", "別の申請にまとめる")
            await press(sato, "取り下げる")
            assert "取り下げました" in await told(sato)
            await press(sato, "サインアウト")
            assert "サインアウト" in await sato.inner_text("main")
        async with seat(browser, place, "ito") as ito:
            await sends_back(ito, changed)
        place.house.clock.advance(seconds=30)  # the next code
        async with seat(browser, place, "sato") as sato:
            await sato.goto(changed)
            await press(sato, "承認を申請する")
        async with seat(browser, place, "ito") as ito:
            await ito.goto(changed)
            await press(ito, "承認する")
            assert "承認しました" in await told(ito)
            await press(ito, "公布する")
            assert "公布しました" in await told(ito)
        async with seat(browser, place, "unyo") as unyo:
            await suspends(unyo)
    assert taken_back != changed
    assert await acts(place.house, before) == [
        *("amend", "amend", "amend", "submit"),
        *("amend", "withdraw"),
        *("reject", "submit", "approve", "publish", "suspended"),
    ]


async def in_both_languages(page: Page) -> None:
    await press(page, "English")
    assert await page.get_attribute("html", "lang") == "en"
    await press(page, "日本語")
    assert await page.get_attribute("html", "lang") == "ja"


async def begins(page: Page, title: str) -> str:
    """Begin a proposal; return its URL."""
    await page.goto(page.url.partition(f"/{COOP}/")[0] + f"/{COOP}/proposals/new")
    await page.fill("#title", title)
    await page.fill("#reason", "書面で決めたため")
    await press(page, "下書きを作る")
    assert "下書きを作りました" in await told(page)
    return page.url


async def drafts_and_submits(page: Page) -> str:
    """Change a cell by its select, a title by its field, and submit."""
    url = await begins(page, "商品事故の連絡からメールを除く")
    await page.goto(url.replace("/proposals/", "/matrix/") + f"/{MATRIX}")
    await page.locator(f"select[name='{CELL}']").select_option("mask")
    await press(page, "変更を保存")
    assert "1" in await told(page)
    assert await page.locator(f"select[name='{CELL}']").input_value() == "mask"
    await page.goto(url)
    await unfold(page, "件名・施行日時・理由を直す")
    await page.fill("#title", "商品事故の連絡でメールを伏せる")
    await press(page, "保存する")
    assert "商品事故の連絡でメールを伏せる" in await page.inner_text("h1")
    await press(page, "承認を申請する")
    assert "承認を申請しました" in await told(page)
    return url


async def sends_back(page: Page, url: str) -> None:
    await page.goto(url)
    await unfold(page, "差し戻す")
    await page.fill("#reason-reject", "理由を詳しく書いてください")
    await press(page, "差し戻す")
    assert "差し戻しました" in await told(page)


async def suspends(page: Page) -> None:
    await page.goto(page.url + "partners/sunnet")
    await page.fill("input[name=confirm]", "sunnet")
    await page.fill("[name=reason]", "鍵の漏えいの疑い")
    await press(page, "直ちに止める")
    assert "提供を止めました" in await told(page)
