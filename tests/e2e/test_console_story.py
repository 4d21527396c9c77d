"""The story of the second door in Chromium: an empty database, two people at the console, and a partner's pulls."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, Page

from tests.console.served import WATCH, chromium
from tests.e2e.completed_copy import AGREEMENT, COOP, DEPARTMENT, LINKED_PAGE, incomplete
from tests.e2e.independent_client import Keys, Refused, elliptic_keys
from tests.e2e.second_door import (
    CLIENT,
    NARROW,
    PARTNER,
    PASSWORD,
    WIDE,
    authenticator,
    empty_site,
    handed_to_the_partner,
    partner,
    received,
    received_soon,
    the_log_tells_who_did_what,
    the_real_co_op_is_incomplete,
)
from tests.e2e.serving import ROOT, Site

NOTICE = "2022-04-01"
PARTNER_NAME = "日本生活協同組合連合会"
PARTY = {
    "role": "【試験】管理責任者",
    "name": "【試験】コープデリ連合会",
    "name_from": NOTICE,
    "address": "【試験】埼玉県さいたま市試験区1丁目1-1",
    "address_from": NOTICE,
    "representative": "【試験】代表理事 試験 花子",
    "representative_from": NOTICE,
}
READING: dict[str, str | bool] = {
    "joint": "yes",
    "by": "【試験】個人情報管理部",
    "approved_by": "【試験】管理責任者",
    "read_on": "2026-03-20",
    "reason": "【試験】公表した共同利用の目的に当たる",
    "sample": True,
}
PHONE = {
    "field": "phone",
    "ja": "電話番号",
    "en": "Telephone",
    "type": "phone",
    "cls": "ordinary",
    "null": "allowed",
    "max_length": "16",
    "example": "03-0000-0000",
}
EMAIL = PHONE | {
    "field": "email",
    "ja": "メールアドレス",
    "en": "E-mail",
    "type": "email",
    "max_length": "254",
    "example": "hanako@example.jp",
}
ITEMS = {
    "I1": ("【試験】氏名", "name"),
    "I2": ("【試験】組合員コード", "member_code"),
    "I3": ("【試験】電話番号", "phone"),
    "I4": ("【試験】メールアドレス", "email"),
}
CLAUSES = (
    "secrecy",
    "no_reprovision",
    "incident_liability",
    "user_requirement",
    "contacts",
    "leak_prevention",
    "no_outside_purpose",
    "return_erase",
    "breach_measures",
    "incident_report",
    "end_procedure",
)

Typed = Mapping[str, str | bool]


@dataclass
class Seat:
    """One person at a browser, and what it complained of."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, person: str, code: str) -> None:
        await self.page.goto(f"{self.site.console}/sign-in")
        await self.fill({"coop": COOP, "person": person, "password": PASSWORD, "code": code})
        await self.press("サインインする")
        await self.page.wait_for_url(f"**/{COOP}/")

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.site.console}/{COOP}/{path}")

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def follow(self, link: str, *, within: str = "main", exact: bool = False) -> None:
        await self.page.locator(within).get_by_role("link", name=link, exact=exact).first.click()

    async def fill(self, typed: Typed) -> None:
        """Fill a form in by the names of its fields: text, day, choice, or a box to be checked."""
        for name, value in typed.items():
            one = self.page.locator(f'main [name="{name}"]').first
            if isinstance(value, bool):
                await one.check()
            elif await one.evaluate("one => one.tagName") == "SELECT":
                await one.select_option(value)
            else:
                await one.fill(value)

    async def saves(self, button: str, told: str) -> None:
        """Press a button; the page that follows says so."""
        await self.press(button)
        await self.page.wait_for_selector(".flash")
        assert told in await self.page.inner_text(".flash"), await self.page.inner_text("main")

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    @property
    def proposal(self) -> str:
        """The proposal that the page is of."""
        found = re.search(r"/(?:proposals|matrix)/([0-9a-f]{16})", self.page.url)
        assert found is not None, self.page.url
        return found[1]


