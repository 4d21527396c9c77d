"""The staff console on a real socket, and Chromium in front of it: whatever it complains of is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser as Chromium, Page, async_playwright

from gateway.web.server import bind, serve
from tests.clock import SettableClock
from tests.console.simulated import COOP, PASSWORD, Console

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
# A violation is an event of the page as well as a line of the console; neither may be missed.
WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy violated: " + event.violatedDirective + " " + event.blockedURI));
"""


@asynccontextmanager
async def served(clock: SettableClock, **changes: Any) -> AsyncIterator[Console]:
    """Serve a console of the demo on the loopback address."""
    listener = bind("127.0.0.1", 0)
    console = Console(clock, origin=f"http://127.0.0.1:{listener.getsockname()[1]}", demo=True, **changes)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(console.app, listener=listener, stop=stop, count=lambda _: None, linger=0.0, grace=1)
    )
    try:
        yield console
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """Start Debian's Chromium."""
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: install it with `apt-get install chromium`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Screen:
    """One page in the browser and what it complained of."""

    page: Page
    console: Console
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.console.desk.origin + path)

    async def sign_in(self, person: str, *, coop: str = COOP) -> None:
        """Sign in with the keyboard alone, as the form is laid out."""
        await self.go("/sign-in")
        # The form asks for the focus itself; what is typed before it has it would be lost.
        await self.page.wait_for_selector("input[name=coop]:focus")
        for value in (coop, person, PASSWORD, self.console.code()):
            await self.page.keyboard.type(value)
            await self.page.keyboard.press("Enter" if value == self.console.code() else "Tab")
        await self.page.wait_for_url(f"**/{coop}/")


@asynccontextmanager
async def screen(browser: Chromium, console: Console, **options: Any) -> AsyncIterator[Screen]:
    """Open a page of its own cookies; `options` are the browser context's."""
    chosen = {"viewport": {"width": 1360, "height": 860}, "locale": "ja-JP", "timezone_id": "Asia/Tokyo", **options}
    context = await browser.new_context(**chosen)
    context.set_default_timeout(10_000)
    await context.add_init_script(WATCH)
    made = Screen(await context.new_page(), console)
    made.page.on("console", lambda line: made.complaints.append(line.text) if line.type != "debug" else None)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on(
        "response",
        lambda answer: made.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    try:
        yield made
    finally:
        await context.close()
