"""A delta whose earlier walk is erased between two of its parts: what must be made again is refused, and the client orders anew."""

from pathlib import Path

import pytest

from gateway.client import Advance
from gateway.client.download import since_of
from gateway.core.days import jst_day
from gateway.core.identity import member_tag
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.oversight.log.retention import erase_member
from gateway.tlog.entries import Denial
from tests.data_plane.exporting import make
from tests.data_plane.test_exports_by_the_client import PART, client_of, pulled, rows, text, walked
from tests.house import COOP, MEMBERS, House
from tests.simulators.partner import Partner


class Killed(BaseException):
    """The end of the partner's process."""


def killed(now: Advance) -> None:
    if now.parts:
        raise Killed


async def erased(house: House, code: str) -> None:
    """Erase a member from the log's side rows, and with it what walks have given."""
    await house.stop(code, kind="stop_use")
    await house.stores.snapshots.refresh(COOP)
    await erase_member(
        house.stores.log,
        house.stores.erasable,
        house.stores.snapshots.current(COOP),
        member_tag(house.stores.keys.coop_secrets(COOP).subject, COOP, code),
        rows=house.stores.side_rows,
        sets=house.stores.held_sets,
        by="窓口",
        reason="申出",
        clock=house.clock,
    )


async def test_it_ends_with_the_whole_population(house: House, sunnet: Partner, tmp_path: Path) -> None:
    client, target = client_of(house, sunnet), tmp_path / "members.csv"
    await pulled(client, target)
    since = since_of(tmp_path / "members.csv.since")
    renamed = [{**one, "name": "髙﨑 花子"} for one in make_members(MEMBERS, today=jst_day(house.clock()))]
    house.sources[COOP].table = Table(renamed)
    with pytest.raises(Killed):
        await pulled(client, target, since=since, apply=True, watch=killed)
    await make(house, members=PART)
    await erased(house, min(rows(target)))
    house.clock.advance(minutes=16)
    done = await pulled(client, target, since=since, apply=True)
    assert done.resync
    assert rows(target) == {code: text(data) for code, data in (await walked(client)).items()}
    (refused,) = [entry for entry in await house.entries() if isinstance(entry, Denial)]
    assert refused.reasons == ["request:since:malformed"]


async def test_a_worker_gives_up_at_once_and_the_whole_population_is_ordered(
    house: House, sunnet: Partner, tmp_path: Path
) -> None:
    client, target = client_of(house, sunnet), tmp_path / "members.csv"
    await pulled(client, target)
    since, code = since_of(tmp_path / "members.csv.since"), min(rows(target))
    reads = 0

    async def erase(_: object) -> None:
        nonlocal reads
        reads += 1
        if reads == 2:  # one part is made
            await erased(house, code)

    house.sources[COOP].hold = erase
    done = await pulled(client, target, since=since, apply=True)
    assert done.resync
    assert rows(target) == {code: text(data) for code, data in (await walked(client)).items()}
    states = await house.rows("SELECT state, faults FROM export ORDER BY entry")
    assert [tuple(one) for one in states] == [("confirmed", 0), ("cancelled", 1), ("confirmed", 0)]
