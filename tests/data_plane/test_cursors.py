"""Walking the granted population: complete, without repetition, and only with the cursors of this very walk."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gateway.core.days import jst_day
from gateway.core.request import DataRequest
from gateway.data_plane.cursors import CURSOR_S, CursorRefused, Ended, Mark, context_of, open_token, seal_token
from gateway.demo.member_table import Table
from gateway.demo.people import COLUMNS, make_members
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import Answer, Partner

FIELDS = ["name"]


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    """On SQLite: nothing of a cursor is kept in the database."""
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def walk(partner: Partner, purpose: str, fields: list[str], limit: int, product: str = "G1") -> list[Answer]:
    """All pages of a walk."""
    pages: list[Answer] = []
    page: dict[str, Any] = {"limit": limit}
    while True:
        pages.append(await partner.pull(purpose, fields, product=product, page=page))
        if "next" not in pages[-1].claims:
            return pages
        page = {"limit": limit, "cursor": pages[-1].claims["next"]}


def codes_of(house: House) -> list[str]:
    return [row["member_code"] for row in json.loads(house.sources[COOP].table.page(COLUMNS, limit=1_000))["records"]]


@pytest.mark.parametrize("limit", [1, 7, 50, 187, 1_000])
async def test_a_walk_is_complete_and_repeats_nobody(house: House, sunnet: Partner, limit: int) -> None:
    if limit == 1:
        house.sources[COOP].table = small(house)
    pages = await walk(sunnet, "P3", FIELDS, limit)
    shown = [one["member"] for page in pages for one in page.claims["results"]]
    assert len(shown) == len(set(shown))
    named = await sunnet.pull("P3", FIELDS, codes_of(house))
    assert set(shown) == set(named.released)
    assert all(len(page.claims["results"]) <= limit for page in pages)
    for page in pages[:-1]:
        assert set(page.claims) & {"next", "since", "removals", "resync"} == {"next"}
    last = pages[-1].claims
    assert set(last) & {"next", "since", "removals", "resync"} == {"since", "removals"}
    assert last["removals"] == []
    assert list(last)[-1] == "_pad"


def small(house: House) -> Table:
    """A member system with few members, for pages of one."""
    return Table(make_members(40, today=jst_day(house.clock())))


async def test_each_page_is_a_release_of_its_own_and_tells_what_it_carries(house: House, sunnet: Partner) -> None:
    await sunnet.pull("P3", FIELDS, page={"limit": 5})
    entry = await house.release()
    assert entry.page
    assert entry.fields == {"name": "as_is", "member_code": "as_is"}, "the code it carries is a field it releases"
    assert entry.counts.asked == 5
    await sunnet.pull("P3", FIELDS, ["00000101"])
    assert (await house.release()).fields == {"name": "as_is"}
    assert not (await house.release()).page


async def test_a_page_shows_the_code_only_where_the_grant_gives_it_as_it_is(house: House) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    kyosai = await house.partner("coop-kyosai", "kyoritsusha-coop-kyosai-01")
    codes = set(codes_of(house))
    by_code = await sunnet.pull("P3", FIELDS, page={"limit": 20})
    assert set(by_code.results) <= codes
    by_id = await jccu.pull("P5", ["birth_date"], page={"limit": 300})
    assert by_id.results
    assert not set(by_id.results) & codes
    assert all(len(member) == 22 for member in by_id.results)
    assert (await house.release()).fields == {"birth_date": "birth_year"}
    asked = await jccu.pull("P5", ["member_code"], page={"limit": 300})
    assert all(data == {"member_code": member} for member, data in asked.released.items()), "the same id, asked or not"
    others = await kyosai.pull("P5", ["birth_date"], page={"limit": 300}, product="G2")
    assert others.results
    assert not set(others.results) & set(by_id.results), "another partner sees another id"
    same = await jccu.pull("P5", ["birth_date"], page={"limit": 300}, product="G4")
    assert set(same.results) & set(by_id.results), "one partner sees one id, whatever the product class"


async def test_a_cursor_is_good_for_a_day(house: House, sunnet: Partner) -> None:
    first = await sunnet.pull("P3", FIELDS, page={"limit": 5})
    page = {"limit": 5, "cursor": first.claims["next"]}
    house.clock.advance(seconds=CURSOR_S)
    sunnet.tokens.clear()
    await sunnet.ask_token(sunnet.detail("P3", FIELDS))
    assert (await sunnet.ask("P3", FIELDS, page=page)).status_code == 200
    house.clock.advance(seconds=1)
    assert_problem(await sunnet.ask("P3", FIELDS, page=page), "malformed", pointer="/page/cursor")
    assert (await house.denial()).reasons == ["request:cursor:malformed"]


async def test_a_cursor_is_no_secret_of_anything(house: House, sunnet: Partner) -> None:
    first = await sunnet.pull("P3", FIELDS, page={"limit": 5})
    cursor = first.claims["next"]
    opened = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    last = next(reversed(first.results))
    assert last.encode() not in opened
    assert base64.urlsafe_b64encode(last.encode()).rstrip(b"=") not in opened
    again = await sunnet.pull("P3", FIELDS, page={"limit": 5})
    assert again.claims["next"] != cursor


FOREIGN: dict[str, tuple[str, list[str], str]] = {
    "another purpose": ("P4", ["name"], "G1"),
    "another field": ("P3", ["name", "phone"], "G1"),
    "fewer fields": ("P3", ["phone"], "G1"),
}


@pytest.mark.parametrize("attack", FOREIGN)
async def test_a_cursor_of_another_question_is_malformed(house: House, sunnet: Partner, attack: str) -> None:
    first = await sunnet.pull("P3", FIELDS, page={"limit": 5})
    purpose, fields, product = FOREIGN[attack]
    page = {"limit": 5, "cursor": first.claims["next"]}
    response = await sunnet.ask(purpose, fields, product=product, page=page)
    assert_problem(response, "malformed", pointer="/page/cursor")


async def test_the_same_fields_in_another_order_are_another_question(house: House, sunnet: Partner) -> None:
    first = await sunnet.pull("P3", ["name", "phone"], page={"limit": 5})
    page = {"limit": 5, "cursor": first.claims["next"]}
    assert_problem(await sunnet.ask("P3", ["phone", "name"], page=page), "malformed", pointer="/page/cursor")
    assert (await sunnet.ask("P3", ["name", "phone"], page={**page, "limit": 9})).status_code == 200


async def test_a_cursor_of_another_client_agreement_product_or_kind_is_malformed(house: House, sunnet: Partner) -> None:
    kyosai = await house.partner("coop-kyosai", "kyoritsusha-coop-kyosai-01")
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    theirs = await jccu.pull("P5", ["birth_date"], page={"limit": 5})
    stolen = {"limit": 5, "cursor": theirs.claims["next"]}
    response = await kyosai.ask("P5", ["birth_date"], product="G2", page=stolen)
    assert_problem(response, "malformed", pointer="/page/cursor")
    assert_problem(await jccu.ask("P5", ["birth_date"], product="G4", page=stolen), "malformed", pointer="/page/cursor")
    as_since = {"limit": 5, "since": theirs.claims["next"]}
    assert_problem(await jccu.ask("P5", ["birth_date"], page=as_since), "malformed", pointer="/page/since")
    assert (await jccu.ask("P5", ["birth_date"], page=stolen)).status_code == 200


async def test_a_forged_cursor_is_malformed(house: House, sunnet: Partner) -> None:
    good = (await sunnet.pull("P3", FIELDS, page={"limit": 5})).claims["next"]
    flipped = [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in range(0, len(good), 9)]
    for cursor in (*flipped, good[:-1], good + "A", good + "==", "A", "AAAA", "!", "é", good[12:], "x" * 2_048):
        response = await sunnet.ask("P3", FIELDS, page={"limit": 5, "cursor": cursor})
        assert_problem(response, "malformed", pointer="/page/cursor")
    assert len(house.sources[COOP].asked) == 1


async def test_each_page_is_decided_afresh(house: House, sunnet: Partner) -> None:
    first = await sunnet.pull("P3", ["name", "phone"], page={"limit": 5})
    assert first.released

    def narrow(document: dict[str, Any]) -> None:
        del document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["order-taking"]["fields"]["phone"]

    await house.publish(change=narrow)
    response = await sunnet.ask("P3", ["name", "phone"], page={"limit": 5, "cursor": first.claims["next"]})
    assert_problem(response, "not-permitted")
    assert (await house.denial()).reasons == ["grant:phone:not_granted"]


async def test_the_end_of_a_walk_is_no_cursor_and_binds_to_its_question(house: House, sunnet: Partner) -> None:
    since = (await walk(sunnet, "P3", FIELDS, 200))[-1].claims["since"]
    for purpose, fields, name in (("P4", FIELDS, "since"), ("P3", ["phone"], "since"), ("P3", FIELDS, "cursor")):
        response = await sunnet.ask(purpose, fields, page={"limit": 5, name: since})
        assert_problem(response, "malformed", pointer=f"/page/{name}")


KEY = bytes(range(32))
REQUEST = DataRequest(coop="c", purpose="P", agreement="a", fields=("f",), members=("1",))
CONTEXT = context_of("cursor", "client", REQUEST)
ended = st.builds(
    Ended, issued=st.integers(0, 2**40), walk=st.text(max_size=20), answers=st.integers(0, 2**30), ordered=st.booleans()
)
marks = st.builds(
    Mark,
    issued=st.integers(0, 2**40),
    walk=st.text(max_size=20),
    nth=st.integers(0, 2**30),
    after=st.none() | st.text(max_size=20),
    last=st.text(max_size=20),
    since=st.none() | ended,
    resync=st.booleans(),
)


@given(marks, ended)
def test_what_is_sealed_is_what_is_opened(mark: Mark, end: Ended) -> None:
    sealed = seal_token(KEY, mark, CONTEXT)
    assert open_token(KEY, sealed, CONTEXT, Mark, now=mark.issued, lifetime=CURSOR_S) == mark
    assert open_token(KEY, seal_token(KEY, end, CONTEXT), CONTEXT, Ended, now=2**41) == end, "of any age"


@settings(max_examples=300)
@given(st.text(max_size=200) | st.binary(max_size=150).map(lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")))
def test_anything_else_is_refused_and_never_an_error(token: str) -> None:
    with pytest.raises(CursorRefused):
        open_token(KEY, token, CONTEXT, Mark, now=0, lifetime=CURSOR_S)


@given(st.sampled_from(["cursor", "since"]), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3))
def test_no_two_questions_share_a_context(kind: str, client: str, fields: list[str]) -> None:
    request = DataRequest(coop="c", purpose="P", agreement="a", fields=tuple(fields), members=("1",))
    same = (kind, client, tuple(fields)) == ("cursor", "client", ("f",))
    assert (context_of(kind, client, request) == CONTEXT) == same
