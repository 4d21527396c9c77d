"""Who may act for a co-op: every rule before an entry, each entry, and what it changes; in memory and on a database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.staff import StoredStaff
from gateway.control_plane.people.people import BOOTSTRAP, add_person, end_role, give_role, person_leaves
from gateway.control_plane.people.rules import PeopleRefused
from gateway.core.days import Span
from gateway.core.staff import RoleHeld, held
from gateway.ports import Log, Person, Session, Staff, Unavailable
from gateway.tlog import entries
from tests import postgres as pg
from tests.clock import NOON, SettableClock
from tests.control_plane.simulated_staff import SimulatedStaff, SimulatedStaffLog

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format
SOMU, KYOSAI = "総務部", "共済部"
DAY = timedelta(days=1)


@dataclass
class CoopStaff:
    """A co-op's people as somebody changes them."""

    staff: Staff
    log: Log
    clock: SettableClock

    async def add(self, person: str, name: str = "佐藤 花子", *, by: str = "sato", reason: str = "採用") -> int:
        return await add_person(self.log, self.staff, COOP, person, name, by=by, reason=reason, clock=self.clock)

    async def leave(self, person: str, *, by: str = "sato", reason: str = "退職") -> int:
        return await person_leaves(self.log, self.staff, COOP, person, by=by, reason=reason, clock=self.clock)

    async def give(self, person: str, role: Any = "admin", department: str | None = SOMU, **more: Any) -> RoleHeld:
        asked = {"by": "sato", "reason": "異動", **more}
        _, given = await give_role(
            self.log, self.staff, COOP, person, role, department=department, clock=self.clock, **asked
        )
        return given

    async def end(self, role: str, **more: Any) -> int:
        asked = {"by": "sato", "reason": "異動", **more}
        return await end_role(self.log, self.staff, COOP, role, clock=self.clock, **asked)

    async def told(self) -> list[entries.Staff]:
        read = [entries.decode(entry) for entry in await self.log.of_kind(COOP, "staff")]
        return [one for one in read if isinstance(one, entries.Staff)]

    async def begun(self) -> "CoopStaff":
        """As most co-ops stand: sato in compliance, suzuki admin and tanaka manager of the same department, ito nothing."""
        for person in ("sato", "suzuki", "tanaka", "ito"):
            await self.add(person, by="設置担当")
        await self.give("sato", "compliance", None, by="設置担当")
        await self.give("suzuki")
        await self.give("tanaka", "manager")
        return self


@pytest.fixture
def simulated(clock: SettableClock) -> CoopStaff:
    staff = SimulatedStaff()
    return CoopStaff(staff, SimulatedStaffLog(staff), clock)


@pytest.fixture(params=["sqlite", "postgres", "simulated"])
def where(request: pytest.FixtureRequest) -> pg.Server | str:
    named = {"sqlite": "sqlite_url", "postgres": "postgres_server"}
    found: pg.Server | str = request.getfixturevalue(named[request.param]) if request.param in named else ""
    return found


@pytest.fixture
async def everywhere(where: pg.Server | str, simulated: CoopStaff) -> AsyncIterator[CoopStaff]:
    """The people on either database, and in memory."""
    if not where:
        yield simulated
        return
    url, clock = where if isinstance(where, str) else where.url(await where.make_database()), simulated.clock
    path = sqlite_path(url)
    log = (
        PostgresLog(url, origin=ORIGIN, clock=clock)
        if path is None
        else SqliteLog(Path(path), origin=ORIGIN, clock=clock)
    )
    await log.start()
    engine = engine_of(url)
    yield CoopStaff(StoredStaff(engine, origin=ORIGIN), log, clock)
    await engine.dispose()
    await log.close()


async def refuses(rule: str, coop: CoopStaff, act: Any) -> None:
    """An act is refused for a rule, in both languages, and nothing is written."""
    before = await coop.told(), await coop.staff.people(COOP), await coop.staff.roles(COOP)
    with pytest.raises(PeopleRefused) as refused:
        await act
    assert refused.value.rule == rule
    assert refused.value.ja in str(refused.value)
    assert refused.value.en in str(refused.value)
    assert "{" not in str(refused.value)
    assert before == (await coop.told(), await coop.staff.people(COOP), await coop.staff.roles(COOP))


