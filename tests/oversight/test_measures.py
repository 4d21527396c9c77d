"""Declared measures over real stores: what may be declared, what is overdue, and training that approvals ask for."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.app.office import office_of
from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.core.refused import Refused
from gateway.core.reviews.safety_measures import HEADINGS, KINDS, TRAINING
from gateway.oversight import measures
from gateway.oversight.desk import OversightDesk
from gateway.oversight.measures import Measure
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

TODAY = date(2026, 11, 22)


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(
        database_url, tmp_path, clock, published=False, keys=gateway_keys, training_required=(COOP,)
    ) as running:
        for by, person, role in (("設定", "homu", "compliance"), ("homu", "kansa", "auditor")):
            given: Any = role
            said: dict[str, Any] = {"by": by, "reason": "試験", "clock": clock}
            await people.add_person(running.stores.log, running.stores.staff, COOP, person, person, **said)
            await people.give_role(
                running.stores.log, running.stores.staff, COOP, person, given, department=None, **said
            )
        yield running


@pytest.fixture
def desk(house: House) -> OversightDesk:
    return oversight_of(house.settings, house.stores)


def measure(**changes: Any) -> Measure:
    values: dict[str, Any] = {
        "heading": "10-5(1)",
        "title": "管理区域の入退室の記録",
        "evidence": "入退室記録簿 2026年度",
        "done": TODAY,
        "due": date(2027, 4, 1),
    }
    return Measure(**{**values, **changes})


def training(**changes: Any) -> Measure:
    return measure(**{"heading": TRAINING, "title": "教育", "person": "kansa", "due": TODAY, **changes})


def test_every_heading_of_the_annex_is_there_under_its_section():
    assert {one.number.partition("(")[0] for one in HEADINGS} == {section for section, _, _ in KINDS.values()}
    assert all(one.number.startswith(KINDS[one.kind][0]) for one in HEADINGS)
    assert len({one.number for one in HEADINGS}) == len(HEADINGS) == 15


@pytest.mark.clause("D-10", "K-H1")
async def test_a_measure_is_declared_renewed_and_ended(house: House, desk: OversightDesk, clock: SettableClock):
    made = await measures.declare(desk, COOP, measure(), by="homu")
    assert (made.state, made.due) == ("declared", date(2027, 4, 1))
    assert measures.overdue([made], date(2027, 4, 1)) == []
    assert measures.overdue([made], date(2027, 4, 2)) == [made]
    clock.now = datetime(2027, 4, 5, 3, 0, tzinfo=UTC)
    again = measure(done=date(2027, 4, 3), due=date(2028, 4, 1), heading="10-3(1)")
    made = await measures.renew(desk, made, again, by="homu")
    assert measures.read(desk, made).heading == "10-5(1)"
    assert measures.overdue([made], date(2027, 4, 5)) == []
    made = await measures.end(desk, made, why="移転したため", by="homu")
    assert measures.overdue([made], date(2030, 1, 1)) == []
    with pytest.raises(Refused, match="does not change"):
        await measures.renew(desk, made, measure(), by="homu")
    assert "入退室" not in repr(await house.rows("SELECT * FROM dossier"))


WRONG: tuple[dict[str, Any], ...] = (
    {"heading": "10-9"},
    {"title": ""},
    {"title": "a\nb"},
    {"title": "長" * 201},
    {"evidence": "  "},
    {"evidence": "a\u202eb"},
    {"evidence": "長" * 4_001},
    {"done": date(2026, 11, 23)},
    {"due": date(2026, 11, 21)},
    {"person": "kansa"},
    {"heading": TRAINING},
    {"heading": TRAINING, "person": "nobody"},
    {"heading": TRAINING, "person": "kansa", "due": None},
)


async def test_what_says_too_little_or_something_else_is_refused(desk: OversightDesk):
    for changes in WRONG:
        with pytest.raises(Refused) as told:
            await measures.declare(desk, COOP, measure(**changes), by="homu")
        assert told.value.ja, changes
    with pytest.raises(Refused, match="no role"):
        await measures.declare(desk, COOP, measure(), by="kansa")
    assert await desk.dossiers.all(COOP, "measure") == []


async def test_training_counts_for_its_person_until_its_day(desk: OversightDesk, clock: SettableClock):
    with pytest.raises(Refused, match="no valid record of training"):
        await measures.check_trained(desk, COOP, "kansa")
    made = await measures.declare(desk, COOP, training(), by="homu")
    await measures.check_trained(desk, COOP, "kansa")
    with pytest.raises(Refused):
        await measures.check_trained(desk, COOP, "homu")
    clock.now = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # midnight in Japan
    with pytest.raises(Refused):
        await measures.check_trained(desk, COOP, "kansa")
    made = await measures.renew(desk, made, training(done=date(2026, 11, 23), due=date(2027, 11, 23)), by="homu")
    await measures.check_trained(desk, COOP, "kansa")
    await measures.end(desk, made, why="名簿の誤り", by="homu")
    with pytest.raises(Refused):
        await measures.check_trained(desk, COOP, "kansa")


async def test_the_office_of_a_co_op_that_asks_for_it_asks_and_another_does_not(house: House):
    office = office_of(house.settings, house.stores)
    assert office.check_approver is not None
    await office.check_approver("coopdeli", "kansa")
    with pytest.raises(Refused, match="training"):
        await office.check_approver(COOP, "kansa")
    without = house.settings.model_copy(update={"training_required": ()})
    assert office_of(without, house.stores).check_approver is None
