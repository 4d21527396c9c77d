"""The matrix of the largest co-op that the console is made for: whole, and no heavier than a page may be. Not timed: bench/."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.clock import SettableClock
from tests.console.furnished import Furnished, furnished
from tests.console.large import FIELDS, PARTNERS, PURPOSES, at_size
from tests.console.simulated import COOP

MOST = 1_500_000
"""Bytes of a page, as sent."""
MATRIX = "itaku-001/kyoritsusha-itaku-001-01"


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[Furnished]:
    async with furnished(sqlite_url, tmp_path, clock, keys=gateway_keys, furnish=at_size) as made:
        yield made


async def test_the_matrix_at_size_has_every_cell_and_is_no_heavier_than_it_may_be(place: Furnished):
    cookies = {"session": await place.session("sato")}
    async with httpx2.AsyncClient(base_url=f"{place.origin}/{COOP}", cookies=cookies, timeout=60) as http:
        overview = await http.get("/grants")
        in_force = await http.get(f"/grants/{MATRIX}")
        draft = await http.get(f"/matrix/{place.proposals['draft'].id}/{MATRIX}")
    pages = (overview, in_force, draft)
    assert [page.status_code for page in pages] == [200] * 3
    assert max(len(page.content) for page in pages) <= MOST
    assert len(set(re.findall(rf"/{COOP}/grants/itaku-[0-9]+/", overview.text))) == PARTNERS
    for page in (in_force, draft):
        assert len(re.findall(r'<th scope="row" id="f-', page.text)) == FIELDS
        assert len(re.findall(r'<th scope="col" id="c[0-9]+"', page.text)) == PURPOSES
        assert (
            len(re.findall(r"<td\b", page.text.partition('id="matrix"')[2].partition("</table>")[0]))
            == FIELDS * PURPOSES
        )
    assert "<select name" not in in_force.text
    assert draft.text.count('<select name="work-') > FIELDS * PURPOSES // 2
