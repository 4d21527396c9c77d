"""The console's matrix at size: 100 partners × 60 fields × 13 purposes, by the real application on SQLite.

A page's time is from its request to its last byte, over the loopback address. What a page is `first` shown with has to
be read and checked: another agreement each time, nothing remembered of any file. A save checks the whole co-op, by what
changed. Garbage is collected as in a process that serves.
"""

import gc
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx2

from bench.machine import Progress
from gateway.adapters.database import migrate
from gateway.adapters.policy_files.strict_yaml import parse
from gateway.web.server import collect_seldom
from tests.clock import SettableClock
from tests.console.furnished import Furnished, furnished
from tests.console.large import at_size
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.served import chromium
from tests.console.simulated import COOP

CELL = "work-4/course_20"
PRESSES = 400
_SERVER, _KEY = "≤ 200 ms, ≤ 1.5 MB", "p95 ≤ 50 ms"
# The time from the key to the focus, as the page itself sees both.
_WATCH = """() => {
  window.took = [];
  let pressed = 0;
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  addEventListener("focusin", () => window.took.push(performance.now() - pressed), true);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A page or an act: ms of each time, and the bytes of the largest answer; 0 where there is none."""

    what: str
    each: tuple[float, ...]
    size: int = 0
    goal: str = _SERVER

    @property
    def p50(self) -> float:
        """The median, in ms."""
        return median(self.each)

    @property
    def p95(self) -> float:
        """What all but a twentieth stay under, in ms."""
        return sorted(self.each)[(95 * len(self.each) - 1) // 100]


async def matrix(*, times: int, progress: Progress) -> list[Timed]:
    """Measure the pages and a save, each so many times, and an arrow key in Chromium."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/gateway.db"
        await migrate(url)
        progress("matrix: a co-op of 100 partners")
        async with furnished(url, folder, SettableClock(), keys=folder / "keys", furnish=at_size) as place:
            with _as_served():
                timed = await _pages(place, times, progress)
            return [*timed, await _arrows(place, progress)]


@contextmanager
def _as_served() -> Iterator[None]:
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _pages(place: Furnished, times: int, progress: Progress) -> list[Timed]:
    draft = f"/{COOP}/matrix/{place.proposals['draft'].id}"
    changed = f"{draft}/{_agreement(1)}"
    cookies = {"session": await place.session("sato")}
    async with httpx2.AsyncClient(base_url=place.origin, cookies=cookies, timeout=120) as http:

        async def get(path: str) -> bytes:
            answer = await http.get(path)
            assert answer.status_code == 200, answer.text
            return answer.content

        async def save(form: PaperForm) -> bytes:
            fields = {**form.fields, CELL: "" if form.fields[CELL] else "as_is", "act": "save"}
            answer = await http.post(changed, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 303, answer.text
            return answer.content

        async def form() -> PaperForm:
            return next(one for one in forms_of((await get(changed)).decode()) if CELL in one.fields)

        async def timed(what: str, act: Act, *, before: Before = _nothing) -> Timed:
            progress(f"matrix: {what}")
            took, most = [], 0
            for number in range(2, 2 + times):
                given = await before()
                began = perf_counter()
                body = await act(number, given)
                took.append(1_000 * (perf_counter() - began))
                most = max(most, len(body))
            return Timed(what=what, each=tuple(took), size=most)

        return [
            await timed("overview", lambda *_: get(f"/{COOP}/grants")),
            await timed(
                "matrix in force, first", lambda number, _: get(f"/{COOP}/grants/{_agreement(number)}"), before=_forget
            ),
            await timed("matrix in force", lambda *_: get(f"/{COOP}/grants/{_agreement(1)}")),
            await timed(
                "matrix of a draft, first", lambda number, _: get(f"{draft}/{_agreement(number)}"), before=_forget
            ),
            await timed("matrix of a draft", lambda *_: get(changed)),
            await timed("a save", lambda _, given: save(given), before=form),
            await timed("matrix after a save", lambda *_: get(changed), before=lambda: _then(form, save)),
        ]


Act = Callable[[int, Any], Awaitable[bytes]]
"""(which time, what came before) → what came."""
Before = Callable[[], Awaitable[Any]]
"""What is not timed."""


async def _nothing() -> None:
    pass


async def _forget() -> None:
    parse.cache_clear()


async def _then(form: Before, save: Callable[[PaperForm], Awaitable[bytes]]) -> None:
    await save(await form())


def _agreement(number: int) -> str:
    return f"itaku-{number:03}/{COOP}-itaku-{number:03}-01"


async def _arrows(place: Furnished, progress: Progress) -> Timed:
    progress("matrix: arrow keys in Chromium")
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1360, "height": 860})
        kept = {"name": "session", "value": place.sessions["sato"], "url": place.origin}
        await context.add_cookies([kept])  # type: ignore[list-item]  # a plain dict
        page = await context.new_page()
        await page.goto(f"{place.origin}/{COOP}/matrix/{place.proposals['draft'].id}/{_agreement(1)}")
        await page.locator("#matrix[role=grid] td").first.focus()
        await page.evaluate(_WATCH)
        for number in range(PRESSES):
            # Down and up the whole grid, and along a row at either end: what is out of sight is scrolled to.
            await page.keyboard.press(("ArrowDown", "ArrowUp", "ArrowRight")[number // 50 % 3])
        took = await page.evaluate("window.took")
        await context.close()
    return Timed(what="an arrow key → focus", each=tuple(took), goal=_KEY)
