"""The second door from end to end: an empty database, the command line, two people at Chromium, and a partner's next pull.

With CONSOLE_PICTURES=<folder> every page is pictured there, in both languages, light and dark.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
from playwright.async_api import Browser, Page

from tests.console.served import WATCH, chromium
from tests.e2e.completed_copy import AGREEMENT, COOP, completed
from tests.e2e.independent_client import Client, Keys, Refused, elliptic_keys
from tests.e2e.serving import BY, ROOT, TWO_PEOPLE, Site, reserved_port, site

DEPARTMENT = "個人情報管理部"
PASSWORD = "水仙と鉄瓶と朝の市 2026"
MEMBERS = ["00000007", "00000101"]
NARROW, WIDE = ["member_code", "name"], ["member_code", "name", "phone", "email"]
GAPS = {
    "joint_purposes",
    "items",
    "responsible_party.name",
    "responsible_party.address",
    "responsible_party.representative",
}
BY_SATO = ("--by", "sato", "--reason", "試験")
PEOPLE = (
    ("staff", "add", COOP, "sato", "--name", "佐藤 起子", *BY),
    ("staff", "add", COOP, "ito", "--name", "伊藤 認", *BY),
    ("staff", "role", COOP, "sato", "admin", "--department", DEPARTMENT, *BY),
    ("staff", "role", COOP, "ito", "manager", "--department", DEPARTMENT, *BY_SATO),
)


@dataclass
class Seat:
    """One person at a browser, what it complained of, and where its pictures go."""

    page: Page
    site: Site
    pictures: Path | None
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, person: str, totp: str) -> None:
        """Fill the form in as it is laid out; the co-op stands in it by then where the person was led here."""
        await self.page.goto(f"{self.site.console}/sign-in")
        for name, value in (("coop", COOP), ("person", person), ("password", PASSWORD), ("code", totp)):
            await self.page.fill(f"input[name={name}]", value)
        await self.press("サインインする")
        await self.page.wait_for_url(f"**/{COOP}/")

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def follow(self, link: str, *, within: str = "main") -> None:
        await self.page.locator(within).get_by_role("link", name=link).first.click()

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def told(self) -> str:
        """What the page says of the act before it."""
        return await self.page.inner_text(".flash")

    async def picture(self, name: str) -> None:
        """Take the page in both languages, light and dark, where pictures are wanted."""
        for language in ("en", "ja") if self.pictures else ():
            kept = {"name": "language", "value": language, "url": self.site.console}
            await self.page.context.add_cookies([kept])  # type: ignore[list-item]  # a plain dict
            await self.page.reload()
            for scheme in ("dark", "light"):
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.screenshot(path=f"{self.pictures}/{name}-{language}-{scheme}.png", full_page=True)


@asynccontextmanager
async def seat(browser: Browser, at: Site, pictures: Path | None) -> AsyncIterator[Seat]:
    """Seat a person at a browser of their own; whatever it complained of fails the test."""
    context = await browser.new_context(
        viewport={"width": 1360, "height": 860}, locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    await context.add_init_script(WATCH)
    made = Seat(await context.new_page(), at, pictures)
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
    assert made.complaints == []


@pytest.fixture
def pictures() -> Path | None:
    folder = os.environ.get("CONSOLE_PICTURES")
    return None if folder is None else Path(folder)


@pytest.fixture
def partner_keys() -> Keys:
    return elliptic_keys()


@pytest.fixture
def at(tmp_path: Path, partner_keys: Keys) -> Iterator[Site]:
    """A gateway with a console for the one co-op: first version published in two names, one partner, two people."""
    folder = completed(tmp_path / "policies", today=datetime.now(UTC).date())
    (tmp_path / "jccu.jwks.json").write_text(json.dumps(partner_keys.public()))
    more: dict[str, Any] = {"keys": tmp_path / "keys", "policies": folder.parent, "coops": (COOP,)}
    with (
        reserved_port() as console_port,
        site(tmp_path / "site", f"sqlite:///{tmp_path}/gateway.db", console_port=console_port, **more) as made,
    ):
        made.do_all(
            ("policy", "lint", str(folder)),
            ("migrate",),
            ("keys", "init"),
            ("policy", "publish", COOP, *TWO_PEOPLE),
            ("partner", "add-key", COOP, "jccu", "jccu-demo", f"{tmp_path}/jccu.jwks.json", *BY),
            ("partner", "resume", COOP, "jccu", *BY),
            *PEOPLE,
        )
        yield made


async def test_a_change_made_at_the_console_reaches_the_partner_and_a_return_takes_it_back(
    at: Site, partner_keys: Keys, pictures: Path | None
):
    codes = {person: authenticator(at, person) for person in ("sato", "ito")}
    at.member_system()
    at.serving(at.gateway())
    async with httpx2.AsyncClient(timeout=30) as http, chromium() as browser:
        jccu = partner(http, at, partner_keys)
        assert await received(jccu, NARROW) == set(NARROW)
        with pytest.raises(Refused, match="not granted"):
            await received(jccu, WIDE)  # not even a token

        async with seat(browser, at, pictures) as sato:
            proposal = await drafts(sato, codes["sato"].now())
        async with seat(browser, at, pictures) as ito:
            assert await approves_and_publishes(ito, codes["ito"].now()) == proposal
        assert await received(jccu, WIDE) == set(WIDE)

        rolls_back(at)
        assert await received(jccu, NARROW) == set(NARROW)
        with pytest.raises(Refused, match="403"):
            await received(jccu, WIDE)  # the token of before helps no more


async def drafts(sato: Seat, code: str) -> str:
    """Begin a change, set two fields by keyboard alone, look at what it would change, and submit it."""
    page = sato.page
    await page.goto(f"{sato.site.console}/sign-in")
    await sato.picture("01-sign-in")
    await sato.sign_in("sato", code)
    await sato.picture("02-home-admin")
    await sato.follow("変更申請", within="nav.side")
    await sato.picture("03-proposals-empty")
    await sato.follow("変更を申請する")
    await sato.picture("04-proposal-new")
    await page.fill("#title", "商品事故の連絡に電話とメールを加える")
    await page.fill("#reason", "商品事故のとき、組合員へ直ちに連絡できるようにするため")
    await sato.press("下書きを作る")
    assert "下書きを作りました" in await sato.told()
    await sato.picture("05-proposal-draft")
    await sato.follow("提供範囲を変える")
    await sato.picture("06-grants")
    await sato.follow("日本生活協同組合連合会")
    await sets_two_fields_by_keyboard(sato)
    await sato.picture("07-matrix")
    await sato.follow("商品事故の連絡に電話とメールを加える")
    await sato.picture("08-proposal-changed")
    text = await page.inner_text("main")
    assert "電話番号" in text
    assert "メールアドレス" in text
    await sato.press("承認を申請する")
    assert "承認を申請しました" in await sato.told()
    await sato.picture("09-proposal-submitted")
    proposal = page.url.rpartition("/")[2]
    await sato.press("サインアウト")
    await page.wait_for_url("**/sign-in?said=out")
    return proposal


async def sets_two_fields_by_keyboard(sato: Seat) -> None:
    """Reach the grid, set telephone and e-mail to be released as they are, reach the button and press it: no mouse."""
    page = sato.page
    await page.wait_for_selector("#matrix[role=grid]")
    for _ in range(60):
        await sato.keys("Tab")
        if await page.evaluate("document.activeElement.matches('#matrix td')"):
            break
    await sato.keys("Control+Home")
    for _ in range(20):
        row = await page.evaluate("document.activeElement.parentElement.cells[0].id")
        if row in {"f-phone", "f-email"}:
            await sato.keys("1")
        await sato.keys("ArrowDown")
    assert await page.inner_text("#count-added") == "2"
    for _ in range(10):
        await sato.keys("Shift+Tab")
        if await page.evaluate("document.activeElement.value === 'save'"):
            break
    await sato.keys("Enter")
    await page.wait_for_selector(".flash")
    assert "2" in await sato.told()


async def approves_and_publishes(ito: Seat, code: str) -> str:
    """Find what waits, read what it changes, approve it and put it in force."""
    await ito.sign_in("ito", code)
    await ito.picture("10-home-manager")
    await ito.follow("商品事故の連絡に電話とメールを加える")
    await ito.picture("11-proposal-to-approve")
    await ito.press("English")
    assert "What publishing it would change" in await ito.page.inner_text("main")
    await ito.press("日本語")
    await ito.press("承認する")
    assert "承認しました" in await ito.told()
    await ito.picture("12-proposal-approved")
    await ito.press("公布する")
    assert "公布しました" in await ito.told()
    await ito.picture("13-proposal-published")
    proposal = ito.page.url.rpartition("/")[2]
    for name, link in (("14-versions", "版の履歴"), ("15-people", "担当者・権限"), ("16-proposals", "変更申請")):
        await ito.follow(link, within="nav.side")
        await ito.picture(name)
    return proposal


def rolls_back(at: Site) -> None:
    """Return to the first version: one person drafts it, the other approves, by the command line."""
    first = at.do("policy", "history", COOP)[0]["digest"]
    draft = at.do("policy", "roll-back", COOP, first[:12], "--department", DEPARTMENT, *BY_SATO)["proposal"]
    seen = at.do("policy", "preview", COOP, draft)["digest"]
    at.do_all(
        ("policy", "submit", COOP, draft, "--preview", seen, "--by", "sato"),
        ("policy", "approve", COOP, draft, "--preview", seen, "--by", "ito"),
        ("policy", "publish", COOP, draft, "--by", "ito"),
    )
    versions = [one["digest"] for one in at.do("policy", "history", COOP)]
    assert len(versions) == 3
    assert versions[0] == versions[2] != versions[1]


def authenticator(at: Site, person: str) -> pyotp.TOTP:
    """Set a person's password; return what their telephone would hold."""
    uri = at.do("staff", "password", COOP, person, "--stdin", stdin=PASSWORD + "\n")["totp"]
    made = pyotp.parse_uri(uri)
    assert isinstance(made, pyotp.TOTP)
    return made


def partner(http: httpx2.AsyncClient, at: Site, keys: Keys) -> Client:
    config = {
        "issuer": at.issuer,
        "resource": f"{at.issuer}/v1",
        "client_id": "jccu-demo",
        "coop": COOP,
        "agreement": AGREEMENT,
    }
    return Client(http, config, keys)


async def received(client: Client, fields: list[str]) -> set[str]:
    """Pull some members; return the fields that came, the same of every one of them."""
    released = (await client.pull("P4", fields, None, members=MEMBERS)).released
    assert set(released) == set(MEMBERS)
    [came] = {frozenset(data) for data in released.values()}
    return set(came)


def test_the_real_co_op_still_loads_incomplete_and_names_what_its_notice_lacks(tmp_path: Path):
    with site(tmp_path / "site", "sqlite://", keys=tmp_path, policies=ROOT / "policies") as anywhere:
        told = anywhere.told("policy", "lint", "policies/coopdeli", "--json")
    assert told.returncode == 0
    findings = json.loads(told.stdout)
    lacks = [re.findall(r"公表事項に `([\w.]+)`", one["ja"]) for one in findings]
    assert {name for names in lacks for name in names} == GAPS
    assert {one["severity"] for one in findings} == {"warning"}
