"""Dossiers over real stores: each step one entry and one row, sealed; who may, who was faster, what is never readable."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.core.refused import Refused
from gateway.oversight import dossiers
from gateway.ports import Unavailable
from gateway.tlog.entries import Dossier
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

CODE = "00012345"
CANARY = "髙﨑 𠮷邊 0235-99-1234"


class Note(msgspec.Struct, frozen=True):
    """What the tests write."""

    said: str


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, published=False, keys=gateway_keys) as running:
        yield running


async def employ(house: House, person: str, role: Any) -> None:
    by = "homu" if await house.stores.staff.people(COOP) else "設定"
    said: dict[str, Any] = {"by": by, "reason": "試験", "clock": house.clock}
    await people.add_person(house.stores.log, house.stores.staff, COOP, person, person, **said)
    await people.give_role(house.stores.log, house.stores.staff, COOP, person, role, department=None, **said)


async def test_a_dossier_is_opened_changed_and_read_again(house: House):
    desk = oversight_of(house.settings, house.stores)
    await employ(house, "homu", "compliance")
    made = await dossiers.begin(
        desk, COOP, "case", Note(CANARY), state="open", by="homu", reason="受付", member=CODE, partner="sunnet"
    )
    await dossiers.change(desk, made, Note(CANARY + "二"), event="changed", by="homu", reason="追記", state="answered")
    [stored] = await desk.dossiers.all(COOP, "case", tag=made.tag)
    assert (stored.id, stored.revision, stored.state, stored.partner) == (made.id, 2, "answered", None)
    assert dossiers.read(desk, stored, Note).said == CANARY + "二"
    said = [one for one in await house.entries() if isinstance(one, Dossier)]
    assert [(one.event, one.revision, one.by, one.reason) for one in said] == [
        ("opened", 1, "homu", "受付"),
        ("changed", 2, "homu", "追記"),
    ]
    [(rows,)] = await house.rows("SELECT count(*) FROM log_subject")
    assert rows == 2


async def test_nothing_that_was_written_can_be_read_in_the_database(house: House):
    desk = oversight_of(house.settings, house.stores)
    made = await dossiers.begin(desk, COOP, "case", Note(CANARY), state="open", by="homu", reason="受付", member=CODE)
    [row] = await house.rows("SELECT * FROM dossier")
    assert CANARY not in repr(row)
    assert CODE not in repr(row)
    assert CANARY not in repr(made)
    await house.tamper("UPDATE dossier SET id = 'case-other'")
    moved = await desk.dossiers.get(COOP, "case-other")
    assert moved is not None
    with pytest.raises(Unavailable):
        dossiers.read(desk, moved, Note)


async def test_whoever_holds_no_role_opens_and_changes_nothing(house: House):
    desk = oversight_of(house.settings, house.stores)
    await employ(house, "homu", "compliance")
    await employ(house, "kansa", "auditor")
    made = await dossiers.begin(desk, COOP, "case", Note("一"), state="open", by="homu", reason="受付")
    before = await house.entries()
    with pytest.raises(Refused, match="no role"):
        await dossiers.begin(desk, COOP, "case", Note("二"), state="open", by="kansa", reason="受付")
    with pytest.raises(Refused, match="no role"):
        await dossiers.change(desk, made, Note("二"), event="changed", by="kansa", reason="追記")
    assert await house.entries() == before


async def test_of_two_who_change_it_at_once_the_second_is_told(house: House):
    desk = oversight_of(house.settings, house.stores)
    made = await dossiers.begin(desk, COOP, "case", Note("一"), state="open", by="homu", reason="受付")
    await dossiers.change(desk, made, Note("二"), event="changed", by="homu", reason="追記")
    with pytest.raises(Refused, match="changed it first"):
        await dossiers.change(desk, made, Note("三"), event="changed", by="hori", reason="追記")


async def test_nobody_signs_what_they_wrote(house: House):
    desk = oversight_of(house.settings, house.stores)
    made = await dossiers.begin(desk, COOP, "review", Note("一"), state="open", by="homu", reason="点検")
    with pytest.raises(Refused, match="what you wrote yourself"):
        await dossiers.change(desk, made, Note("一"), event="signed", by="homu", reason="確認", by_another=True)
    signed = await dossiers.change(desk, made, Note("一"), event="signed", by="kansa", reason="確認", by_another=True)
    assert signed.editor == "kansa"


@pytest.mark.parametrize("reason", ["", "  ", "a\u202eb"])
async def test_a_reason_is_asked_for(house: House, reason: str):
    desk = oversight_of(house.settings, house.stores)
    with pytest.raises(Refused):
        await dossiers.begin(desk, COOP, "case", Note("一"), state="open", by="homu", reason=reason)
    assert await house.rows("SELECT count(*) FROM dossier") == [(0,)]
