"""Who received this member's data, how many persons, who holds them: the same as a plain model of what was released."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.core.days import jst_day
from gateway.core.identity import member_tag
from gateway.demo.awkward import AWKWARD
from gateway.oversight.members.access import note_access
from gateway.oversight.members.held import advance, held, rebuild
from gateway.oversight.members.history import distinct_persons, history, prove
from gateway.ports import CoopSecrets, Submission
from gateway.tlog.entries import Access, Erase, Release, decode, encode, instant
from gateway.tlog.member_proof import NotProven, verify_member
from gateway.tlog.merkle import leaf_hash, root_of
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner

FIELDS = ["name", "phone"]


@dataclass
class Model:
    """What was released, kept as plain as can be."""

    of: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Member code → entries."""
    on: dict[tuple[str, date], set[str]] = field(default_factory=lambda: defaultdict(set))
    """(Partner, JST day) → member codes."""
    holds: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, entry: Release, index: int, day: date, codes: list[str]) -> None:
        for code in codes:
            self.of[code].append(index)
        self.on[entry.partner, day] |= {*codes}
        self.holds[entry.partner, entry.agreement, entry.purpose] |= {*codes}


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock) as running:
        yield running


def secrets_of(house: House) -> CoopSecrets:
    return house.desk.coops[COOP].secrets


async def index_of(house: House) -> int:
    return (await house.stores.log.head(COOP)).next_index - 1


async def pull(house: House, partner: Partner, model: Model, purpose: str, codes: list[str], **words: Any) -> None:
    answer = await partner.pull(purpose, ["name"], codes, **words)
    await house.stores.snapshots.refresh(COOP)
    model.add(await house.release(), await index_of(house), jst_day(house.clock()), [*answer.released])


async def released(house: House) -> Model:
    """Random transfers, small and large, of two partners over several days; and what else a log holds in between."""
    chosen = random.Random(20261122)
    model = Model()
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    page = (await sunnet.pull("P4", ["name"], page={"limit": 300})).released
    model.add(await house.release(), await index_of(house), jst_day(house.clock()), [*page])
    everybody = [*page, "99999999"]
    for nth in range(24):
        size = chosen.choice([1, 2, 16, 17, 18, 60, 150])
        purpose, words = chosen.choice([("P4", {}), ("P12", {"case": "K-1"})])
        await pull(house, sunnet, model, purpose, chosen.sample(everybody, min(size, len(everybody))), **words)
        if nth % 8 == 7:
            house.clock.advance(seconds=86_400)
            sunnet.tokens.clear()
    return model


async def check(house: House, model: Model, codes: list[str]) -> None:
    rows, secrets = house.stores.side_rows, secrets_of(house)
    for code in codes:
        found = await history(rows, COOP, code, secrets=secrets)
        assert [one.index for one in found] == model.of.get(code, [])


@pytest.mark.clause("D-05")
async def test_history_persons_and_holdings_are_what_was_released(house: House) -> None:
    model = await released(house)
    log, rows, sets = house.stores.log, house.stores.side_rows, house.stores.held_sets
    codes = [*model.of]
    assert any(len(entry.fields) for entry in await house.entries() if isinstance(entry, Release))
    large = {entry.counts.released > 16 for entry in await house.entries() if isinstance(entry, Release)}
    assert large == {True, False}
    await check(house, model, [*codes[::5], codes[-1], "99999999"])

    days = sorted({day for _, day in model.on})
    told: list[tuple[int, int]] = []
    for first, last in [(days[0], days[-1]), (days[0], days[0]), (days[1], days[2]), (days[-1], days[-1])]:
        expected = set().union(*(model.on["sunnet", day] for day in days if first <= day <= last))
        persons = await distinct_persons(
            rows, COOP, partner="sunnet", first=first, last=last, progress=lambda *one: told.append(one)
        )
        assert persons == len(expected)
    assert told
    assert all(0 < done <= total for done, total in told)
    before = days[0] - timedelta(days=9)
    assert await distinct_persons(rows, COOP, partner="sunnet", first=before, last=before) == 0
    assert await distinct_persons(rows, COOP, partner="jccu", first=days[0], last=days[-1]) == 0

    found: dict[tuple[str, str, str], list[int]] = {}
    for whom, members in model.holds.items():
        partner, agreement, purpose = whom
        ordinals = await held(log, rows, sets, COOP, partner=partner, agreement=agreement, purpose=purpose)
        tags = [member_tag(secrets_of(house).subject, COOP, code) for code in members]
        assert sorted(ordinals) == sorted(await rows.ordinals(COOP, tags))
        found[whom] = list(ordinals)
    # I8: from the first entry on again, the same
    assert await rebuild(log, rows, sets, COOP) == (await log.head(COOP)).next_index
    for (partner, agreement, purpose), ordinals_before in found.items():
        again = await held(log, rows, sets, COOP, partner=partner, agreement=agreement, purpose=purpose)
        assert list(again) == ordinals_before


