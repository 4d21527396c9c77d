"""What a leak reached: persons, fields and partners equal a recount by hand, whatever is asked for, on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway.app.oversight import oversight_of
from gateway.core.days import jst_day
from gateway.core.incidents.incident import Wanted
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.scope import reach, scope
from gateway.oversight.members.held import advance
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.oversight.leaked import Model, every_day

EVERYBODY = [f"{n:08}" for n in range(300)]


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


@pytest.fixture
def model(house: House) -> Model:
    [version] = house.stores.snapshots.current(COOP).versions
    return Model(house, version.policy.digest)


def desk_of(house: House) -> OversightDesk:
    return oversight_of(house.settings, house.stores)


async def test_every_question_is_answered_as_a_recount_does(house: House, model: Model):
    await model.at_random(40, EVERYBODY)
    # Some who were only in small transfers have their ordinals by now, some have none.
    await advance(house.stores.log, house.stores.side_rows, house.stores.held_sets, COOP)
    await model.at_random(40, EVERYBODY)
    first, last = every_day(house)
    days = sorted({jst_day(one.at) for one in model.releases})
    desk, entries = desk_of(house), [one.index for one in model.releases]
    asked: list[dict[str, Any]] = [
        {name: value for name, value in zip(("partner", "key", "field"), some, strict=True) if value is not None}
        for some in product((None, "sunnet"), (None, "K1", "K2-thumbprint", "D2"), (None, "care_level", "phone"))
    ]
    asked += [
        {"client": "jccu-other"},
        {"agreement": "kyoritsusha-jccu-01", "purpose": "P12"},
        {"purpose": "P4", "first_index": entries[9], "last_index": entries[50]},
        {"last_index": entries[0]},
        {"partner": "nobody"},
        {"key": "nothing"},
    ]
    for one in asked:
        model.compare(await scope(desk, COOP, Wanted(first=first, last=last, **one)))
    for day in days:
        model.compare(await scope(desk, COOP, Wanted(first=day, last=day, key="K1")))
    early = days[0] - timedelta(days=3)
    assert (await scope(desk, COOP, Wanted(first=early, last=early))).entries == 0


async def test_where_side_rows_are_erased_it_says_at_most(house: House, model: Model):
    await model.at_random(25, EVERYBODY)
    await advance(house.stores.log, house.stores.side_rows, house.stores.held_sets, COOP)
    await model.erase(model.releases[3].index, model.releases[12].index)
    await model.at_random(5, EVERYBODY)
    first, last = every_day(house)
    found = await scope(desk_of(house), COOP, Wanted(first=first, last=last))
    assert found.erased > 0
    assert found.most_members == found.members + found.erased
    for partner in ("sunnet", "jccu", None):
        model.compare(await scope(desk_of(house), COOP, Wanted(first=first, last=last, partner=partner)))


async def test_a_member_is_one_person_in_single_pulls_and_in_pages(house: House, model: Model):
    await model.release({"00000001"})
    await model.release({f"{n:08}" for n in range(40)})
    await model.release({"00000001", "00000050"}, partner="jccu")
    first, last = every_day(house)
    found = await scope(desk_of(house), COOP, Wanted(first=first, last=last))
    assert (found.members, found.most_members) == (41, 41)
    assert {(one.partner, one.members) for one in found.parties} == {("sunnet", 40), ("jccu", 2)}


async def test_classes_and_other_persons_come_from_the_policy_of_the_release(house: House, model: Model):
    await model.release({"00000001", "00000002"}, fields={"care_level": "as_is", "bank_account": "mask"})
    await model.release({"00000002"}, fields={"child_birth_date": "age_band", "member_code": "as_is"})
    await model.release({"00000002", "00000003"}, fields={"child_birth_date": "as_is", "inquiry_text": "drop"})
    first, last = every_day(house)
    found = await scope(desk_of(house), COOP, Wanted(first=first, last=last))
    assert {one.field: (one.cls, one.subject) for one in found.fields} == {
        "care_level": ("special_care", "member"),
        "bank_account": ("financial", "member"),
        "child_birth_date": ("ordinary", "child"),
        "member_code": ("ordinary", "member"),
    }
    [others] = found.others
    assert (others.subject, others.once, others.most) == ("child", 2, 3)
    assert (found.members, found.most_persons) == (3, 6)
    model.policy = "0" * 64
    await model.release({"00000009"}, fields={"old_field": "as_is"})
    again = await scope(desk_of(house), COOP, Wanted(first=first, last=last))
    assert again.unknown_fields == ("old_field",)


async def test_a_count_can_be_made_again_as_of_then(house: House, model: Model):
    await model.release({"00000001"})
    first, last = every_day(house)
    wanted = Wanted(first=first, last=last)
    found = await scope(desk_of(house), COOP, wanted)
    await model.release({"00000002"})
    told: list[tuple[int, int]] = []
    later = await reach(desk_of(house), COOP, wanted, size=found.size, progress=lambda *one: told.append(one))
    assert len(later.persons) == found.members == 1
    assert told[-1][0] == told[-1][1]
