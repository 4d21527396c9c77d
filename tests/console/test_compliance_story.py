"""The story of the third door in Chromium: a stop for one member, what the partners that hold the data do, and the proof."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from gateway.app.console import staff_listener
from gateway.app.keys import checkpoint_signers
from gateway.app.office import office_of
from gateway.app.oversight import oversight_of
from gateway.console.entrance.totp import code_at, step_at
from gateway.oversight.follow_ups.arising import arise
from gateway.oversight.log.export import export
from gateway.settings import FollowUpSettings
from gateway.web.server import bind, serve
from tests.clock import SettableClock
from tests.console.acting_room import employ, first_version
from tests.console.served import WATCH, chromium
from tests.console.simulated import PASSWORD, SECRET
from tests.data_plane.test_follow_ups_api import JCCU, MEMBER, OTHER, P4, SUNNET, client_of
from tests.house import COOP, House, members_table, running_house
from tests.simulators.partner import Partner
from tests.tlog.exported_log import check_folder


@dataclass
class Desk:
    """法務 at a browser, and what it complained of."""

    house: House
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return str(self.house.settings.console)

    async def sign_in(self) -> None:
        await self.page.goto(f"{self.origin}/sign-in")
        code = code_at(SECRET, step_at(self.house.clock()))
        await self.fill({"coop": COOP, "person": "homu", "password": PASSWORD, "code": code})
        await self.press("サインインする")
        await self.page.wait_for_url(f"**/{COOP}/")

    async def follow(self, link: str, *, within: str = "nav.side") -> None:
        await self.page.locator(within).get_by_role("link", name=link).first.click()

    async def fill(self, typed: dict[str, str], *, form: str = "main") -> None:
        for name, value in typed.items():
            one = self.page.locator(f'{form} [name="{name}"]').first
            if await one.evaluate("one => one.tagName") == "SELECT":
                await one.select_option(value)
            else:
                await one.fill(value)

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def says(self, *told: str) -> None:
        """The page says all of this."""
        await self.page.wait_for_selector("main h1")
        text = await self.page.inner_text("main")
        for one in told:
            assert one in text, text


@asynccontextmanager
async def desk(url: str, folder: Path, clock: SettableClock, keys: Path, browser: Browser) -> AsyncIterator[Desk]:
    """A house whose console is on a socket; whatever the browser complained of fails the test."""
    listener = bind("127.0.0.1", 0)
    said: dict[str, Any] = {"published": False, "demo": True, "keys": keys, "coops": (COOP,)}
    said |= {"console": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    said |= {"follow_ups": {COOP: FollowUpSettings(blocking={SUNNET: 0, JCCU: 0})}}
    context = await browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce")
    with closing(listener):
        async with running_house(url, folder, clock, **said) as house:
            await first_version(house, office_of(house.settings, house.stores), COOP)
            # Before anybody holds a role: from then on a partner's keys take two people.
            for partner, agreement in (("sunnet", SUNNET), ("jccu", JCCU)):
                await house.partner(partner, agreement)
            await employ(house, office_of(house.settings, house.stores), COOP, "homu", "法務 次郎", "compliance", None)
            guard, stop = staff_listener(house.settings, house.stores, refuse_after_s=0.0), asyncio.Event()
            serving = asyncio.create_task(
                serve(guard, listener=listener, stop=stop, count=lambda _: None, linger=0.0, grace=1)
            )
            try:
                await context.add_init_script(WATCH)
                made = Desk(house, await context.new_page())
                made.page.on(
                    "console", lambda line: made.complaints.append(line.text) if line.type != "debug" else None
                )
                made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
                yield made
            finally:
                await context.close()
                stop.set()
                await serving
    assert made.complaints == []


async def what_runs_beside(house: House) -> None:
    """Let what every process does in the background have been done."""
    await arise(oversight_of(house.settings, house.stores), [COOP])
    await house.stores.snapshots.refresh(COOP)


async def eight_days_later(house: House, *partners: Partner) -> None:
    house.clock.now += timedelta(days=8)
    house.sources[COOP].table = members_table(house.clock)
    for partner in partners:
        partner.tokens.clear()
        partner.nonce = None


async def test_a_stop_is_followed_to_every_partner_and_proved(
    sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
):
    async with chromium() as browser, desk(sqlite_url, tmp_path, clock, gateway_keys, browser) as homu:
        house, page = homu.house, homu.page
        sunnet, jccu = house.partners["sunnet"], house.partners["jccu"]
        assert set((await sunnet.pull("P4", ["name"], [MEMBER, OTHER])).released) == {MEMBER, OTHER}
        await jccu.pull("P5", ["sex"], [MEMBER])

        await homu.sign_in()
        await homu.follow("利用停止等")
        await homu.fill({"codes": MEMBER, "kind": "stop_use", "reason": "本人からの申出"})
        await page.locator('main [name="ground"]').select_option(index=1)
        await homu.press("設ける")
        await homu.says("1人")
        assert MEMBER not in page.url

        # The next pull lacks the member, and whoever holds the data is told.
        assert set((await sunnet.pull("P4", ["name"], [MEMBER, OTHER])).released) == {OTHER}
        await what_runs_beside(house)
        await homu.follow("訂正・停止等の通知")
        await homu.says(SUNNET, JCCU)
        assert await page.locator("tbody tr", has_text="未応答").count() == 2

        client = client_of(house, sunnet, P4)
        [told] = await client.follow_ups()
        await client.acknowledge(told.id)
        await house.stores.snapshots.refresh(COOP)
        await page.goto(f"{homu.origin}/{COOP}/follow-ups/{told.id}")
        await homu.says("受領")

        # The other does not answer: it is overdue and receives nothing more.
        await eight_days_later(house, sunnet, jccu)
        assert (await jccu.ask("P5", ["sex"], [OTHER])).status_code == 403
        assert (await sunnet.ask("P4", ["name"], [OTHER])).status_code == 200
        await homu.sign_in()
        await homu.says("期限を過ぎた通知")
        await page.goto(f"{homu.origin}/{COOP}/follow-ups?state=overdue")
        await homu.says(JCCU, "期限超過", "提供停止中")

        # The member's history shows it all, once the reason is in the log.
        await homu.follow("組合員照会")
        await homu.fill({"member": MEMBER, "reason": "本人からの照会"})
        await homu.press("理由を記録して照会")
        await homu.says("提供承認", SUNNET, JCCU, "本人からの申出")
        assert MEMBER not in page.url
        followed = await page.inner_text("section#follow-ups")
        assert "受領" in followed
        assert "未応答" in followed

        await house.publish_checkpoint()
        await export(house.stores.log, house.stores.publications, COOP, tmp_path / "log")
        report = check_folder(tmp_path / "log", checkpoint_signers(house.settings, house.stores.keys)[COOP].key)
        assert report.ok, report.finding
        assert [report.counts[kind] for kind in ("restrict", "follow_up", "ack", "access")] == [1, 2, 1, 1]
