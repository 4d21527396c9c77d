"""提供先は法人番号の法人である: another corporate number is another partner, by whatever way it comes."""

from datetime import timedelta

import pytest

from gateway.control_plane.changes import proposals as steps
from gateway.core.refused import Refused
from tests.control_plane.test_proposals import REAL, Desk, desk

__all__ = ["desk"]

ENTITY = "partners/sunnet.yaml"
ONE, OTHER = "7000012050002", "7123456789012"


def numbered(number: str) -> dict[str, str]:
    """Return the files in which the partner has a corporate number."""
    said = dict(REAL) | {ENTITY: REAL[ENTITY].replace("corporate_number: null", f'corporate_number: "{number}"')}
    assert said[ENTITY] != REAL[ENTITY]
    return said


async def test_a_number_taken_out_in_between_makes_no_other_legal_person_of_a_partner(desk: Desk):
    """Its keys and grants are those of the one it was: the number that was published once stays the only one."""
    await desk.published(files=numbered(ONE))
    desk.house.clock.advance(days=1)
    draft = await desk.begin(files=REAL)
    with pytest.raises(Refused, match="sunnet") as refused:
        await steps.amend(desk.office, draft, desk.wish(files=numbered(OTHER)), by="sato")
    assert refused.value.rule == "partner"
    await desk.published(files=REAL)
    with pytest.raises(Refused, match="sunnet") as refused:
        await desk.begin(files=numbered(OTHER))
    assert refused.value.rule == "partner"
    assert (await desk.begin(files=numbered(ONE))).state == "draft"


async def test_a_number_that_never_came_into_force_binds_nobody(desk: Desk):
    await desk.published(files=REAL)
    await desk.published(files=numbered(ONE), effective=desk.house.clock() + timedelta(days=3))
    await desk.published(files=REAL)
    assert (await desk.begin(files=numbered(OTHER))).state == "draft"