async def erase(house: House, first: int, last: int) -> None:
    entry = Erase(
        coop=COOP, time=instant(house.clock()), event="side_rows", first=first, last=last, by="運用", reason="保存期間"
    )
    data = encode(entry)
    await house.stores.log.append(
        COOP,
        Submission(entry=data, leaf=leaf_hash(data), kind="erase", time=house.clock(), erase=(first, last)),
    )


async def test_erased_side_rows_take_the_member_out_of_the_history_and_change_no_leaf(house: House) -> None:
    """I7, and what is left says nothing of anybody."""
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    model, code = Model(), AWKWARD["takasaki"]
    page = [*(await sunnet.pull("P4", ["member_code", "name"], page={"limit": 40})).released]
    model.add(await house.release(), await index_of(house), jst_day(house.clock()), page)
    member = page[0]
    await pull(house, sunnet, model, "P4", [member, code])
    size = (await house.stores.log.head(COOP)).next_index
    before = await house.stores.log.entries(COOP, 0, size)
    await check(house, model, [member, code])
    await erase(house, 0, size - 1)
    assert await history(house.stores.side_rows, COOP, member, secrets=secrets_of(house)) == []
    assert await house.rows("SELECT count(*) FROM log_subject") == [(0,)]
    assert await house.rows("SELECT count(*) FROM transfer_chunk") == [(0,)]
    assert await house.stores.log.entries(COOP, 0, size) == before
    head = await house.stores.log.head(COOP)
    entries = await house.stores.log.entries(COOP, 0, 10_000)
    assert head.frontier.root() == root_of(leaf_hash(entry) for entry in entries)
    for index in model.of[member]:
        with pytest.raises(NotProven):
            await prove(house.stores.side_rows, COOP, member, index, secrets=secrets_of(house))


async def test_what_the_gateway_proves_of_a_member_an_auditor_can_check(house: House) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    rows, secrets, model = house.stores.side_rows, secrets_of(house), Model()
    page = [*(await sunnet.pull("P4", ["member_code", "name"], page={"limit": 60})).released]
    model.add(await house.release(), await index_of(house), jst_day(house.clock()), page)
    await pull(house, sunnet, model, "P4", page[:3])
    await pull(house, sunnet, model, "P4", page[5:40])
    await pull(house, sunnet, model, "P4", page[:1])
    entries = await house.stores.log.entries(COOP, 0, 10_000)
    indexes = sorted({index for of_one in model.of.values() for index in of_one})
    assert len(indexes) == 4
    for index in indexes:
        for code in (page[0], page[7], page[-1]):
            proof = await prove(rows, COOP, code, index, secrets=secrets)
            expected = "member" if index in model.of[code] else "absent"
            assert verify_member(proof, entry=entries[index]) == expected
    with pytest.raises(NotProven):
        await prove(rows, COOP, page[0], 9_999, secrets=secrets)
    with pytest.raises(NotProven):
        await prove(rows, COOP, page[0], 0, secrets=secrets)


async def test_whoever_looks_is_in_the_log_and_the_member_is_not(house: House) -> None:
    code = AWKWARD["takasaki"]
    index = await note_access(
        house.stores.log,
        COOP,
        code,
        "history",
        by="監査",
        reason="本人からの照会",
        secrets=secrets_of(house),
        clock=house.clock,
    )
    data = (await house.stores.log.entries(COOP, index, 1))[0]
    entry = decode(data)
    assert isinstance(entry, Access)
    assert (entry.by, entry.reason, entry.members) == ("監査", "本人からの照会", 1)
    assert code.encode() not in data
    assert await history(house.stores.side_rows, COOP, code, secrets=secrets_of(house)) == []


async def test_two_processes_folding_at_once_come_to_the_same_sets(house: House) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    page = [*(await sunnet.pull("P4", ["member_code"], page={"limit": 30})).released]
    log, rows, sets = house.stores.log, house.stores.side_rows, house.stores.held_sets
    for code in page[:4]:
        await sunnet.pull("P4", ["name"], [code])
    size = (await log.head(COOP)).next_index
    assert await asyncio.gather(*(advance(log, rows, sets, COOP) for _ in range(4))) == [size] * 4
    whom = {"partner": "sunnet", "agreement": "kyoritsusha-sunnet-01", "purpose": "P4"}
    assert len(await held(log, rows, sets, COOP, **whom)) == len(page)
