"""Deltas by export: laid against any earlier walk, whatever happens before, between and after its parts are fetched."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.tlog.entries import Release
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.data_plane.exporting import Ordered, ask, make, order, records
from tests.data_plane.test_delta import FIELDS, Mirror, World
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


def end_of(export: Ordered) -> dict[str, Any]:
    """The last part, as it was fetched last."""
    return export.parts[max(export.parts)]


def kept(export: Ordered, had: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a partner has after an export: its last version of each part, then the removals."""
    last = end_of(export)
    have = {} if last.get("resync") else dict(had)
    for _, claims in sorted(export.parts.items()):
        have |= dict(records(claims))
    for removal in last["removals"]:
        have.pop(removal["member"], None)
    return have


async def whole(sunnet: Partner) -> dict[str, Any]:
    return await Mirror(sunnet).walk(1_000)


@pytest.mark.parametrize("seed", range(4))
async def test_exports_and_pages_take_turns_and_the_partner_has_what_a_full_walk_gives(
    house: House,
    sunnet: Partner,
    seed: int,
) -> None:
    dice = random.Random(seed)
    world, mirror = World(house, dice), Mirror(sunnet)
    sunnet.tokens.clear()
    await mirror.walk(dice.randint(5, 40))
    for _ in range(4):
        for _ in range(dice.randint(0, 4)):
            await world.happen()
        since = dice.choice([mirror.latest, mirror.latest, *mirror.had])
        sunnet.tokens.clear()
        export = await order(sunnet, "P3", FIELDS, since=since)
        await make(house, members=dice.randint(5, 30))
        await export.all()
        have = kept(export, mirror.had[since])
        assert have == await whole(sunnet)
        mirror.had[end_of(export)["since"]] = have
        assert (await export.end()).status_code == 204


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_between_the_parts_the_next_walk_mends(
    house: House,
    sunnet: Partner,
    seed: int,
) -> None:
    """Parts come in any order and again, while members are stopped, leave and come back: the walk after tells the rest."""
    dice = random.Random(seed)
    world, mirror = World(house, dice), Mirror(sunnet)
    await mirror.walk(20)
    for _ in range(3):
        since = dice.choice([*mirror.had, None])
        sunnet.tokens.clear()
        export = await order(sunnet, "P3", FIELDS, **({"since": since} if since else {}))
        meanwhile = [world.stop, world.lift, world.gone, world.come, world.renamed, world.decided]
        for act in dice.sample(meanwhile, dice.randint(0, 3)):
            await act()
        world.settle()
        await make(house, members=dice.randint(5, 30))
        parts = (await fresh(export).status())["parts"]
        turns = [*range(1, parts + 1)] * 2
        dice.shuffle(turns)
        for n in turns:
            if dice.random() < 0.5:
                await dice.choice(meanwhile)()
                world.settle()
            if dice.random() < 0.1:
                house.clock.advance(minutes=16)
            await fresh(export).part(n)
        have = kept(export, mirror.had[since] if since else {})
        token = end_of(export)["since"]
        mirror.had[token] = have
        after = await tolerant(mirror, token)
        assert after == await whole(sunnet)


def fresh(export: Ordered) -> Ordered:
    """The same export under a token that has not expired."""
    export.partner.tokens.clear()
    return export


async def tolerant(mirror: Mirror, since: str) -> dict[str, Any]:
    """Walk by pages; a removal may be told of somebody whom an export has removed already."""
    have, page = dict(mirror.had[since]), {"limit": 25, "since": since}
    while True:
        mirror.partner.tokens.clear()
        answer = await mirror.partner.pull("P3", FIELDS, page=page)
        have |= answer.released
        if "next" not in answer.claims:
            break
        page = {"limit": 25, "cursor": answer.claims["next"]}
    assert "resync" not in answer.claims
    for removal in answer.claims["removals"]:
        have.pop(removal["member"], None)
    mirror.had[answer.claims["since"]] = have
    return have


async def test_a_delta_in_parts_gives_what_changed_and_who_is_to_go(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(1)), Mirror(sunnet)
    had = await mirror.walk(40)
    (renamed, *_), gone = [*had], [*had][-1]
    world.members[renamed] = world.members[renamed] | {"name": "髙﨑 花子"}
    del world.members[gone]
    world.settle()
    export = await order(sunnet, "P3", FIELDS, since=mirror.latest)
    await make(house, members=10)
    assert [*(await export.all())] == [renamed]
    assert [one["member"] for one in end_of(export)["removals"]] == [gone]
    entries = [entry for entry in await house.entries() if isinstance(entry, Release) and entry.export]
    assert sum(entry.removed for entry in entries) == 1
    assert sum(entry.counts.released for entry in entries) == 1


async def test_parts_that_were_never_fetched_begin_the_next_walk_afresh(house: House, sunnet: Partner) -> None:
    """Whoever takes only the last part does not have the population, whatever its token says."""
    World(house, random.Random(1))
    export = await order(sunnet, "P3", FIELDS)
    await make(house, members=10)
    last = await export.part((await export.status())["parts"])
    again = await order(sunnet, "P3", FIELDS, since=last["since"])
    await make(house, members=100)
    assert await again.all() == await whole(sunnet)
    assert end_of(again)["resync"] is True


async def test_a_token_of_other_fields_is_no_start(house: House, sunnet: Partner) -> None:
    World(house, random.Random(1))
    mirror = Mirror(sunnet)
    await mirror.walk(100)
    refused = await ask(sunnet, "P3", ["name"], since=mirror.latest)
    assert_problem(refused, "malformed", pointer="/export/since")
