"""An answer of a walk that is asked for again says other things by then; the partner goes on from either of the two."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.clock import SettableClock
from tests.data_plane.test_delta import FIELDS, Mirror, World
from tests.house import COOP, House, running_house
from tests.simulators.partner import Answer, Partner


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


class Brief(World):
    """A world in which all happens within a cursor's life of a day."""

    async def later(self) -> None:
        self.house.clock.advance(minutes=20)


async def pull(partner: Partner, **page: Any) -> Answer:
    partner.tokens.clear()
    return await partner.pull("P3", FIELDS, page=page)


async def walk(partner: Partner, world: Brief, dice: random.Random, copy: dict[str, Any], **page: Any) -> str:
    """Bring a copy up to date by one walk in which answers are asked for again, and either is taken; return `since`."""
    whole: list[Answer] = []
    while True:
        answer = await pull(partner, limit=dice.randint(3, 20), **page)
        if "cursor" in page and dice.random() < 0.5:
            for _ in range(dice.randint(1, 3)):
                await world.happen()
            other = await pull(partner, limit=dice.randint(3, 20), **page)
            answer = dice.choice([answer, other])
        whole.append(answer)
        copy |= answer.released
        if "next" not in answer.claims:
            break
        page = {"cursor": answer.claims["next"]}
    if answer.claims.get("resync"):
        copy.clear()
        for one in whole:
            copy |= one.released
    told = [one["member"] for one in answer.claims["removals"]]
    assert len(told) == len({*told})
    for member in told:
        copy.pop(member, None)  # it may be told of somebody whom the answer that it did not take gave
    since: str = answer.claims["since"]
    return since


@pytest.mark.parametrize("seed", range(10))
async def test_whichever_answer_was_taken_the_next_delta_makes_the_copy_whole(
    house: House, sunnet: Partner, seed: int
) -> None:
    dice = random.Random(seed)
    world, copy = Brief(house, dice), dict[str, Any]()
    since = await walk(sunnet, world, dice, copy)
    for _ in range(4):
        since = await walk(sunnet, world, dice, copy, since=since)
        calm, mirror = dict(copy), Mirror(sunnet)
        answer = await pull(sunnet, limit=1_000, since=since)
        calm |= answer.released
        if answer.claims.get("resync"):
            calm = dict(answer.released)
        for one in answer.claims["removals"]:
            calm.pop(one["member"], None)
        assert calm == await mirror.walk(1_000)


async def test_who_was_given_by_the_first_answer_and_not_by_the_second_is_told_when_gone(
    house: House, sunnet: Partner
) -> None:
    world = World(house, random.Random(1))
    first = await pull(sunnet, limit=10)
    taken = await pull(sunnet, limit=10, cursor=first.claims["next"])
    shorter = await pull(sunnet, limit=3, cursor=first.claims["next"])
    gone = max(taken.released.keys() - shorter.released.keys())
    answer = taken  # from which the partner goes on
    while "next" in answer.claims:
        answer = await pull(sunnet, limit=10, cursor=answer.claims["next"])
    del world.members[gone]
    world.settle()
    delta = await pull(sunnet, limit=100, since=answer.claims["since"])
    assert "resync" not in delta.claims
    assert [one["member"] for one in delta.claims["removals"]] == [gone]
