"""Exports of two co-ops in one gateway: what stops one co-op's log keeps no part of the other's beyond its day."""

import pytest

from gateway.data_plane.exports import ending
from gateway.ports import Unavailable
from tests.data_plane.exporting import make, order
from tests.house import COOP, House
from tests.simulators.partner import Partner

OTHER = "coopdeli"
COLUMNS = """
    id, entry, transfer, partner, client, purpose, product, agreement, fields, form, request, state, ordered, expires, parts,
    records, worker, lease, faults
"""


@pytest.mark.parametrize(("stopped", "going_on"), [(COOP, OTHER), (OTHER, COOP)])
async def test_a_log_that_is_not_the_one_that_was_signed_holds_up_its_own_exports_alone(
    house: House, sunnet: Partner, stopped: str, going_on: str
) -> None:
    await order(sunnet)
    await make(house)
    origin = house.desk.coops[OTHER].origin
    await house.tamper(f"INSERT INTO export (origin, {COLUMNS}) SELECT '{origin}', {COLUMNS} FROM export")
    house.desk.rewritten.add(stopped)
    house.clock.advance(hours=25)
    with pytest.raises(Unavailable):
        await ending.expire(house.desk)
    assert len(await house.desk.exports.overdue(stopped, house.clock())) == 1
    assert await house.desk.exports.overdue(going_on, house.clock()) == []
    house.desk.rewritten.clear()
    await ending.expire(house.desk)
    assert await house.rows("SELECT count(*) FROM export_part") == [(0,)]
    assert await house.rows("SELECT DISTINCT state FROM export") == [("expired",)]