@asynccontextmanager
async def seat(browser: Browser, at: Site, person: str, code: str) -> AsyncIterator[Seat]:
    """Sign a person in at a browser of their own; whatever it complained of fails the test."""
    context = await browser.new_context(
        viewport={"width": 1360, "height": 860}, locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    await context.add_init_script(WATCH)
    made = Seat(await context.new_page(), at)
    made.page.on("console", lambda line: made.complaints.append(line.text) if line.type != "debug" else None)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on(
        "response",
        lambda answer: made.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    try:
        await made.sign_in(person, code)
        yield made
    finally:
        await context.close()
    assert made.complaints == []


async def test_two_people_at_the_console_bring_a_co_op_from_nothing_to_a_partner_s_pull_and_back(tmp_path: Path):
    today, keys = datetime.now(UTC).date(), elliptic_keys()
    folder = incomplete(tmp_path / "policies", today=today)
    with empty_site(tmp_path, folder.parent) as at:
        codes = {person: authenticator(at, person) for person in ("sato", "ito")}
        at.member_system()
        at.serving(at.gateway())
        async with (
            httpx2.AsyncClient(timeout=30) as http,
            chromium() as browser,
            seat(browser, at, "sato", codes["sato"].now()) as sato,
            seat(browser, at, "ito", codes["ito"].now()) as ito,
        ):
            await takes_the_folder_over(sato, "最初の版")
            await approves_and_publishes(ito, await submits(sato))
            await admits_the_partner(sato, ito, keys)

            await begins(sato, "公表事項を補い、覚書を加える")
            await completes_the_notice(sato)
            await adds_an_agreement(sato, today)
            await grants_by_keyboard(sato, {"name"})
            narrow = await approves_and_publishes(ito, await submits(sato))
            jccu = partner(http, at, keys)
            assert await received_soon(jccu, NARROW) == set(NARROW)
            with pytest.raises(Refused, match="not granted"):
                await received(jccu, WIDE)  # not even a token

            await begins(sato, "電話とメールを加える")
            await sato.go(f"matrix/{sato.proposal}/{PARTNER}/{AGREEMENT}")
            await grants_by_keyboard(sato, {"phone", "email"})
            await approves_and_publishes(ito, await submits(sato))
            assert await received_soon(jccu, WIDE) == set(WIDE)

            await returns(sato, narrow)
            assert await approves_and_publishes(ito, await submits(sato)) == narrow
            assert await received(jccu, NARROW) == set(NARROW)
            with pytest.raises(Refused, match="403"):
                await received(jccu, WIDE)  # the token of before helps no more
        the_log_tells_who_did_what(at)
    the_real_co_op_is_incomplete(tmp_path)


# ── 佐藤 drafts ───────────────────────────────────────────────────────────────────────────────────────────────────


async def begins(sato: Seat, title: str) -> None:
    """Begin a draft with the version published last."""
    await sato.follow("変更申請", within="nav.side")
    await sato.follow("変更を申請する")
    await sato.fill({"title": title, "reason": "試験"})
    await sato.saves("下書きを作る", "下書きを作りました")


async def takes_the_folder_over(sato: Seat, title: str) -> None:
    """Begin a draft with the files that stand on the server: nothing was published before."""
    await sato.follow("変更申請", within="nav.side")
    await sato.follow("変更を申請する")
    await sato.fill({"title": title, "reason": "試験"})
    await sato.saves("サーバーの policies/ と partners/ から取り込む", "下書きを作りました")


async def completes_the_notice(sato: Seat) -> None:
    """Fill in by forms what the real text does not say, marked 【試験】; the page tells what is missing until nothing is."""
    page = sato.page
    text = (ROOT / "policies/coopdeli/source/2017-06-21.txt").read_text() + LINKED_PAGE
    await sato.follow("公表事項")
    assert "次の5件が定められていません" in await page.inner_text("main")
    await sato.follow("新しい版を作る")
    version = {"like": "2017-06-21", "effective": NOTICE, "published": NOTICE, "quote": "【試験】2022年4月1日"}
    await sato.fill(version | {"text": text})
    await sato.saves("下書きに保存する", "新しい版を下書きに加えました")
    for one in (PHONE, EMAIL):
        await sato.follow("データ項目を加える")
        await sato.fill(one)
        for flag in ("contact", "identifies"):
            await page.check(f'[name="flags"][value="{flag}"]')
        await sato.saves("下書きに保存する", "データ項目を加えました")
    at = f"proposals/{sato.proposal}/notice"
    await sato.go(f"{at}/{NOTICE}/items")
    await sato.fill({f"label-{item}": label for item, (label, _) in ITEMS.items()})
    await sato.fill({f"item-{name}": item for item, (_, name) in ITEMS.items()})
    await sato.fill({f"itself-{name}": True for _, name in ITEMS.values()})
    await sato.saves("下書きに保存する", "項目を保存しました")
    for path, typed in (
        ("purposes/P4", READING),
        ("joint-purpose", {"purpose": "【試験】アフターサービスと商品事故への対応のため。"}),
        ("responsible", PARTY),
    ):
        await sato.go(f"{at}/{NOTICE}/{path}")
        await sato.fill(typed)
        await sato.saves("下書きに保存する", "保存しました")
    await sato.go(f"{at}?version={NOTICE}")
    assert "個人情報保護法27条5項3号の事項がすべて定められています" in await page.inner_text("main")


async def adds_an_agreement(sato: Seat, today: date) -> None:
    """Conclude the memorandum: its clauses, its supervision, and a grant with one field to begin with."""
    paper = {
        "agreement": AGREEMENT,
        "form": "覚書",
        "title": "【試験】共同利用に関する覚書",
        "signed": str(today - timedelta(days=201)),
        "department": DEPARTMENT,
        "first": str(today - timedelta(days=200)),
        "last": str(today + timedelta(days=165)),
        "responsible": "【試験】総務部長",
        "inquiries": "【試験】総務課",
        "checked": str(today - timedelta(days=30)),
        "method": "質問票",
        "result": "適",
        "due": str(today + timedelta(days=160)),
        "grace_days": "30",
    }
    await sato.go(f"proposals/{sato.proposal}/partners/{PARTNER}/agreements/new")
    await sato.fill(paper | {clause: f"第{at}条" for at, clause in enumerate(CLAUSES, 2)})
    await sato.saves("加える", "を加えました")
    await sato.follow("提供範囲を加える")
    grant = {"grant": "after-service", "purpose": "P4", "max_age_days": "7", "retention_days": "30"}
    await sato.fill(grant | {"field": "member_code", "transform": "as_is"})
    await sato.saves("加える", "提供範囲 after-service を加えました")


async def grants_by_keyboard(sato: Seat, fields: set[str]) -> None:
    """Reach the grid, let fields be released as they are, reach the button and press it: no mouse."""
    page = sato.page
    await page.wait_for_selector("#matrix[role=grid]")
    for _ in range(60):
        await sato.keys("Tab")
        if await page.evaluate("document.activeElement.matches('#matrix td')"):
            break
    await sato.keys("Control+Home")
    for _ in range(20):
        row = await page.evaluate("document.activeElement.parentElement.cells[0].id")
        if row.removeprefix("f-") in fields:
            await sato.keys("1")
        await sato.keys("ArrowDown")
    assert await page.inner_text("#count-added") == str(len(fields))
    for _ in range(10):
        await sato.keys("Shift+Tab")
        if await page.evaluate("document.activeElement.value === 'save'"):
            break
    await sato.keys("Enter")
    await page.wait_for_selector(".flash")
    assert str(len(fields)) in await page.inner_text(".flash")


async def submits(sato: Seat) -> str:
    """Look at what publishing would change, and ask for approval; return the proposal."""
    proposal = sato.proposal
    await sato.go(f"proposals/{proposal}")
    assert "公布すると何が変わるか" in await sato.page.inner_text("main")
    await sato.saves("承認を申請する", "承認を申請しました")
    return proposal


async def returns(sato: Seat, version: str) -> None:
    """Draft the return to a version."""
    await sato.follow("版の履歴", within="nav.side")
    await sato.page.locator(f'a[href$="/versions/{version}/return"]').first.click()
    await sato.fill({"reason": "試験"})
    await sato.saves("この版に戻す下書きを作る", "に戻す下書きを作りました")


# ── 伊藤 approves, and both admit the partner ─────────────────────────────────────────────────────────────────────


async def approves_and_publishes(ito: Seat, proposal: str) -> str:
    """Find what waits at home, read what it changes, approve it and put it in force; return the version's digest."""
    await ito.go("")
    await ito.page.locator(f'main a[href$="/proposals/{proposal}"]').first.click()
    await ito.press("English")
    assert "What publishing it would change" in await ito.page.inner_text("main")
    await ito.press("日本語")
    await ito.saves("承認する", "承認しました")
    await ito.saves("公布する", "公布しました")
    await ito.follow("版の履歴", within="nav.side")
    digest = await ito.page.locator("tr.row-now code").first.get_attribute("title")
    assert digest is not None
    return digest


async def admits_the_partner(sato: Seat, ito: Seat, keys: Keys) -> None:
    """Register the partner's keys, which it proves that it holds, and let releases begin: one asks, another approves."""
    at = f"partners/{PARTNER}/requests"
    await sato.go(at)
    await sato.fill({"client": CLIENT, "jwks": json.dumps(keys.public())})
    await sato.press("チャレンジを作る")
    challenge = json.loads(await sato.page.input_value("#made-text"))
    answer = handed_to_the_partner(sato.site, keys, challenge)
    form = sato.page.locator('form[action$="/requests/keys"]')
    await form.locator('[name="answer"]').fill(json.dumps(answer))
    await form.locator('[name="reason"]').fill("試験")
    await form.get_by_role("button").click()
    await sato.page.wait_for_selector(".flash-good")
    form = sato.page.locator('form[action$="/requests/resume"]')
    await form.locator('[name="reason"]').fill("試験")
    await form.get_by_role("button").click()
    await sato.page.wait_for_selector(".flash-good")
    for _ in range(2):
        await ito.go(at)
        await ito.page.locator('form[action$="/approve"] button').first.click()
        await ito.page.wait_for_selector(".flash-good")
    assert PARTNER_NAME in await ito.page.inner_text("main")
