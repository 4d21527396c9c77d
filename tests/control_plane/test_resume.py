"""A suspension takes one person, its end two."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app.office import office_of
from gateway.control_plane.partners import both_named
from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.people import people
from gateway.core.refused import Refused
from gateway.tlog.entries import Partner
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

WORDS = {"reason": "試験"}


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(sqlite_url, tmp_path, clock) as made:
        await set_state(made.stores.log, COOP, "sunnet", active=False, by="運用", reason="試験", clock=clock)
        yield made


async def staffed(house: House) -> None:
    log, staff, words = house.stores.log, house.stores.staff, {"clock": house.clock, **WORDS}
    for person in ("ope", "ito", "abe"):
        await people.add_person(log, staff, COOP, person, person, by="設定", **words)  # type: ignore[arg-type]
    await people.give_role(log, staff, COOP, "ope", "operator", by="設定", **words)  # type: ignore[arg-type]
    await people.give_role(log, staff, COOP, "ito", "manager", department="宅配", by="ope", **words)  # type: ignore[arg-type]


async def resumed(house: House, by: str, approver: str | None) -> int:
    office = office_of(house.settings, house.stores)
    return await both_named.resume(office, COOP, "sunnet", by=by, approver=approver, **WORDS)


async def test_two_people_resume_and_both_are_named(house: House):
    await staffed(house)
    index = await resumed(house, "ope", "ito")
    *_, asked, entry = await house.entries()
    assert isinstance(asked, Partner)
    assert isinstance(entry, Partner)
    assert (asked.event, asked.by) == ("resume_asked", "ope")
    assert (entry.event, entry.by, entry.approver, entry.request) == ("active", "ope", "ito", asked.request)
    assert index == entry.gov + 1 == len(await house.entries()) - 1


@pytest.mark.parametrize(
    ("by", "approver", "rule"),
    [
        ("ope", None, "approver"),
        ("ope", "abe", "approver"),
        ("ope", "nobody", "approver"),
        ("ito", "ito", "own"),
        ("ito", " ITO", "own"),
        ("abe", "ito", "role"),
        ("nobody", "ito", "role"),
    ],
)
async def test_one_alone_or_somebody_without_the_role_does_not(house: House, by: str, approver: str | None, rule: str):
    await staffed(house)
    before = len(await house.entries())
    with pytest.raises(Refused) as refused:
        await resumed(house, by, approver)
    assert refused.value.rule == rule
    assert len(await house.entries()) == before


async def test_before_anybody_has_a_role_a_name_is_enough(house: House):
    await resumed(house, "運用", None)
    entry = await house.last()
    assert isinstance(entry, Partner)
    assert (entry.event, entry.approver) == ("active", None)
