"""The Staff port's contract, on both databases and on the people in memory that other tests work with."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.adapters.database import sqlite_path
from gateway.adapters.engine import engine_of
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.staff import StoredStaff
from gateway.core.days import Span
from gateway.core.staff import RoleHeld
from gateway.ports import (
    Change,
    Committed,
    Credentials,
    Log,
    Person,
    Session,
    Staff,
    Submission,
    Unavailable,
    Unchanged,
    Verdict,
)
from gateway.tlog.merkle import leaf_hash
from tests import postgres as pg
from tests.clock import NOON, SettableClock
from tests.control_plane.simulated_staff import SimulatedStaff, SimulatedStaffLog

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format


class Kept(NamedTuple):
    staff: Staff
    log: Log
    clock: SettableClock

    async def change(self, statement: str, **values: str | int | None) -> Verdict:
        """Commit an entry that changes a row of staff."""
        entry = f"{statement} {sorted(values.items())}".encode()
        change = Change(statement=statement, values={**values})
        submission = Submission(entry=entry, leaf=leaf_hash(entry), kind="staff", time=self.clock(), change=change)
        return await self.log.append(COOP, submission)


@pytest.fixture(params=["sqlite", "postgres", "simulated"])
def backend(request: pytest.FixtureRequest) -> pg.Server | str:
    """The PostgreSQL server, the URL of a file, or nothing: the people in memory."""
    named = {"sqlite": "sqlite_url", "postgres": "postgres_server"}
    found: pg.Server | str = request.getfixturevalue(named[request.param]) if request.param in named else ""
    return found


@pytest.fixture
async def kept(backend: pg.Server | str, clock: SettableClock) -> AsyncIterator[Kept]:
    if not backend:
        simulated = SimulatedStaff()
        yield Kept(simulated, SimulatedStaffLog(simulated), clock)
        return
    url = backend if isinstance(backend, str) else backend.url(await backend.make_database())
    path = sqlite_path(url)
    log = (
        PostgresLog(url, origin=ORIGIN, clock=clock)
        if path is None
        else SqliteLog(Path(path), origin=ORIGIN, clock=clock)
    )
    await log.start()
    engine = engine_of(url)
    yield Kept(StoredStaff(engine, origin=ORIGIN), log, clock)
    await engine.dispose()
    await log.close()


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def role(name: str, **changes: str | int | None) -> dict[str, str | int | None]:
    base: dict[str, str | int | None] = {
        "id": name,
        "person": "sato",
        "role": "admin",
        "department": "総務部",
        "starts": ms(NOON),
        "ends": None,
        "deputy_for": None,
    }
    return base | changes


def session(token: bytes, began: datetime = NOON, *, person: str = "sato", coop: str = COOP) -> Session:
    return Session(token_hash=token, coop=coop, person=person, csrf="c", began=began, seen=began)


async def test_people_are_of_one_co_op_and_an_id_is_given_once(kept: Kept) -> None:
    for person, name in (("suzuki", "鈴木 花子"), ("sato", "佐藤"), ("a-b", "髙﨑"), ("a.b", "𠮷野")):
        assert isinstance(await kept.change("person_added", id=person, name=name), Committed)
    assert [one.id for one in await kept.staff.people(COOP)] == ["a-b", "a.b", "sato", "suzuki"]
    assert (await kept.staff.people(COOP))[1] == Person(id="a.b", name="𠮷野", active=True)
    assert await kept.change("person_added", id="sato", name="別人") == Unchanged()
    assert await kept.change("person_left", id="sato") == Committed(4)
    assert await kept.change("person_left", id="sato") == Unchanged()
    assert await kept.change("person_left", id="nobody") == Unchanged()
    assert await kept.change("person_added", id="sato", name="別人") == Unchanged()
    assert Person(id="sato", name="佐藤", active=False) in await kept.staff.people(COOP)
    assert await kept.staff.people("coopdeli") == []
    assert (await kept.log.head(COOP)).next_index == 5, "what was refused is not in the log"


async def test_roles_are_given_to_active_people_and_end_once(kept: Kept) -> None:
    await kept.change("person_added", id="sato", name="佐藤")
    later, last = NOON + timedelta(days=1), NOON + timedelta(days=9)
    assert await kept.change("role_given", **role("r1", person="nobody")) == Unchanged()
    assert isinstance(await kept.change("role_given", **role("r2", starts=ms(later), ends=ms(last))), Committed)
    whole = role("r1", role="compliance", department=None)
    assert isinstance(await kept.change("role_given", **whole), Committed)
    assert await kept.change("role_given", **role("r1")) == Unchanged(), "an id is of one role"
    compliance = RoleHeld(id="r1", person="sato", role="compliance", span=Span(NOON, None))
    admin = RoleHeld(id="r2", person="sato", role="admin", department="総務部", span=Span(later, last))
    assert await kept.staff.roles(COOP) == [compliance, admin]
    assert await kept.staff.roles("coopdeli") == []
    assert isinstance(await kept.change("role_ended", id="r1", ends=ms(later)), Committed)
    assert await kept.change("role_ended", id="r1", ends=ms(later)) == Unchanged()
    assert await kept.change("role_ended", id="r2", ends=ms(last)) == Unchanged()
    assert await kept.change("role_ended", id="r3", ends=ms(last)) == Unchanged()
    assert (await kept.staff.roles(COOP))[0].span == Span(NOON, later)


async def test_the_roles_of_who_leaves_end_and_the_password_goes(kept: Kept) -> None:
    await kept.change("person_added", id="sato", name="佐藤")
    await kept.change("person_added", id="suzuki", name="鈴木")
    await kept.change("role_given", **role("r1", starts=ms(NOON - timedelta(hours=1))))
    assert await kept.staff.set_credentials(COOP, "sato", Credentials(password="$argon2id$"), was=Credentials())
    await kept.change("person_left", id="sato")
    [one] = await kept.staff.roles(COOP)
    assert one.span.end == kept.clock()
    assert await kept.staff.credentials(COOP, "sato") == Credentials()
    assert await kept.change("role_given", **role("r2")) == Unchanged()


async def test_credentials_are_replaced_only_as_they_were(kept: Kept) -> None:
    assert await kept.staff.credentials(COOP, "sato") is None
    assert not await kept.staff.set_credentials(COOP, "sato", Credentials(), was=Credentials())
    await kept.change("person_added", id="sato", name="佐藤")
    assert await kept.staff.credentials(COOP, "sato") == Credentials()
    assert await kept.staff.credentials("coopdeli", "sato") is None
    full = Credentials(password="$argon2id$", totp=b"\x00\xff", counter=2**40, failures=3, locked_until=NOON)
    assert await kept.staff.set_credentials(COOP, "sato", full, was=Credentials())
    assert not await kept.staff.set_credentials(COOP, "sato", Credentials(), was=Credentials())
    assert await kept.staff.credentials(COOP, "sato") == full
    tries = [Credentials(password="$argon2id$", failures=n) for n in range(4, 9)]
    done = await asyncio.gather(*(kept.staff.set_credentials(COOP, "sato", one, was=full) for one in tries))
    assert sum(done) == 1, "of those who saw the same, one replaces it"
    assert await kept.staff.credentials(COOP, "sato") == tries[done.index(True)]


async def test_a_session_is_found_by_the_hash_of_its_cookie_until_it_is_closed(kept: Kept) -> None:
    assert await kept.staff.session(b"one") is None
    await kept.staff.open_session(session(b"one"))
    assert await kept.staff.session(b"one") == session(b"one")
    seen = NOON + timedelta(minutes=9)
    for at in (seen, NOON):
        await kept.staff.touch_session(b"one", at)
    touched = await kept.staff.session(b"one")
    assert touched is not None
    assert (touched.began, touched.seen) == (NOON, seen), "what came late does not set it back"
    await kept.staff.touch_session(b"two", seen)
    assert await kept.staff.session(b"two") is None
    await kept.staff.close_session(b"one")
    await kept.staff.close_session(b"one")
    assert await kept.staff.session(b"one") is None


async def test_signing_in_sweeps_ones_own_sessions_that_are_over(kept: Kept) -> None:
    for token, began, used in ((b"idle", 20, 20), (b"long", 8 * 60, 1), (b"live", 8 * 60 - 1, 14)):
        await kept.staff.open_session(session(token, NOON - timedelta(minutes=began)))
        await kept.staff.touch_session(token, NOON - timedelta(minutes=used))
    await kept.staff.open_session(session(b"theirs", NOON - timedelta(days=1), person="suzuki"))
    await kept.staff.open_session(session(b"new"))
    found = [await kept.staff.session(token) for token in (b"idle", b"long", b"live", b"theirs", b"new")]
    assert [one is not None for one in found] == [False, False, True, True, True]


async def test_all_sessions_of_one_person_are_closed(kept: Kept) -> None:
    for token, person, coop in (
        (b"a", "sato", COOP),
        (b"b", "sato", COOP),
        (b"c", "suzuki", COOP),
        (b"d", "sato", "coopdeli"),
    ):
        await kept.staff.open_session(session(token, person=person, coop=coop))
    await kept.staff.close_sessions_of(COOP, "sato")
    found = [await kept.staff.session(token) for token in (b"a", b"b", b"c", b"d")]
    assert [one is not None for one in found] == [False, False, True, True]


def test_credentials_and_sessions_do_not_print_themselves() -> None:
    assert "argon2" not in repr(Credentials(password="$argon2id$", totp=b"secret"))
    assert "secret" not in repr(session(b"secret"))


async def test_a_database_that_fails_is_unavailable(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/empty.db")
    staff = StoredStaff(engine, origin=ORIGIN)
    with pytest.raises(Unavailable):
        await staff.people(COOP)
    with pytest.raises(Unavailable):
        await staff.open_session(session(b"one"))
    await engine.dispose()