async def test_a_co_op_begins_works_and_changes_hands(everywhere: CoopStaff) -> None:
    coop = everywhere
    assert await coop.add("sato", "佐藤 花子", by="設置担当", reason="導入") == 0
    assert await coop.add("tanaka", "田中", by="設置担当", reason="導入") == 1
    first = await coop.give("sato", by="設置担当", reason="導入")
    assert first == RoleHeld(id="sato-admin-1", person="sato", role="admin", department=SOMU, span=Span(NOON, None))
    second = await coop.give("tanaka", "manager", end=NOON + 9 * DAY, reason="承認者")
    assert second.id == "tanaka-manager-1"
    assert await coop.staff.roles(COOP) == [first, second]
    coop.clock.advance(hours=1)
    assert await coop.end("sato-admin-1", by="tanaka", reason="交代") == 4
    again = await coop.give("sato", by="tanaka", start=NOON + DAY)
    assert again.id == "sato-admin-2"
    assert await coop.leave("sato", by="tanaka") == 6
    assert await coop.staff.people(COOP) == [
        Person(id="sato", name="佐藤 花子", active=False),
        Person(id="tanaka", name="田中"),
    ]
    roles = await coop.staff.roles(COOP)
    assert not any(held(roles, "sato", "admin", NOON + n * DAY) for n in range(1, 30)), "what was to begin later, too"

    words: dict[str, Any] = {"coop": COOP, "by": "sato", "reason": "異動"}
    noon, later = entries.instant(NOON), entries.instant(NOON + timedelta(hours=1))
    begun: dict[str, Any] = {"by": "設置担当", "reason": f"導入 {BOOTSTRAP}"}
    role: dict[str, Any] = {"person": "sato", "role": "admin", "department": SOMU, "start": noon}
    assert await coop.told() == [
        entries.Staff(**{**words, **begun}, time=noon, event="added", person="sato"),
        entries.Staff(**{**words, **begun}, time=noon, event="added", person="tanaka"),
        entries.Staff(**{**words, **begun, **role}, time=noon, event="role_given"),
        entries.Staff(
            **{**words, **role, "person": "tanaka", "role": "manager", "reason": "承認者"},
            time=noon,
            event="role_given",
            end=entries.instant(NOON + 9 * DAY),
        ),
        entries.Staff(**{**words, **role, "by": "tanaka", "reason": "交代"}, time=later, event="role_ended", end=later),
        entries.Staff(
            **{**words, **role, "by": "tanaka", "start": entries.instant(NOON + DAY)}, time=later, event="role_given"
        ),
        entries.Staff(**{**words, "by": "tanaka", "reason": "退職"}, time=later, event="left", person="sato"),
    ]


async def test_what_the_rows_demand_is_refused_by_the_transaction(everywhere: CoopStaff) -> None:
    coop = await everywhere.begun()
    await refuses("exists", coop, coop.add("ito"))
    await coop.leave("ito")
    await refuses("exists", coop, coop.add("ito"))
    await refuses("unknown", coop, coop.leave("ito"))
    await refuses("unknown", coop, coop.leave("nobody"))
    await refuses("unknown", coop, coop.give("ito"))
    await refuses("unknown", coop, coop.give("nobody"))


async def test_of_two_who_give_the_same_role_at_once_one_does(everywhere: CoopStaff) -> None:
    coop = await everywhere.begun()
    done = await asyncio.gather(*(coop.give("ito") for _ in range(2)), return_exceptions=True)
    assert [isinstance(one, PeopleRefused) for one in done].count(True) <= 1
    assert sum(one.person == "ito" for one in await coop.staff.roles(COOP)) == 1
    assert sum(one.person == "ito" and one.event == "role_given" for one in await coop.told()) == 1


