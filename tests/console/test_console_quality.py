"""Every page that links lead to, by every kind of reader: reached, well-formed, accessible, quiet under its policy.

A page that is added to the console is held to all of this without a word here; one that nothing leads to fails.
"""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, ViewportSize

from gateway.console.app import PAGES
from gateway.core.changes.proposal import STATES
from tests.clock import SettableClock
from tests.console.crawl import Seen, crawl, look, route_of
from tests.console.furnished import INCOMPLETE, Furnished, furnished
from tests.console.served import WATCH, chromium
from tests.house import COOP

pytestmark = pytest.mark.asyncio(loop_scope="module")

READERS = (("sato", COOP), ("ito", COOP), ("homu", COOP), ("unyo", COOP), ("deli", INCOMPLETE))
"""An admin, a manager, compliance, an operator; and an admin of the co-op whose notice lacks what it lacks."""
NOT_LED_TO = {
    "/": "leads on to the home page",
    "/sign-in": "stands before the first link; it is looked at below",
    "/sign-in/organisation": "leads on to the organisation's own sign-in, where one is configured",
    "/sign-in/organisation/return": "is where that sign-in leads back to",
    "/static/{digest}/{name}": "no page",
}
JAPANESE = {"/{coop}/notices/{version}.html": "what the co-op published, to be put on its own site"}
NOT_PRESSED = {
    "/sign-in": "stands before the first link; it is looked at below",
    "/{coop}/stay": "the dialog of a session that is about to end sends it, and only a script can know that",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WORDED = [
    *(
        "document-title",
        "html-has-lang",
        "html-lang-valid",
        "valid-lang",
        "button-name",
        "link-name",
        "label",
        "select-name",
    ),
    *("input-button-name", "aria-input-field-name", "aria-command-name", "summary-name", "image-alt", "svg-img-alt"),
    *("empty-heading", "empty-table-header"),
]
"""What depends on the words of a page; its contrast in the dark is measured below, a hundred times as fast."""
NAMED = ["link-name", "button-name"]
"""What may lose its words where there is little room for them."""
SLOW = "color-contrast"
"""Half of what all rules cost: asked of a page that has a style which none before it had; FAINT measures every page."""
Looks = tuple[str, Literal["light", "dark"], list[str], ViewportSize, ViewportSize]
WIDE: ViewportSize = {"width": 1360, "height": 860}
NARROW: ViewportSize = {"width": 390, "height": 800}
LOOKS: tuple[Looks, ...] = (("ja", "light", RULES, WIDE, NARROW), ("en", "dark", WORDED, NARROW, WIDE))
"""Language, colours, rules, and from which width to which a window goes: the markup is the same in both languages, and what
a page says does not depend on its colours."""

Walks = dict[tuple[str, str], dict[str, Seen]]
"""(person, language) → URL → page."""
Known = set[tuple[str, str | None] | str]
"""Routes, what each of them sends to, and styles."""
Found = tuple[str, Seen]
"""Who opened a page, and the page."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    sqlite_template: Path, gateway_keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Furnished]:
    folder = tmp_path_factory.mktemp("furnished")
    database = shutil.copy(sqlite_template, folder / "gateway.db")
    async with furnished(f"sqlite:///{database}", folder, SettableClock(), keys=gateway_keys) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walks(place: Furnished) -> Walks:
    """Walk through the console in Japanese; of what is there in English, look at one page of each kind."""
    found: Walks = {}
    known: Known = set()
    for person, coop in READERS:
        cookies = {"session": await place.session(person, coop=coop), "language": "ja"}
        async with httpx2.AsyncClient(base_url=place.origin, cookies=cookies, timeout=30) as http:
            walk = found[person, "ja"] = await crawl(http, starts_of(place, person, coop), PAGES)
            http.cookies.set("language", "en")
            kinds = kinds_of(((person, page) for page in walk.values()), known)
            found[person, "en"] = {page.url: await look(http, page.url, page.route) for _, page in kinds}
    return found


def starts_of(place: Furnished, person: str, coop: str) -> list[str]:
    """Return where a walk begins: at home, and at every proposal, what can be changed first; operators read none."""
    own = [one for one in place.proposals.values() if one.coop == coop and person != "unyo"]
    own.sort(key=lambda one: STATES.index(one.state))
    return [f"/{coop}/", *(f"/{coop}/proposals/{one.id}" for one in own), *place.starts.get(person, ())]


def pages(walks: Walks) -> Iterable[Seen]:
    return (page for walk in walks.values() for page in walk.values())


async def test_links_lead_to_every_page(walks: Walks):
    reached = {page.route for page in pages(walks)}
    routes = {route.path for route in PAGES if "GET" in (route.methods or ())}
    assert routes - reached == set(NOT_LED_TO) & routes
    assert not reached & set(NOT_LED_TO)


async def test_every_mutation_is_a_form_with_a_button_on_a_page_that_links_lead_to(walks: Walks):
    forms = [form for page in pages(walks) for form in page.forms if form.method == "post"]
    assert [form.action for form in forms if not form.sends] == []
    sent_to = {route_of(urlsplit(form.action).path, "POST", PAGES) for form in forms}
    routes = {route.path for route in PAGES if "POST" in (route.methods or ())}
    assert routes - sent_to == set(NOT_PRESSED) - sent_to


async def test_every_page_is_whole(walks: Walks):
    for (person, language), walk in walks.items():
        titles: dict[str, set[str]] = defaultdict(set)
        for page in walk.values():
            where = f"{person}, {language}: {page.url}"
            assert page.status < 400, where
            if not page.is_page:
                continue
            assert page.lang == ("ja" if page.route in JAPANESE else language), where
            assert page.headings.count("h1") == 1, where
            assert page.headings[0] == "h1", where
            assert [two for one, two in pairwise(page.headings) if int(two[1]) > int(one[1]) + 1] == [], where
            assert sorted(page.ids) == sorted(set(page.ids)), where
            titles[page.title].add(urlsplit(page.url).path)
        assert {title: sorted(paths) for title, paths in titles.items() if len(paths) > 1} == {}, (person, language)


async def test_no_page_breaks_its_policy_or_is_hard_to_read_or_too_wide_for_a_telephone(place: Furnished, walks: Walks):
    urls: dict[str, dict[str, bool]] = defaultdict(dict)
    styles: set[str] = set()
    for person, page in kinds_of(((who, page) for who, _ in READERS for page in walks[who, "ja"].values()), set()):
        urls[person][page.url] = not page.classes <= styles
        styles |= page.classes
    urls[""]["/sign-in"] = True
    async with chromium() as browser:
        told = await asyncio.gather(*(look_at(browser, place, *one) for one in urls.items()))
    assert [line for lines in told for line in lines] == []


def kinds_of(pages: Iterable[Found], known: Known) -> list[Found]:
    """Return one page of each route, and one more for each form or style that no page before it had, nor `known`."""
    kinds: list[Found] = []
    for person, page in pages:
        posts = {route_of(urlsplit(form.action).path, "POST", PAGES) for form in page.forms if form.method == "post"}
        shown: Known = {
            (page.route, None),
            *((page.route, post) for post in posts),
            *page.classes,
        }
        if page.is_page and not shown <= known:
            kinds.append((person, page))
            known |= shown
    return kinds


async def look_at(browser: Browser, place: Furnished, person: str, urls: dict[str, bool]) -> list[str]:
    """Open pages as a person, in both languages, wide and narrow; return what they, axe and the browser complain of.

    `urls`: page → whether it has a style that no page before it had.
    """
    context = await browser.new_context(
        viewport=WIDE, locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    told: list[str] = []
    at = ""

    def tell(what: str) -> None:
        told.append(f"{person} {at}: {what}")

    try:
        context.set_default_timeout(30_000)
        await context.add_init_script(WATCH)
        if person:
            kept = {"name": "session", "value": place.sessions[person], "url": place.origin}
            await context.add_cookies([kept])  # type: ignore[list-item]  # a plain dict
        page = await context.new_page()
        page.on("console", lambda line: tell(line.text) if line.type != "debug" else None)
        page.on("pageerror", lambda error: tell(str(error)))
        page.on("response", lambda answer: tell(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        # By the debugger, not by a tag: the page's own policy stays as it is.
        await context.add_init_script(AXE_SCRIPT)
        for at, styled in urls.items():
            for language, scheme, rules, first, then in LOOKS:
                spoken = {"name": "language", "value": language, "url": place.origin}
                await context.add_cookies([spoken])  # type: ignore[list-item]  # a plain dict
                await page.emulate_media(color_scheme=scheme)
                await page.goto(place.origin + at)
                await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                for size in (first, then):
                    await page.set_viewport_size(size)
                    if size is NARROW:
                        found = await page.evaluate(OVERFLOWING)
                        if rules is RULES:  # which words have room depends on the width, not on the language
                            found += await axe(page, NAMED, slow=False)
                    else:
                        found = [*await axe(page, rules, slow=styled), *await page.evaluate(FAINT)]
                    for one in found:
                        tell(f"{language}, {scheme}: {one}")
    finally:
        await context.close()
    return told


FAINT = """() => {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true}), known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (one) => {
    if (!one) return rgba(getComputedStyle(document.documentElement).colorScheme === "dark" ? "#000" : "#fff");
    const own = rgba(getComputedStyle(one).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(one.parentElement));
  };
  const light = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const c = colour[i] / 255;
    return sum + weight * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const shown = (one) => one ? getComputedStyle(one).opacity * shown(one.parentElement) : 1;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
  const typed = 'textarea, select, input:not([type="hidden"], [type="checkbox"], [type="radio"])';
  const ones = new Set(document.querySelectorAll(typed));
  while (texts.nextNode()) if (texts.currentNode.data.trim()) ones.add(texts.currentNode.parentElement);
  for (const one of ones) {
    if (one.closest("script, style, option, :disabled, [hidden]")) continue;
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const style = getComputedStyle(one), back = behind(one);
    const ink = rgba(one instanceof SVGElement ? style.fill : style.color).slice();
    ink[3] *= shown(one);
    const [low, high] = [light(over(ink, back)), light(back)].sort((a, b) => a - b), size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if ((high + 0.05) / (low + 0.05) < least) faint.push(`faint: ${one.outerHTML.slice(0, 120)}`);
  }
  return faint.slice(0, 5);
}"""
"""WCAG 2.2 §1.4.3, of every text that is shown or typed."""

OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= window.innerWidth) return [];
  const scrolls = (one) => one && (/auto|scroll|hidden/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && !scrolls(one.parentElement));
  return [`narrow: ${wide} px wide: ` + out.slice(0, 3).map((one) => one.outerHTML.slice(0, 80)).join(" ")];
}"""


async def axe(page: Page, rules: list[str], *, slow: bool) -> list[str]:
    """Return the violations of rules or of kinds of rules, with the first elements of each."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "elementRef": False, "preload": False, "runOnly": rules}
    if not slow:
        options["rules"] = {SLOW: {"enabled": False}}
    found = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {one['help']}: " + " | ".join(f"{node['html'][:200]}" for node in one["nodes"][:3])
        for one in found["violations"]
    ]
