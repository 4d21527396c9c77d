"""Tables that hold much: read at the widths of an office's screens without a line of single characters, and whole on A4."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.clock import SettableClock
from tests.console.furnished import PEOPLE, Furnished, furnished
from tests.console.served import chromium
from tests.console.test_console_pictures import seat
from tests.control_plane.beyond import TROUBLE
from tests.house import COOP

SHEET = 703
"""Pixels across A4 upright within margins of 12 mm."""
WIDE = """() => [...document.querySelectorAll(".table-frame")].map((one) => one.scrollWidth - one.clientWidth)"""
HEADS = """(name) => [...document.querySelectorAll(`.table-frame[aria-label="${name}"] thead th`)].map((one) => {
  const range = document.createRange();
  range.selectNodeContents(one);
  const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size;
  return [one.textContent, one.textContent.length / lines];
})"""
NARROW = """() => [...document.querySelectorAll("td.prose")].filter((one) => one.getBoundingClientRect().width < 120).length"""
CELLS = (
    """(nth) => [...document.querySelectorAll(`.log-list tbody td:nth-child(${nth})`)].map((one) => one.textContent)"""
)


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[Furnished]:
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys) as made:
        yield made


async def printed(page: Page) -> tuple[int, list[int]]:
    """Return how much wider than a sheet the page is when printed, and each table than its frame."""
    await page.set_viewport_size({"width": SHEET, "height": 1000})
    await page.emulate_media(media="print")
    beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth"), await page.evaluate(WIDE)
    await page.emulate_media(media="screen")
    return beyond


async def test_the_log_and_a_members_record_are_read_on_a_screen_and_fit_a_sheet(place: Furnished):
    member = next(one for one in place.starts["homu"] if "/members/" in one)
    async with chromium() as browser, seat(browser, place, "homu") as page:
        for path, name in ((f"/{COOP}/transfers?period=365d", "提供ログ"), (member, "提供の履歴の表")):
            await page.goto(place.origin + path)
            for width in (1280, 1360):
                await page.set_viewport_size({"width": width, "height": 860})
                assert max(await page.evaluate(WIDE)) == 0, (path, width)
                heads = await page.evaluate(HEADS, name)
                assert heads
                assert [text for text, a_line in heads if a_line < min(2, len(text))] == [], (path, width)
                assert await page.evaluate(NARROW) == 0, (path, width)
            beyond, tables = await printed(page)
            assert tables
            assert (beyond, max(tables)) == (0, 0), path


async def test_requests_beyond_a_limit_fit_a_sheet(place: Furnished):
    async with chromium() as browser, seat(browser, place, "sato") as page:
        for path in (f"/{COOP}/over-quota", f"/{COOP}/over-quota/{TROUBLE}"):
            await page.goto(place.origin + path)
            beyond, tables = await printed(page)
            assert tables
            assert (beyond, max(tables)) == (0, 0), path


async def test_who_did_something_is_not_taken_for_a_partner(place: Furnished):
    staff = {name for _, name, _, _ in PEOPLE}
    async with chromium() as browser, seat(browser, place, "homu") as page:
        await page.goto(f"{place.origin}/{COOP}/transfers?period=365d")
        kinds, partners = await page.evaluate(CELLS, 3), await page.evaluate(CELLS, 4)
    assert any(name in cell for cell in kinds for name in staff)
    assert [cell for cell in partners if any(name in cell for name in staff)] == []
