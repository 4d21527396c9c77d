"""Attack: a partner asks about codes to learn who is a member, who has left, who objected, or whose record is broken.

A member who fails the fourth gate, for whatever cause, is answered like a code that nobody has: same status, same
shape, same size class, the same work. What the work is, is counted here; time itself is measured in bench/.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx2
import pytest

from gateway.demo.awkward import AWKWARD
from gateway.ports import Query
from tests.house import COOP, House
from tests.simulators.partner import Partner

FIELDS = ["member_code", "name", "phone", "delivery_day"]
UNKNOWN = "99999999"
WITHHELD = {
    "unknown": UNKNOWN,
    "withdrawn": AWKWARD["withdrawn"],
    "suspended": AWKWARD["suspended"],
    "outside the population": AWKWARD["moved"],
    "outside the programme": AWKWARD["outside_programme"],
    "programme ended": AWKWARD["programme_ended"],
    "objected to provision": AWKWARD["restricted"],
    "objected to use": AWKWARD["stop_use"],
    "protected": AWKWARD["protected"],
    "stale": AWKWARD["stale"],
    "no name": AWKWARD["null_name"],
    "malformed value": AWKWARD["malformed"],
    "malformed fact": AWKWARD["malformed_fact"],
    "does not use the product": AWKWARD["no_delivery"],
    "restricted by the gateway": AWKWARD["watanabe"],
}
AVAILABLE = AWKWARD["takasaki"]


async def stop(house: House, code: str) -> None:
    await house.stop(code)
    await house.stores.snapshots.refresh(COOP)


def plain(claims: dict[str, Any], code: str) -> str:
    """The whole answer without what differs between any two answers, and without the code."""
    kept = {name: value for name, value in claims.items() if name not in {"jti", "rqh"}}
    return json.dumps(kept).replace(code, "CODE")


def shape(response: httpx2.Response) -> tuple[int, int, list[tuple[str, int]]]:
    headers = [(name, len(value)) for name, value in response.headers.multi_items()]
    return response.status_code, len(response.content), headers


@pytest.mark.parametrize("cause", WITHHELD)
async def test_a_withheld_member_is_answered_like_an_unknown_one(house: House, sunnet: Partner, cause: str) -> None:
    await stop(house, AWKWARD["watanabe"])
    code = WITHHELD[cause]
    unknown = await sunnet.ask("P4", FIELDS, [UNKNOWN], jti="same-length")
    first = await sunnet.open(unknown, sunnet.sent)
    withheld = await sunnet.ask("P4", FIELDS, [code], jti="same-length")
    second = await sunnet.open(withheld, sunnet.sent)
    assert second.claims["results"] == [{"member": code, "status": "not_available"}]
    assert plain(first.claims, UNKNOWN) == plain(second.claims, code)
    (status, size, headers), (other, other_size, other_headers) = shape(unknown), shape(withheld)
    assert (status, size) == (other, other_size) == (200, size)
    assert [name for name, _ in headers] == [name for name, _ in other_headers]
    # The receipt's index may take a digit more as the log grows; nothing else may differ.
    assert sum(abs(a - b) for (_, a), (_, b) in zip(headers, other_headers, strict=True)) <= 2


async def test_even_one_who_is_released_is_of_the_same_size(house: House, sunnet: Partner) -> None:
    released = await sunnet.ask("P4", FIELDS, [AVAILABLE])
    withheld = await sunnet.ask("P4", FIELDS, [UNKNOWN])
    assert len(released.content) == len(withheld.content)
    assert (await sunnet.open(withheld, sunnet.sent)).claims["_pad"].strip("0") == ""


async def test_a_batch_keeps_the_order_asked_whoever_is_withheld(house: House, sunnet: Partner) -> None:
    await stop(house, AWKWARD["watanabe"])
    asked = [*WITHHELD.values()]
    asked.insert(4, AVAILABLE)
    answer = await sunnet.pull("P4", FIELDS, asked)
    assert [one["member"] for one in answer.claims["results"]] == asked
    assert set(answer.released) == {AVAILABLE}
    withheld = [
        {k: v for k, v in one.items() if k != "member"}
        for one in answer.claims["results"]
        if one["member"] != AVAILABLE
    ]
    assert withheld == [{"status": "not_available"}] * len(WITHHELD)


async def test_the_entry_tells_the_co_op_what_the_answer_does_not(house: House, sunnet: Partner) -> None:
    await sunnet.pull("P4", FIELDS, [UNKNOWN, AVAILABLE, AWKWARD["malformed"], AWKWARD["withdrawn"]])
    counts = (await house.release()).counts
    assert (counts.asked, counts.released, counts.not_available, counts.refused) == (4, 1, 2, 1)


async def test_no_page_ever_names_a_withheld_member(house: House, sunnet: Partner) -> None:
    await stop(house, AWKWARD["watanabe"])
    answer = await sunnet.pull("P4", FIELDS, page={"limit": 1_000})
    assert not set(WITHHELD.values()) & set(answer.results)
    assert all(one["status"] == "released" for one in answer.claims["results"])


# The same work


class Work:
    """Calls of each function of the gateway, and of the libraries under it, while one request is answered."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.sources: list[Query] = []
        self.log: Counter[str] = Counter()


