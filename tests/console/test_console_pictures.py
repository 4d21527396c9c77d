"""Every screen of the console, pictured: into a temporary folder, or with CONSOLE_PICTURES=docs/console into the manual.

docs/console/README.md shows the pictures; what is pictured, shown there and kept beside it are the same.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.clock import SettableClock
from tests.console.furnished import INCOMPLETE, Furnished, furnished
from tests.console.served import chromium
from tests.house import COOP, ROOT

FOLDER = ROOT / "docs" / "console"
MOST_EACH, MOST_TOGETHER = 260_000, 8_000_000
"""Bytes of a picture, and of all in the folder."""
PATIENCE_MS = 120_000
"""A picture waits until the page stands still: on a machine that is busy, for long."""
# Screen → (who reads it, where it is); `<name>` is the proposal of that name in furnished.py, `[room 0]` the first page that
# no link leads to below that address.
SCREENS: dict[str, tuple[str, str]] = {
    "sign-in": ("", "/sign-in"),
    "home-admin": ("sato", "/"),
    "home": ("ito", "/"),
    "proposals": ("sato", "/proposals"),
    "proposal-new": ("sato", "/proposals/new"),
    "proposal-draft": ("sato", "/proposals/<draft>"),
    "proposal": ("ito", "/proposals/<submitted>"),
    "reach": ("ito", "/proposals/<submitted>/reach"),
    "grants": ("sato", "/grants"),
    "matrix-in-force": ("homu", "/grants/sunnet/kyoritsusha-sunnet-01"),
    "matrix": ("sato", "/matrix/<draft>/sunnet/kyoritsusha-sunnet-01"),
    "draft-notice": ("sato", "/proposals/<draft>/notice"),
    "draft-responsible": ("sato", "/proposals/<draft>/notice/2022-04-01/responsible"),
    "draft-partners": ("sato", "/proposals/<draft>/partners"),
    "draft-agreement": ("sato", "/proposals/<draft>/partners/sunnet/agreements/kyoritsusha-sunnet-01"),
    "draft-clauses": ("sato", "/proposals/<draft>/partners/sunnet/agreements/kyoritsusha-sunnet-01/clauses"),
    "draft-files": ("sato", "/proposals/<draft>/files"),
    "draft-diff": ("sato", "/proposals/<draft>/files/diff"),
    "notices": ("homu", "/notices"),
    "notices-incomplete": ("deli", "/notices"),
    "gaps": ("homu", "/gaps"),
    "unused": ("sato", "/unused"),
    "partners": ("unyo", "/partners"),
    "partner": ("unyo", "/partners/sunnet"),
    "partner-requests": ("ito", "/partners/jccu/requests"),
    "try": ("homu", "/try?partner=sunnet&purpose=P4&product=G1&field=member_code&field=name&field=phone"),
    "versions": ("homu", "/versions"),
    "home-compliance": ("homu", "/"),
    "transfers": ("homu", "/transfers"),
    "transfer": ("homu", "[transfers 0]"),
    "charts": ("homu", "/transfers/charts"),
    "anomalies": ("homu", "/anomalies"),
    "members": ("homu", "/members"),
    "member": ("homu", "[members 0]"),
    "cases": ("homu", "/cases"),
    "restrictions": ("homu", "/restrictions"),
    "follow-ups": ("homu", "/follow-ups"),
    "incidents": ("homu", "/incidents"),
    "incident": ("homu", "[incidents 1]"),
    "emergencies": ("ito", "/emergencies"),
    "reviews": ("homu", "/reviews"),
    "over-quota": ("sato", "/over-quota"),
    "member-events": ("homu", "/members/events"),
    "measures": ("homu", "/measures"),
    "verify": ("homu", "/verify"),
    "ledger": ("homu", "/reports/ledger"),
    "month": ("homu", "/reports/month"),
    "people": ("homu", "/people"),
    "role-review": ("homu", "/people/review"),
}
TWICE = ("home", "matrix", "proposal")
"""Also in English, in the dark."""


def names() -> list[str]:
    return sorted([f"{name}.png" for name in SCREENS] + [f"{name}-en-dark.png" for name in TWICE])


async def test_every_screen_is_pictured(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path):
    asked = os.environ.get("CONSOLE_PICTURES")
    folder = tmp_path / "pictures" if asked is None else Path(asked).absolute()
    folder.mkdir(exist_ok=True)
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys) as place, chromium() as browser:
        for person in {who: None for who, _ in SCREENS.values()}:
            async with seat(browser, place, person) as page:
                for name, path in ((name, path) for name, (who, path) in SCREENS.items() if who == person):
                    await picture(page, place, person, path, to=folder / f"{name}.png")
                    if name in TWICE:
                        dark: dict[str, Any] = {"language": "en", "scheme": "dark"}
                        await picture(page, place, person, path, to=folder / f"{name}-en-dark.png", **dark)
    made = {path.name: path.stat().st_size for path in folder.glob("*.png") if path.name in names()}
    assert sorted(made) == names()
    assert {name: size for name, size in made.items() if size > MOST_EACH} == {}
    assert sum(made.values()) <= MOST_TOGETHER


@asynccontextmanager
async def seat(browser: Browser, place: Furnished, person: str) -> AsyncIterator[Page]:
    """Open a browser for a person; nobody, where `person` is empty."""
    context = await browser.new_context(
        viewport={"width": 1360, "height": 860}, locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        if person:
            session = await place.session(person, coop=coop_of(person))
            kept = {"name": "session", "value": session, "url": place.origin}
            await context.add_cookies([kept])  # type: ignore[list-item]  # a plain dict
        yield await context.new_page()
    finally:
        await context.close()


def coop_of(person: str) -> str:
    return INCOMPLETE if person == "deli" else COOP


def address(place: Furnished, person: str, path: str) -> str:
    """Return where a screen is."""
    if not person:
        return path
    coop = coop_of(person)
    if behind := re.fullmatch(r"\[(\w+) (\d)\]", path):
        below = [one for one in place.starts[person] if one.startswith(f"/{coop}/{behind[1]}/")]
        path = below[int(behind[2])].removeprefix(f"/{coop}")
    return re.sub("<([a-z ]+)>", lambda found: place.proposals[found[1]].id, f"/{coop}{path}")


async def picture(
    page: Page, place: Furnished, person: str, path: str, *, to: Path, language: str = "ja", scheme: Any = "light"
) -> None:
    """Picture a page as a person sees it, once it stands still."""
    spoken = {"name": "language", "value": language, "url": place.origin}
    await page.context.add_cookies([spoken])  # type: ignore[list-item]  # a plain dict
    await page.emulate_media(color_scheme=scheme)
    answer = await page.goto(place.origin + address(place, person, path))
    assert answer is not None
    assert answer.status == 200, path
    await page.screenshot(path=to, animations="disabled", caret="hide")


def test_the_manual_shows_every_picture_and_no_other():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"\(([\w-]+\.png)\)", text))) == names()
    assert sorted(path.name for path in FOLDER.glob("*.png")) == names()
