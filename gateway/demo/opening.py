"""Before the curtain rises: everything is made afresh and started, with a line for each step."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from gateway.adapters.clock import system_clock
from gateway.adapters.database import migrate
from gateway.adapters.key_files import KeyFiles
from gateway.app import storage
from gateway.app.alone import AlreadyServing, serving_alone
from gateway.core.days import jst_day, midnight
from gateway.demo.awkward import timestamp
from gateway.demo.enrol import enrol, put_in_force, read
from gateway.demo.member_system import member_system, nightly
from gateway.demo.people import Member, make_members
from gateway.demo.screen import Screen
from gateway.demo.stage import HOST, PartnerSystem, Stage, listen, serving_gateway, serving_members
from gateway.demo.state import COOP, INCOMPLETE, CannotStart, clear, lay_out_office, take, write_what_to_try
from gateway.settings import Settings, SourceSettings

STEPS = 6


@asynccontextmanager
async def open_stage(
    screen: Screen, *, members: int, state: Path, port: int, console_port: int, member_system_port: int
) -> AsyncIterator[Stage]:
    """Set everything up, and take it down at the end. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        screen.title(
            "共同利用ゲートウェイ",
            "【試験】 組合員・契約・担当者は、すべて架空です。公表事項の文章だけが本物です",
            "every person and contract here is made up; the texts of the two notices are real",
        )
        with screen.steps(STEPS) as step:
            with step("ポートと置き場所", "ports, and a clean folder"):
                asked = (
                    (port, "--port"),
                    (console_port, "--console-port"),
                    (member_system_port, "--member-system-port"),
                )
                doors = [stack.enter_context(listen(number, option)) for number, option in asked]
                settings = _settings(state, *(door.getsockname()[1] for door in doors))
                _make_room(settings, state)
                moved = lay_out_office(state, jst_day(system_clock()))
            with step("ゲートウェイの鍵とデータベース", "the gateway's keys and database"):
                secret = _make_keys(settings)
                await migrate(settings.database_url)
                office = await stack.enter_async_context(storage.stores(settings))
            with step(f"架空の組合員 {members:,}人", f"{members:,} synthetic members"):
                people: dict[str, Member] = {}
                table = nightly(partial(_make, people, members), today=lambda: jst_day(system_clock()))
                await asyncio.to_thread(table)
                system = member_system(table, secret=secret)
            with step("公表事項・契約・決定を、2人で公布", "policy published, by two people"):
                documents = {coop: read(settings, coop) for coop in settings.coops}
                for document in documents.values():
                    await put_in_force(settings, office, document, reason="【見本】最初の公布")
            with step("提供先の鍵を登録", "partners' keys registered"):
                folder = state / "partners"
                names = [
                    name for document in documents.values() for name in await enrol(settings, office, document, folder)
                ]
            with step("パートナーAPI・画面・基幹システムを開始", "partner API, console and member system open"):
                await stack.enter_async_context(serving_members(system, doors[2]))
                await stack.enter_async_context(serving_gateway(settings, doors[:2]))
                write_what_to_try(state, settings)
                partners = {name: PartnerSystem(folder / name) for name in names}
                for one in partners.values():
                    stack.push_async_callback(one.close)
        yield Stage(
            state=state,
            settings=settings,
            office=office,
            people=people,
            documents=documents,
            member_system=system,
            partners=partners,
            moved=moved,
        )


def _make_room(settings: Settings, state: Path) -> None:
    """Delete what an earlier run left, unless one still serves from there. Raises CannotStart."""
    take(state)
    try:
        with serving_alone(settings):
            clear(state)
    except AlreadyServing:
        raise CannotStart(
            f"ほかの `gateway demo` が `{state}` を使っています。Ctrl-C で終えるか、--state で別の場所を指定してください。",
            f"another `gateway demo` uses `{state}`: end it with Ctrl-C, or name another place with --state.",
        ) from None


def _make(people: dict[str, Member], count: int, day: date) -> list[Member]:
    made = make_members(count, today=day)
    yesterday = timestamp(midnight(day) - timedelta(days=1))
    for stop in (stop for member in made for stop in member["stops"]):
        stop["from"] = min(stop["from"], yesterday)  # also where the clock stands before the samples' own day
    people.update({member["member_code"]: member for member in made})
    return made


def _settings(state: Path, port: int, console_port: int, member_system_port: int) -> Settings:
    folder = state.resolve()
    secret = _secret(folder / "keys")
    return Settings(
        name="demo.gateway.example.coop",
        issuer=f"http://{HOST}:{port}",
        port=port,
        console=f"http://{HOST}:{console_port}",
        console_port=console_port,
        database_url=f"sqlite:///{folder / 'gateway.db'}",
        keys=folder / "keys",
        policies=folder / "office" / "policies",
        partners=folder / "office" / "partners",
        coops=(COOP, INCOMPLETE),
        coop_names={COOP: "生活協同組合 共立社", INCOMPLETE: "コープデリ連合会"},
        sources={
            COOP: SourceSettings(url=f"http://{HOST}:{member_system_port}", secret_file=secret),
            # Nothing answers here: under an incomplete notice there is nothing to read.
            INCOMPLETE: SourceSettings(url=f"http://{HOST}:1", secret_file=secret),
        },
        demo=True,
    )


def _make_keys(settings: Settings) -> str:
    """Make the gateway's keys, and the secret by which the member system knows it; return that."""
    KeyFiles(settings.keys).create(settings.coops)
    secret = secrets.token_urlsafe(32)
    file = _secret(settings.keys)
    file.touch(0o600, exist_ok=False)
    file.write_text(secret, encoding="utf-8")
    return secret


def _secret(keys: Path) -> Path:
    return keys / "member-system.secret"