@contextmanager
def counted(house: House) -> Iterator[Work]:
    work = Work()
    before, log = len(house.sources[COOP].asked), Counter(house.log.calls)

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "/gateway/" in frame.f_code.co_filename and "/demo/" not in frame.f_code.co_filename:
            work.calls[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        yield work
    finally:
        sys.setprofile(None)
        work.sources = house.sources[COOP].asked[before:]
        work.log = house.log.calls - log


async def one(house: House, sunnet: Partner, code: str) -> Work:
    token = await sunnet.token("P4", FIELDS)
    request, proof = (
        sunnet.request("P4", FIELDS, members=[code]),
        sunnet.proof("POST", sunnet.resource + "/transfers", token),
    )
    with counted(house) as work:
        response = await sunnet.post(request, token, proof=proof)
    assert response.status_code == 200
    return work


HEAVY = (
    "gateway.jose.rfc7515.verify",
    "gateway.jose.rfc7515.sign",
    "gateway.jose.rfc7516.encrypt",
    "gateway.core.decide.decide",
    "gateway.data_plane.fetch.fetch",
    "gateway.data_plane.minimize.minimize",
    "gateway.data_plane.protect.protect",
    "gateway.data_plane.record.record",
    "gateway.tlog.entries.encode",
    "gateway.data_plane.cursors.seal",
)


async def test_a_withheld_member_costs_the_work_of_an_unknown_one(house: House, sunnet: Partner) -> None:
    """One read of the source with the same columns, one append, the same signatures and encryption, whoever it is.

    The gate itself differs by some tens of calls (a record that is there is looked at): microseconds beside two
    signatures, an encryption and a commit. That is what a bound on calls can honestly say, and all that it says.
    """
    await stop(house, AWKWARD["watanabe"])
    await one(house, sunnet, UNKNOWN)  # caches
    works = {cause: await one(house, sunnet, code) for cause, code in WITHHELD.items()}
    unknown = works["unknown"]
    assert unknown.calls["gateway.jose.rfc7515.verify"] == 2, "the request's and the proof's"
    assert unknown.calls["gateway.jose.rfc7515.sign"] == 2, "the answer's and the receipt's"
    assert unknown.log == {"append": 1}
    for cause, work in works.items():
        assert len(work.sources) == 1, cause
        assert work.sources[0].rows.columns == unknown.sources[0].rows.columns, cause
        assert work.log == unknown.log, cause
        assert {name: work.calls[name] for name in HEAVY} == {name: unknown.calls[name] for name in HEAVY}, cause
        total, usual = work.calls.total(), unknown.calls.total()
        assert abs(total - usual) <= 40, f"{cause}: {work.calls - unknown.calls}"
        assert usual > 100, "the bound is a bound on little beside the rest"


async def test_a_thousand_codes_cost_one_read_whoever_they_are(house: House, sunnet: Partner) -> None:
    nobody = [f"9{n:07d}" for n in range(1_000)]
    await sunnet.pull("P4", FIELDS, nobody)
    (query,) = house.sources[COOP].asked
    assert query.codes == tuple(nobody)


async def test_a_stop_in_flight_turns_the_answer_into_that_of_an_unknown_code(house: House, sunnet: Partner) -> None:
    """The request bounces at the commit point and is decided again; the partner cannot tell."""
    unknown = await sunnet.ask("P4", FIELDS, [UNKNOWN])
    source = house.sources[COOP]

    async def stopped_meanwhile(_: Query) -> None:
        source.hold = None
        await stop(house, AVAILABLE)

    source.hold = stopped_meanwhile
    response = await asyncio.wait_for(sunnet.ask("P4", FIELDS, [AVAILABLE]), 10)
    answer = await sunnet.open(response, sunnet.sent)
    assert answer.claims["results"] == [{"member": AVAILABLE, "status": "not_available"}]
    assert len(response.content) == len(unknown.content)
