"""A process is stopped between deciding and committing, while another goes on: the log is still one that verifies."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.log.batch import ms
from gateway.app.oversight import oversight_of
from gateway.control_plane.govern import govern
from gateway.control_plane.people.people import add_person
from gateway.control_plane.restrict import restrict
from gateway.core.identity import member_tag
from gateway.core.state import PartnerStateSet
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups.arising import arise
from gateway.oversight.log.noting import note_taken
from gateway.oversight.log.retention import erase_before, erase_member
from gateway.oversight.members.access import note_access
from gateway.oversight.members.held import advance
from gateway.oversight.members.restricted import note_look
from gateway.ports import COMMIT_WITHIN, MAX_SKEW, Log, Submission, Unavailable, Verdict
from gateway.tlog.content import TOLERANCE
from gateway.tlog.entries import Access, Partner, encode, instant
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.verify import verify
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

CODE = "00000101"
GONE = timedelta(seconds=45)
WHO: dict[str, Any] = {"by": "相談", "reason": "照会"}


class Stopped:
    """The log of a process that is stopped once, just before it commits; meanwhile another process writes an entry."""

    def __init__(self, log: Log, clock: SettableClock) -> None:
        self._log = log
        self._clock = clock
        self._once = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, coop: str, submission: Submission) -> Verdict:
        if self._once:
            self._once = False
            self._clock.now += GONE
            data = encode(Access(coop=coop, time=instant(self._clock()), look_up="export", by="b", reason="other"))
            other = Submission(entry=data, leaf=leaf_hash(data), kind="access", time=self._clock())
            await self._log.append(coop, other)
        return await self._log.append(coop, submission)


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock) as running:
        partner = await running.partner("sunnet", "kyoritsusha-sunnet-01")
        assert CODE in (await partner.pull("P4", ["name"], [CODE])).released
        yield running


async def look(house: House, log: Log) -> None:
    secrets = house.desk.coops[COOP].secrets
    await note_access(log, COOP, CODE, "history", **WHO, secrets=secrets, clock=house.clock)


async def look_at_restrictions(house: House, log: Log) -> None:
    await note_look(_desk(house, log), COOP, [bytes(32)], **WHO)


async def take_away(house: House, log: Log) -> None:
    await note_taken(_desk(house, log), COOP, "log", b"bytes", **WHO)


async def stop(house: House, log: Log) -> None:
    words: dict[str, Any] = {"kind": "stop_use", "partner": None, "purpose": None}
    secrets = house.stores.keys.coop_secrets(COOP)
    await restrict(log, COOP, [CODE], **words, **WHO, secrets=secrets, clock=house.clock)


async def add(house: House, log: Log) -> None:
    await add_person(log, house.stores.staff, COOP, "m.sato", "佐藤", **WHO, clock=house.clock)


async def follow_up(house: House, log: Log) -> None:
    await house.stop(CODE, kind="stop_use")
    await house.stores.snapshots.refresh(COOP)
    await advance(house.stores.log, house.stores.side_rows, house.stores.held_sets, COOP)
    await arise(_desk(house, log), [COOP])


async def suspend(house: House, log: Log) -> None:
    base = (await log.head(COOP)).gov

    def act(gov: int, now: datetime) -> tuple[Partner, tuple[PartnerStateSet, ...]]:
        said = Partner(coop=COOP, time=instant(now), gov=gov, event="suspended", partner="sunnet", **WHO)
        return said, (PartnerStateSet(partner="sunnet", active=False),)

    # The base still stands: that the first entry came too late is no reason to refuse the act.
    await govern(log, COOP, act, clock=house.clock, base=base)


async def erase(house: House, log: Log) -> None:
    stores = house.stores
    words: dict[str, Any] = {"rows": stores.side_rows, "sets": stores.held_sets, "clock": house.clock}
    size = (await log.head(COOP)).next_index
    assert await erase_before(log, stores.erasable, COOP, until=size, **words, **WHO)


async def forget(house: House, log: Log) -> None:
    await house.stop(CODE, kind="stop_use")
    stores = house.stores
    await stores.snapshots.refresh(COOP)
    tag = member_tag(stores.keys.coop_secrets(COOP).subject, COOP, CODE)
    words: dict[str, Any] = {"rows": stores.side_rows, "sets": stores.held_sets, "clock": house.clock}
    await erase_member(log, stores.erasable, stores.snapshots.current(COOP), tag, **words, **WHO)


def test_what_is_committed_as_late_as_may_be_is_not_dated_too_far_back() -> None:
    assert COMMIT_WITHIN + MAX_SKEW < TOLERANCE


def _desk(house: House, log: Log) -> OversightDesk:
    return replace(oversight_of(house.settings, house.stores), log=log)


ACTS = [look, look_at_restrictions, take_away, stop, add, follow_up, suspend, erase, forget]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
async def test_what_was_decided_before_a_stop_is_entered_as_of_now_or_not(
    house: House, act: Callable[[House, Any], Awaitable[None]], tmp_path: Path
) -> None:
    with suppress(Unavailable):
        await act(house, Stopped(house.stores.log, house.clock))
    folder = tmp_path / "log"
    await house.export(folder)
    key = house.stores.keys.note_signer(COOP, f"gw.example.coop/{COOP}").key

    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    report = verify(read, known=[key], origin=key.name)
    assert report.ok, report.finding
    assert report.counts["access"] == 1


async def test_a_row_of_the_log_says_the_instant_of_its_entry(house: House) -> None:
    def moving() -> datetime:
        house.clock.advance(milliseconds=7)
        return house.clock()

    stores = house.stores
    desk = replace(oversight_of(house.settings, stores), clock=moving)
    index = await note_taken(desk, COOP, "log", b"bytes", **WHO)
    words: dict[str, Any] = {"rows": stores.side_rows, "sets": stores.held_sets, "clock": moving}
    assert await erase_before(stores.log, stores.erasable, COOP, until=index, **words, **WHO)
    rows = await house.rows(f"SELECT ts FROM log_entry WHERE origin LIKE '%/{COOP}' ORDER BY idx")
    times = [datetime.fromisoformat(entry.time) for entry in await house.entries()]
    assert [ts for (ts,) in rows] == [ms(time) for time in times]