@pytest.mark.parametrize("person", ["", "Sato", "佐藤", ".sato", "-", "sa to", "s" * 65, "sato\n", "sato/x", "s\x00"])
async def test_an_id_that_cannot_be_typed_everywhere(simulated: CoopStaff, person: str) -> None:
    await refuses("id", simulated, simulated.add(person))
    await refuses("id", simulated, simulated.give(person))
    await refuses("id", simulated, simulated.leave(person))


@given(st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z"))
def test_any_other_id_is_taken(person: str) -> None:
    staff = SimulatedStaff()
    coop = CoopStaff(staff, SimulatedStaffLog(staff), SettableClock())
    assert asyncio.run(coop.add(person)) == 0


@pytest.mark.parametrize("name", ["", " ", "\u3000", "佐藤\n花子", "a\x00", "\udc80", "名" * 201])
async def test_a_name_is_required(simulated: CoopStaff, name: str) -> None:
    await refuses("name", simulated, simulated.add("sato", name))


@pytest.mark.parametrize("reason", ["", " \n", "a\x00", "\udc80", "理" * 2_001])
async def test_a_reason_is_required(simulated: CoopStaff, reason: str) -> None:
    coop = await simulated.begun()
    await refuses("reason", coop, coop.add("kato", reason=reason))
    await refuses("reason", coop, coop.leave("ito", reason=reason))
    await refuses("reason", coop, coop.give("ito", reason=reason))
    await refuses("reason", coop, coop.end("suzuki-admin-1", reason=reason))


async def test_names_of_every_kind_and_reasons_of_several_lines_are_taken(simulated: CoopStaff) -> None:
    for number, name in enumerate(["髙﨑 𠮷野", "O'Brien", "佐藤\u3000花子", "\ue000外字"]):
        await simulated.add(f"p{number}", name, reason="一行目\r\n二行目")
    assert [one.name for one in await simulated.staff.people(COOP)][3] == "\ue000外字"


@pytest.mark.parametrize("by", ["", "nobody", "設置担当", "kato", "SATO"])
async def test_once_somebody_has_a_role_only_active_people_act(simulated: CoopStaff, by: str) -> None:
    coop = await simulated.begun()
    await coop.add("kato")
    await coop.leave("kato")
    await refuses("by", coop, coop.add("mori", by=by))
    await refuses("by", coop, coop.leave("ito", by=by))
    await refuses("by", coop, coop.give("ito", by=by))
    await refuses("by", coop, coop.end("suzuki-admin-1", by=by))


async def test_before_the_first_role_somebody_acts_all_the_same(simulated: CoopStaff) -> None:
    await refuses("by", simulated, simulated.add("sato", by=" "))
    await simulated.add("sato", by="設置担当")
    await simulated.give("sato", by="sato")
    assert all(one.reason.endswith(BOOTSTRAP) for one in await simulated.told())
    await simulated.add("ito", by="sato")
    assert (await simulated.told())[-1].reason == "採用", "from the first role on, it is no set-up any more"


@pytest.mark.parametrize(
    ("role", "department"),
    [
        ("admin", None),
        ("manager", None),
        ("compliance", SOMU),
        ("auditor", SOMU),
        ("operator", SOMU),
        ("admin", " "),
        ("admin", f"{SOMU} "),
        ("admin", "総務\n部"),
    ],
)
async def test_admins_and_managers_have_a_department_and_no_other(
    simulated: CoopStaff, role: str, department: str | None
) -> None:
    coop = await simulated.begun()
    await refuses("department", coop, coop.give("ito", role, department))


async def test_a_period_begins_now_or_later_and_ends_after_that(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await refuses("past", coop, coop.give("ito", start=NOON - timedelta(seconds=61)))
    await refuses("span", coop, coop.give("ito", start=NOON + DAY, end=NOON + DAY))
    await refuses("span", coop, coop.give("ito", end=NOON - DAY))
    given = await coop.give("ito", start=NOON - timedelta(seconds=60), end=NOON + DAY)
    assert given.span == Span(NOON - timedelta(seconds=60), NOON + DAY)


async def test_an_instant_is_kept_in_whole_milliseconds(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    start = NOON + timedelta(microseconds=1_999)
    given = await coop.give("ito", start=start)
    assert given.span.start == NOON + timedelta(milliseconds=1)
    assert given in await coop.staff.roles(COOP)
    assert (await coop.told())[-1].start == "2026-11-22T03:00:00.001Z"


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [(0, 5, False), (0, 6, True), (5, 10, True), (6, 7, True), (9, None, True), (10, None, False), (0, None, True)],
)
async def test_the_same_role_in_the_same_department_does_not_overlap(
    simulated: CoopStaff, start: int, end: int | None, meets: bool
) -> None:
    coop = await simulated.begun()
    await coop.give("ito", start=NOON + 5 * DAY, end=NOON + 10 * DAY)
    span: dict[str, Any] = {"start": NOON + start * DAY, "end": None if end is None else NOON + end * DAY}
    await coop.give("ito", "admin", KYOSAI, **span)
    await coop.give("ito", "compliance", None, **span)
    if meets:
        await refuses("overlap", coop, coop.give("ito", **span))
    else:
        await coop.give("ito", **span)


async def test_nobody_gives_themself_a_role(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await refuses("self", coop, coop.give("sato", "auditor", None, by="sato"))
    await coop.give("sato", "auditor", None, by="ito")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("deputy_role", {"role": "admin"}),
        ("deputy_end", {"end": None}),
        ("deputy_length", {"end": NOON + 400 * DAY + timedelta(milliseconds=1)}),
        ("deputy_self", {"deputy_for": "ito"}),
        ("deputy_of", {"deputy_for": "suzuki"}),
        ("deputy_of", {"deputy_for": "nobody"}),
        ("deputy_of", {"deputy_for": ""}),
        ("deputy_of", {"department": KYOSAI}),
        ("deputy_role", {"role": "compliance", "department": None}),
    ],
)
async def test_a_deputy_stands_in_for_a_manager_for_a_time(
    simulated: CoopStaff, rule: str, changes: dict[str, Any]
) -> None:
    coop = await simulated.begun()
    asked: dict[str, Any] = {"role": "manager", "deputy_for": "tanaka", "end": NOON + 400 * DAY, **changes}
    await refuses(rule, coop, coop.give("ito", **asked))


async def test_a_deputy_is_given_with_whom_they_stand_in_for(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    given = await coop.give("ito", "manager", deputy_for="tanaka", end=NOON + 400 * DAY)
    assert given.deputy_for == "tanaka"
    told = (await coop.told())[-1]
    assert (told.event, told.person, told.deputy_for) == ("role_given", "ito", "tanaka")
    assert held(await coop.staff.roles(COOP), "ito", "manager", NOON, department=SOMU)


async def test_who_is_stood_in_for_is_a_manager_then_and_in_their_own_right(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await coop.give("suzuki", "manager", KYOSAI, start=NOON + 5 * DAY, end=NOON + 20 * DAY)
    for start, end in ((0, 10), (4, 10), (6, 21), (20, 22)):
        span: dict[str, Any] = {"start": NOON + start * DAY, "end": NOON + end * DAY}
        await refuses("deputy_of", coop, coop.give("ito", "manager", KYOSAI, deputy_for="suzuki", **span))
    span = {"start": NOON + 5 * DAY, "end": NOON + 20 * DAY}
    await coop.give("ito", "manager", KYOSAI, deputy_for="suzuki", **span)
    await refuses("deputy_of", coop, coop.give("tanaka", "manager", KYOSAI, deputy_for="ito", **span))


async def test_a_role_ends_once_and_never_later_than_it_would(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await refuses("ended", coop, coop.end("ito-admin-1"))
    await refuses("ended", coop, coop.end("\udc80"))
    await coop.give("ito", end=NOON + 9 * DAY)
    await refuses("past", coop, coop.end("ito-admin-1", end=NOON - timedelta(minutes=2)))
    await refuses("span", coop, coop.end("ito-admin-1", end=NOON + 9 * DAY))
    await coop.end("ito-admin-1", end=NOON + 3 * DAY)
    await coop.end("ito-admin-1", end=NOON - timedelta(seconds=30))
    [ended] = [one for one in await coop.staff.roles(COOP) if one.person == "ito"]
    assert ended.span == Span(NOON, NOON), "from now on, not half a minute ago"
    await refuses("ended", coop, coop.end("ito-admin-1"))


async def test_a_role_that_has_not_begun_is_never_held(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await coop.give("ito", start=NOON + 5 * DAY)
    await coop.end("ito-admin-1")
    told = (await coop.told())[-1]
    assert told.start == told.end == entries.instant(NOON + 5 * DAY)
    roles = await coop.staff.roles(COOP)
    assert not any(held(roles, "ito", "admin", NOON + n * DAY) for n in range(9))
    await coop.give("ito", start=NOON + 4 * DAY)


async def test_an_approver_remains_where_there_are_admins(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await refuses("last_manager", coop, coop.end("tanaka-manager-1"))
    await refuses("last_manager", coop, coop.end("tanaka-manager-1", end=NOON + 3 * DAY))
    await refuses("last_manager", coop, coop.leave("tanaka"))
    await coop.give("ito", "manager", KYOSAI)
    await coop.give("suzuki", "manager", start=NOON + DAY, end=NOON + 5 * DAY)
    await refuses("last_manager", coop, coop.end("tanaka-manager-1"))
    await refuses("last_manager", coop, coop.end("tanaka-manager-1", end=NOON + 5 * DAY))
    await coop.end("tanaka-manager-1", end=NOON + 3 * DAY)
    await coop.end("ito-manager-1")
    assert held(await coop.staff.roles(COOP), "suzuki", "manager", NOON + 3 * DAY, department=SOMU)


async def test_a_deputy_does_not_remain_alone(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await coop.give("ito", "manager", deputy_for="tanaka", end=NOON + 9 * DAY)
    await refuses("last_manager", coop, coop.end("tanaka-manager-1"))
    await refuses("last_manager", coop, coop.leave("tanaka"))
    await coop.end("ito-manager-1")


async def test_where_no_admin_remains_no_approver_need(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    await coop.end("suzuki-admin-1")
    await coop.leave("tanaka")


async def test_the_last_person_stays(simulated: CoopStaff) -> None:
    coop = await simulated.begun()
    for person in ("suzuki", "tanaka", "ito"):
        await coop.leave(person)
    await refuses("last_person", coop, coop.leave("sato", by="sato"))
    await coop.add("kato")
    await coop.leave("sato", by="kato")


async def test_who_leaves_is_signed_out(everywhere: CoopStaff) -> None:
    coop = await everywhere.begun()
    for token, person in ((b"1", "ito"), (b"2", "ito"), (b"3", "sato")):
        await coop.staff.open_session(
            Session(token_hash=token, coop=COOP, person=person, csrf="c", began=NOON, seen=NOON)
        )
    await refuses("last_manager", coop, coop.leave("tanaka"))
    await coop.leave("ito")
    open_now = [await coop.staff.session(token) is not None for token in (b"1", b"2", b"3")]
    assert open_now == [False, False, True]


async def test_a_log_that_says_anything_else_is_unavailable(simulated: CoopStaff) -> None:
    assert isinstance(simulated.log, SimulatedStaffLog)
    simulated.log.bounces = True
    with pytest.raises(Unavailable):
        await simulated.add("sato")
    assert await simulated.staff.people(COOP) == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.booleans()), max_size=8))
def test_whatever_was_given_and_ended_nobody_holds_a_role_twice(acts: list[tuple[int, int, bool]]) -> None:
    async def scenario() -> None:
        staff = SimulatedStaff()
        coop = await CoopStaff(staff, SimulatedStaffLog(staff), SettableClock()).begun()
        for start, length, ends in acts:
            with suppress(PeopleRefused):
                given = await coop.give("ito", start=NOON + start * DAY, end=NOON + (start + length) * DAY)
                if ends:
                    await coop.end(given.id, end=NOON + (start + length - 1) * DAY)
        mine = [one for one in await staff.roles(COOP) if one.person == "ito"]
        for n in range(30):
            at: datetime = NOON + n * DAY
            assert sum(held([one], "ito", "admin", at) for one in mine) <= 1

    asyncio.run(scenario())
