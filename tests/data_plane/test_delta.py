"""A walk `since` an earlier one: whatever happened in between, the partner ends with what a walk from the start would give."""

import random
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.control_plane.restrict import lift, restrict
from gateway.core.days import jst_day
from gateway.core.identity import member_tag
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.oversight.log.retention import erase_member
from gateway.tlog.entries import Release
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import Answer, Partner

FIELDS = ["member_code", "name", "phone", "birth_date"]
NAME = "order-taking"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


class Mirror:
    """A partner's copy of a population, kept by deltas: by `since` token, what it had when it was given that token."""

    def __init__(self, partner: Partner, fields: list[str] = FIELDS) -> None:
        self.partner = partner
        self.fields = fields
        self.had: dict[str, dict[str, Any]] = {}
        self.answers: list[Answer] = []

    async def walk(
        self, limit: int, since: str | None = None, again: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """Walk, some answers asked for again, and return what the partner then has."""
        have: dict[str, Any] = {} if since is None else dict(self.had[since])
        page: dict[str, Any] = {"limit": limit} if since is None else {"limit": limit, "since": since}
        self.answers = []
        while True:
            answer = await self._pull(page)
            if "cursor" in page and again():
                answer = await self._pull(page)
            self.answers.append(answer)
            have |= answer.released
            if "next" not in answer.claims:
                break
            assert not {"since", "removals", "resync"} & set(answer.claims)
            page = {"limit": limit, "cursor": answer.claims["next"]}
        if answer.claims.get("resync"):
            have = {member: data for one in self.answers for member, data in one.released.items()}
        for removal in answer.claims["removals"]:
            del have[removal["member"]]  # only who was there can be removed
            assert removal["duty"] in {"delete", "stop_using"}
        self.had[answer.claims["since"]] = have
        return have

    async def _pull(self, page: dict[str, Any]) -> Answer:
        self.partner.tokens.clear()
        return await self.partner.pull("P3", self.fields, page=page)

    @property
    def latest(self) -> str:
        return list(self.had)[-1]


class World:
    """A member system in which things happen, and a gateway in which the co-op decides."""

    def __init__(self, house: House, dice: random.Random, count: int = 60) -> None:
        self.house, self.dice = house, dice
        self.everybody = {one["member_code"]: one for one in make_members(count + 40, today=jst_day(house.clock()))}
        self.members = {code: self.everybody[code] for code in sorted(self.everybody)[:count]}
        self.stopped: set[str] = set()
        self.settle()

    def settle(self) -> None:
        self.house.sources[COOP].table = Table(self.members.values())

    def some(self, most: int = 5) -> list[str]:
        return self.dice.sample(sorted(self.members), min(len(self.members), self.dice.randint(1, most)))

    async def happen(self) -> None:
        """One thing, of those that change what a partner is given."""
        await self.dice.choice(
            [
                self.renamed,
                self.gone,
                self.come,
                self.stopped_there,
                self.stale,
                self.fresh,
                self.stop,
                self.lift,
                self.later,
                self.decided,
            ]
        )()
        self.settle()

    async def renamed(self) -> None:
        for code in self.some():
            self.members[code] = self.members[code] | {
                "name": self.dice.choice(["髙﨑 花子", "𠮷野 一", f"改 {self.dice.random()}"])
            }

    async def gone(self) -> None:
        for code in self.some(3):
            del self.members[code]

    async def come(self) -> None:
        absent = sorted(self.everybody.keys() - self.members.keys())
        for code in self.dice.sample(absent, min(3, len(absent))):
            self.members[code] = self.everybody[code]

    async def stopped_there(self) -> None:
        now = self.house.clock()
        for code in self.some(3):
            begin = now + timedelta(hours=self.dice.randint(-5, 20))
            stop = {
                "kind": "stop_provide",
                "partner": None,
                "purpose": None,
                "from": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                "to": f"{begin + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}",
            }
            self.members[code] = self.members[code] | {"stops": [stop]}

    async def stale(self) -> None:
        for code in self.some(3):
            self.members[code] = self.members[code] | {"as_of": "2026-01-01T00:00:00Z"}

    async def fresh(self) -> None:
        for code in self.members:
            self.members[code] = self.members[code] | {"as_of": f"{self.house.clock():%Y-%m-%dT%H:%M:%SZ}"}

    async def stop(self) -> None:
        codes = self.some()
        self.stopped.update(codes)
        await self._act(restrict, codes)

    async def lift(self) -> None:
        if self.stopped:
            codes = self.dice.sample(sorted(self.stopped), self.dice.randint(1, len(self.stopped)))
            self.stopped -= set(codes)
            await self._act(lift, codes)

    async def later(self) -> None:
        self.house.clock.advance(hours=self.dice.choice([1, 7, 25]))

    async def decided(self) -> None:
        how = self.dice.choice(["as_is", "phone_last4"])
        towns = self.dice.choice([None, ["06"], ["0620", "0621"]])

        def change(document: dict[str, Any]) -> None:
            grant = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"][NAME]
            grant["fields"]["phone"] = how
            if towns:
                grant["population"] = [{"field": "municipality_code", "prefix_in": towns}]

        await self.house.publish(change=change)

    async def _act(self, act: Any, codes: list[str]) -> None:
        house = self.house
        words: dict[str, Any] = {
            "kind": "stop_provide",
            "partner": None,
            "purpose": None,
            "by": "相談",
            "reason": "申出",
        }
        await act(
            house.stores.log, COOP, codes, **words, secrets=house.stores.keys.coop_secrets(COOP), clock=house.clock
        )


@pytest.mark.parametrize("seed", range(8))
async def test_deltas_leave_the_partner_with_what_a_full_walk_gives(house: House, sunnet: Partner, seed: int) -> None:
    dice = random.Random(seed)
    world, mirror = World(house, dice), Mirror(sunnet)
    await mirror.walk(dice.randint(5, 40))
    for _ in range(7):
        for _ in range(dice.randint(0, 4)):
            await world.happen()
        since = dice.choice([mirror.latest, mirror.latest, *mirror.had])
        kept = await mirror.walk(dice.randint(3, 40), since, again=lambda: dice.random() < 0.2)
        assert kept == await Mirror(sunnet).walk(1_000), "and nothing else"


async def test_a_delta_gives_what_changed_and_nothing_else(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(1)), Mirror(sunnet)
    everybody = await mirror.walk(20)
    assert await mirror.walk(20, mirror.latest) == everybody
    assert [one.released for one in mirror.answers] == [{}] * len(mirror.answers)
    first, second, third, *_ = sorted(everybody)
    world.members[first] = world.members[first] | {"name": "改姓 花子"}
    world.members[third] = world.members[third] | {"email": "not-asked@example.jp"}
    del world.members[second]
    world.settle()
    await mirror.walk(20, mirror.latest)
    assert [code for one in mirror.answers for code in one.released] == [first]
    (removal,) = mirror.answers[-1].claims["removals"]
    assert removal == {
        "member": second,
        "duty": "stop_using",
        "due": date(2026, 11, 29).isoformat(),
    }
    release = await house.release()
    assert (release.removed, release.page) == (1, True)
    entries = [one for one in await house.entries() if isinstance(one, Release)]
    assert sum(one.counts.released for one in entries[-len(mirror.answers) :]) == 1
    assert all(
        one.counts.asked == one.counts.released + one.counts.not_available + one.counts.refused for one in entries
    )


async def test_little_that_changed_takes_few_answers(house: House, sunnet: Partner) -> None:
    World(house, random.Random(2), count=100)
    mirror = Mirror(sunnet)
    await mirror.walk(4)
    answers = len(mirror.answers)
    await mirror.walk(4, mirror.latest)
    assert len(mirror.answers) < answers / 2


async def test_a_stop_and_its_lifting_show_without_the_record_having_changed(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(3)), Mirror(sunnet)
    code = sorted(await mirror.walk(1_000))[5]
    await world._act(restrict, [code])
    assert code not in await mirror.walk(1_000, mirror.latest)
    assert [one["member"] for one in mirror.answers[-1].claims["removals"]] == [code]
    await world._act(lift, [code])
    assert code in await mirror.walk(1_000, mirror.latest)
    assert [*mirror.answers[-1].released] == [code]


async def test_a_birthday_shows_where_the_band_is_what_leaves(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(4)), Mirror(sunnet, ["member_code", "birth_date"])
    code = min(await mirror.walk(1_000))
    world.members[code] = world.members[code] | {"birth_date": "1996-11-23"}
    world.settle()
    assert (await mirror.walk(1_000, mirror.latest))[code]["birth_date"] == "20-29"
    house.clock.advance(hours=24)
    assert (await mirror.walk(1_000, mirror.latest))[code]["birth_date"] == "30-39"


async def test_what_a_walk_gave_is_kept_for_a_while_and_then_the_partner_begins_afresh(
    house: House, sunnet: Partner
) -> None:
    world, mirror = World(house, random.Random(5)), Mirror(sunnet)
    await mirror.walk(20)
    await house.stores.walks.purge(house.clock())
    await world.renamed()
    world.settle()
    everybody = await mirror.walk(20, mirror.latest)
    assert "resync" not in mirror.answers[-1].claims, "nothing was old enough yet"
    await house.stores.walks.purge(house.clock() + timedelta(seconds=1))
    assert await mirror.walk(20, mirror.latest) == everybody
    assert "resync" not in mirror.answers[-1].claims, "nor has anything changed since"
    await world.renamed()
    world.settle()
    assert (await mirror.walk(20, mirror.latest)).keys() == everybody.keys()
    assert mirror.answers[-1].claims["resync"] is True
    assert mirror.answers[-1].claims["removals"] == []


async def test_what_is_lost_in_the_middle_of_a_delta_ends_it(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(6)), Mirror(sunnet)
    await mirror.walk(5)
    await world.renamed()
    world.settle()
    first = await sunnet.pull("P3", FIELDS, page={"limit": 5, "since": mirror.latest})
    await house.stores.walks.purge(house.clock() + timedelta(seconds=1))
    response = await sunnet.ask("P3", FIELDS, page={"limit": 5, "cursor": first.claims["next"]})
    assert_problem(response, "malformed", pointer="/page/cursor")


async def test_one_member_taken_out_of_the_side_rows_is_in_no_walk_either(house: House, sunnet: Partner) -> None:
    World(house, random.Random(7))
    await Mirror(sunnet).walk(20)
    ((kept,),) = await house.rows("SELECT count(*) FROM walk_page")
    assert kept
    given = [bytes(one) for (one,) in await house.rows("SELECT given FROM walk_page")]
    assert all(b"0000" not in one for one in given), "codes stand there sealed"


class Shuffled(Table):
    """A member system whose pages are not in the order of codes."""

    def page(self, *args: Any, **more: Any) -> bytes:
        answer = msgspec.json.decode(super().page(*args, **more))
        answer["records"].reverse()
        return msgspec.json.encode(answer)


async def test_without_an_order_there_is_no_delta_and_nothing_is_missed(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(8)), Mirror(sunnet)
    house.sources[COOP].table = Shuffled(world.members.values())
    everybody = await mirror.walk(20)
    await house.stop("00000000")
    assert await mirror.walk(20, mirror.latest) == everybody
    assert mirror.answers[-1].claims["resync"] is True


async def test_erasing_a_member_makes_the_next_delta_begin_afresh(house: House, sunnet: Partner) -> None:
    World(house, random.Random(9))
    mirror = Mirror(sunnet)
    everybody = await mirror.walk(20)
    code = min(everybody)
    await house.stop(code, kind="stop_use")
    secrets = house.stores.keys.coop_secrets(COOP)
    await house.stores.snapshots.refresh(COOP)
    await erase_member(
        house.stores.log,
        house.stores.erasable,
        house.stores.snapshots.current(COOP),
        member_tag(secrets.subject, COOP, code),
        rows=house.stores.side_rows,
        sets=house.stores.held_sets,
        by="窓口",
        reason="申出",
        clock=house.clock,
    )
    assert await house.rows("SELECT * FROM walk_page") == []
    assert code not in await mirror.walk(20, mirror.latest)
    assert mirror.answers[-1].claims["resync"] is True


async def test_where_nothing_at_all_has_changed_one_look_at_the_source_tells_so(house: House, sunnet: Partner) -> None:
    world, mirror = World(house, random.Random(10)), Mirror(sunnet)
    everybody = await mirror.walk(7)
    first = len(mirror.answers)
    assert first > 3
    for _ in range(2):
        assert await mirror.walk(7, mirror.latest) == everybody
        assert len(mirror.answers) == 1, "the source's mark and what is in force are what they were"
    release = await house.release()
    assert (release.page, release.counts.asked, release.removed) == (True, 0, 0)
    await world.renamed()
    world.settle()
    await mirror.walk(7, mirror.latest)
    assert len(mirror.answers) > 1
    assert mirror.had[mirror.latest] != everybody


@pytest.mark.parametrize("what", ["time", "governance"])
async def test_what_could_have_changed_is_looked_at(house: House, sunnet: Partner, what: str) -> None:
    world, mirror = World(house, random.Random(11)), Mirror(sunnet)
    code = min(await mirror.walk(7))
    soon = house.clock() + timedelta(hours=1)
    stop = {"kind": "stop_provide", "partner": None, "purpose": None, "from": f"{soon:%Y-%m-%dT%H:%M:%SZ}", "to": None}
    world.members[code] = world.members[code] | {"stops": [stop]}
    world.settle()
    assert code in await mirror.walk(7, mirror.latest)
    if what == "time":
        house.clock.advance(hours=2)
    else:
        await world._act(restrict, [code])
    assert code not in await mirror.walk(7, mirror.latest)
