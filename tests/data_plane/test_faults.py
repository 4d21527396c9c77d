"""When something behind the gateway fails: the right refusal, the entry that is due, and not one byte of data.

A fault of the source or of sealing is a denial with its entry; without the log there is no entry and nothing leaves.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.core.rows import FACTS
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import COLUMNS
from gateway.ports import Query
from gateway.tlog.entries import Denial, Release
from tests.answers import assert_oauth_error, assert_problem
from tests.house import COOP, House
from tests.simulators.partner import RESOURCE, Partner

FIELDS = ["member_code", "name", "phone"]
MEMBER = [AWKWARD["takasaki"]]
OTHER = AWKWARD["yoshino"]
URL = RESOURCE + "/transfers"


def record(house: House, code: str = MEMBER[0]) -> dict[str, Any]:
    found = json.loads(house.sources[COOP].table.query([code], COLUMNS))["records"]
    one: dict[str, Any] = found[0]
    return one


def answers(*records: dict[str, Any]) -> Callable[[bytes], bytes]:
    body = msgspec.json.encode({"records": records})
    return lambda _: body


# The source


async def test_a_source_that_is_down_is_a_denial_with_a_fault(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request, proof = sunnet.request("P4", FIELDS, members=MEMBER), sunnet.proof("POST", URL, token)
    house.sources[COOP].down = "the member system answered 502"
    before = len(await house.entries())
    assert_problem(await sunnet.post(request, token, proof=proof), "unavailable", retry_after=5)
    entry = await house.denial()
    assert len(await house.entries()) == before + 1
    assert entry.reasons == ["fault:source:unavailable"]
    assert entry.fields == FIELDS
    assert entry.counts is not None
    assert (entry.counts.asked, entry.counts.released) == (1, 0)
    assert ("note", "source unavailable", {"coop": COOP, "fault": "the member system answered 502"}) in house.told
    house.sources[COOP].down = None
    assert_problem(await sunnet.post(request, token, proof=proof), "replayed")
    assert (await sunnet.post(request, token)).status_code == 200


async def test_a_source_that_fails_at_the_deadline_still_leaves_its_entry(house: House, sunnet: Partner) -> None:
    source = house.sources[COOP]

    async def until_the_end(_: Query) -> None:
        house.clock.advance(seconds=20)
        source.down = "the member system did not answer in time"

    source.hold = until_the_end
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "unavailable", retry_after=5)
    assert (await house.denial()).reasons == ["fault:source:unavailable"]
    assert len(source.asked) == 1, "a source that has just failed is not asked again for the same request"


async def test_what_a_source_answers_after_the_deadline_is_not_released(house: House, sunnet: Partner) -> None:
    async def too_slow(_: Query) -> None:
        house.clock.advance(seconds=20)

    house.sources[COOP].hold = too_slow
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "unavailable", retry_after=1)
    assert not any(isinstance(entry, Release) for entry in await house.entries())


async def test_an_answer_just_before_the_deadline_is_released(house: House, sunnet: Partner) -> None:
    async def slow(_: Query) -> None:
        house.clock.advance(seconds=19.9)

    house.sources[COOP].hold = slow
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"records":{}}', b'{"records":null}', b'{"records":[nonsense]}', b'{"members":[]}'],
)
async def test_an_answer_that_is_no_list_of_records_is_a_fault(house: House, sunnet: Partner, body: bytes) -> None:
    house.sources[COOP].bend = lambda _: body
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "unavailable", retry_after=5)
    assert (await house.denial()).reasons == ["fault:source:unavailable"]


@pytest.mark.parametrize("depth", [2_000, 100_000])
async def test_an_answer_nested_too_deeply_is_a_fault(house: House, sunnet: Partner, depth: int) -> None:
    house.sources[COOP].bend = lambda _: b'{"records":' + b"[" * depth + b"]" * depth + b"}"
    before = len(await house.entries())
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "internal")
    assert len(await house.entries()) == before + 1
    assert (await house.denial()).reasons == ["fault:source:failed"]


async def test_a_source_that_fails_as_none_should_is_a_fault_too(house: House, sunnet: Partner) -> None:
    async def explode(_: Query) -> None:
        raise LookupError(f"no row for {MEMBER}")

    house.sources[COOP].hold = explode
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "internal")
    assert (await house.denial()).reasons == ["fault:source:failed"]
    assert ("note", "source failed", {"coop": COOP, "fault": "LookupError"}) in house.told


async def test_a_malformed_record_is_refused_alone(house: House, sunnet: Partner) -> None:
    answer = await sunnet.pull("P4", FIELDS, [AWKWARD["malformed"], AWKWARD["malformed_fact"], *MEMBER])
    assert set(answer.released) == set(MEMBER)
    counts = (await house.release()).counts
    assert (counts.asked, counts.released, counts.not_available, counts.refused) == (3, 1, 0, 2)


async def test_a_record_in_another_encoding_is_refused_alone(house: House, sunnet: Partner) -> None:
    """One record in cp932 among UTF-8 ones: nothing is replaced by `?`, and the others are not lost."""
    house.sources[COOP].bend = lambda body: body.replace("髙﨑 花子".encode(), "高崎 花子".encode("cp932"))
    answer = await sunnet.pull("P4", FIELDS, [*MEMBER, OTHER])
    assert set(answer.released) == {OTHER}
    assert (await house.release()).counts.refused == 1


@pytest.mark.parametrize("malformed_first", [True, False])
async def test_a_true_and_a_malformed_record_of_one_member_are_neither(
    house: House, sunnet: Partner, malformed_first: bool
) -> None:
    true, broken = record(house), {**record(house), "phone": 12345678}
    house.sources[COOP].bend = answers(*([broken, true] if malformed_first else [true, broken]), record(house, OTHER))
    answer = await sunnet.pull("P4", FIELDS, [*MEMBER, OTHER])
    assert set(answer.released) == {OTHER}
    counts = (await house.release()).counts
    assert (counts.asked, counts.released, counts.not_available, counts.refused) == (2, 1, 0, 1)


async def test_two_records_of_one_member_are_neither(house: House, sunnet: Partner) -> None:
    house.sources[COOP].bend = answers(record(house), {**record(house), "name": "別人"}, record(house, OTHER))
    answer = await sunnet.pull("P4", FIELDS, [*MEMBER, OTHER])
    assert set(answer.released) == {OTHER}
    assert (await house.release()).counts.refused == 1


STRANGE: list[Any] = [
    None, "", " ", "x" * 20_000, 0, -1, 1.5, 10**17, True, [], {}, [None], [[]], [{}], "\0", "null", "２０２６", "\U00020bb7",
    "0001-01-01", "9999-12-31", "2026-02-30", "2026-11-22", "26-11-22",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "2026-11-22T00:00:00", "2026-11-22T00:00:00+25:00", "2026-11-21T23:59:60Z",
    [{"id": "sukusuku", "from": "0001-01-01", "to": None}],
    [{"id": "sukusuku", "from": "0001-01-01", "to": "9999-12-31"}],
    [{"id": "sukusuku", "from": "9999-12-31", "to": "0001-01-01"}],
    [{"id": "sukusuku"}], [{"from": "2022-04-01"}], [{"id": None, "from": "2022-04-01"}],
    [{"kind": "stop_use", "from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-14:00"}],
    [{"kind": "stop_use", "from": "9999-12-31T23:59:59-14:00", "to": None}],
    [{"kind": "no such stop", "from": "2022-04-01T00:00:00Z"}], [{"kind": "stop_use"}],
    [{"id": "x", "partner": "sunnet", "purpose": "P4", "fields": [], "from": "0001-01-01T00:00:00Z"}],
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "fields"), [("P4", ["name", "phone", "delivery_day"]), ("P3", ["birth_date"])])
async def test_no_record_however_strange_spoils_another_or_the_request(
    house: House, sunnet: Partner, purpose: str, fields: list[str]
) -> None:
    """Every column with every strange value, each in a record of its own, a good one in the midst of them."""
    good = record(house)
    columns = [*fields, "municipality_code", *FACTS]
    strange = [(column, value) for column in columns for value in STRANGE]
    rows = [{**good, "member_code": f"9{n:07d}", column: value} for n, (column, value) in enumerate(strange)]
    rows.insert(len(rows) // 2, good)
    house.sources[COOP].bend = answers(*rows)
    codes = [row["member_code"] for row in rows]
    answer = await sunnet.pull(purpose, fields, codes)
    assert good["member_code"] in answer.released
    assert [one["member"] for one in answer.claims["results"]] == codes
    counts = (await house.release()).counts
    assert counts.asked == len(codes) == counts.released + counts.not_available + counts.refused
    assert min(counts.released, counts.not_available, counts.refused) > 0
    for column, value in ((c, v) for c, v in strange if c in FACTS and v is None):
        code = f"9{strange.index((column, value)):07d}"
        assert answer.results[code]["status"] == "not_available", f"{column}: a missing fact fails"


async def test_a_member_since_the_beginning_of_the_calendar_is_a_member(house: House, sunnet: Partner) -> None:
    """Old systems write 0001-01-01 for `always`."""
    since = [{"id": "sukusuku", "from": "0001-01-01", "to": None}]
    house.sources[COOP].bend = answers({**record(house), "programmes": since})
    assert (await sunnet.pull("P4", FIELDS, MEMBER)).released


# Sealing


async def test_an_answer_that_cannot_be_sealed_is_a_denial_with_a_fault(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request, proof = sunnet.request("P4", FIELDS, members=MEMBER), sunnet.proof("POST", URL, token)
    house.signer.broken = True
    before = len(await house.entries())
    assert_problem(await sunnet.post(request, token, proof=proof), "internal")
    assert len(await house.entries()) == before + 1
    assert (await house.denial()).reasons == ["fault:seal:failed"]
    house.signer.broken = False
    assert_problem(await sunnet.post(request, token, proof=proof), "replayed")
    assert (await sunnet.post(request, token)).status_code == 200


# The log


async def test_without_the_log_nothing_leaves_and_nothing_is_used_up(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request, proof = sunnet.request("P4", FIELDS, members=MEMBER), sunnet.proof("POST", URL, token)
    before = await house.entries()
    house.log.down = "the database failed"
    response = await sunnet.post(request, token, proof=proof)
    assert_problem(response, "unavailable", retry_after=1)
    assert len(response.content) < 300
    assert await house.entries() == before
    house.log.down = None
    assert (await sunnet.post(request, token, proof=proof)).status_code == 200
    assert len(await house.entries()) == len(before) + 1


async def test_onto_a_log_that_is_not_the_signed_one_nothing_is_written_and_nothing_leaves(
    house: House, sunnet: Partner
) -> None:
    """What the publisher found wrong (test_checkpoints.py) stops this process, whoever asks its `/readyz` or not."""
    token = await sunnet.token("P4", FIELDS)
    house.desk.rewritten.add(COOP)
    before = len(await house.entries())
    request, proof = sunnet.request("P4", FIELDS, members=MEMBER), sunnet.proof("POST", URL, token)
    assert_problem(await sunnet.post(request, token, proof=proof), "unavailable", retry_after=1)
    assert len(await house.entries()) == before
    house.desk.rewritten.discard(COOP)
    assert (await sunnet.post(request, token, proof=proof)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "headers"),
    [({"purpose": "P3"}, {}), ({"members": ["*"]}, {}), ({"iss": "x"}, {}), ({}, {"Content-Type": "text/plain"})],
)
async def test_without_the_log_a_refusal_is_unavailable_too(
    house: House, sunnet: Partner, changes: dict[str, Any], headers: dict[str, str]
) -> None:
    """A refusal that cannot be entered is not made: the caller learns nothing that the log does not know."""
    token = await sunnet.token("P4", FIELDS)
    before = await house.entries()
    house.log.down = "the database failed"
    request = sunnet.request("P4", FIELDS, **{"members": MEMBER, **changes})
    assert_problem(await sunnet.post(request, token, headers=headers), "unavailable", retry_after=1)
    assert await house.entries() == before


async def test_without_the_log_no_token_is_issued_and_nothing_is_used_up(house: House, sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    detail, assertion = sunnet.detail("P4", FIELDS), sunnet.assertion()
    house.log.down = "the database failed"
    refused = await sunnet.ask_token(detail, client_assertion=assertion)
    assert_oauth_error(refused, "temporarily_unavailable", 503, retry_after=1)
    house.log.down = None
    assert (await sunnet.ask_token(detail, client_assertion=assertion)).status_code == 200


async def test_without_the_log_nothing_is_read_under_v1(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    house.log.down = "the database failed"
    for path in ("/grants", "/grants/kyoritsusha-sunnet-01.delivery/schema"):
        assert_problem(await sunnet.get(path, token), "unavailable", retry_after=1)


async def test_the_log_lost_between_decision_and_commit_releases_nothing(house: House, sunnet: Partner) -> None:
    async def lost(_: Query) -> None:
        house.log.down = "the database failed"

    house.sources[COOP].hold = lost
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "unavailable", retry_after=1)
    assert not any(isinstance(entry, Release | Denial) for entry in await house.entries())


async def test_the_service_is_up_again_when_what_failed_is(house: House, sunnet: Partner) -> None:
    source = house.sources[COOP]
    for fail, mend in (
        (lambda: setattr(source, "down", "x"), lambda: setattr(source, "down", None)),
        (lambda: setattr(house.signer, "broken", True), lambda: setattr(house.signer, "broken", False)),
        (lambda: setattr(house.log, "down", "x"), lambda: setattr(house.log, "down", None)),
    ):
        await sunnet.token("P4", FIELDS)
        fail()
        refused = await asyncio.gather(*(sunnet.ask("P4", FIELDS, MEMBER) for _ in range(5)))
        assert all(response.status_code in {500, 503} for response in refused)
        mend()
        assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200


# Entries have a size; requests must not grow beyond it


async def test_five_hundred_long_names_of_no_field_are_refused_with_an_entry(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    names = [f"{'x' * 60}_{n:03d}" for n in range(500)]
    before = len(await house.entries())
    response = await sunnet.post(sunnet.request("P4", names, members=MEMBER), token)
    assert_problem(response, "malformed", pointer="/fields/0")
    assert len(await house.entries()) == before + 1
    assert (await house.denial()).reasons == ["request:fields:unknown"]


async def test_a_denial_names_only_what_the_catalogue_names(house: House, sunnet: Partner) -> None:
    """What a partner writes in the place of a field, purpose or agreement may be anything; the log holds names we know."""
    token = await sunnet.token("P4", FIELDS)
    for request in (
        sunnet.request("P4", ["name", "hanako_takasaki"], members=MEMBER),
        sunnet.request("hanako-takasaki", FIELDS, members=MEMBER),
        sunnet.request("P4", FIELDS, "hanako-takasaki", members=MEMBER),
        sunnet.request("P4", FIELDS, members=MEMBER, agreement="hanako-takasaki"),
        sunnet.request("P4", FIELDS, members=MEMBER, coop="hanako-takasaki"),
    ):
        assert (await sunnet.post(request, token)).status_code in {400, 403}
        entry = await house.denial()
        assert "hanako" not in repr(entry)
        assert (entry.purpose, entry.product, entry.agreement) == ("P4", "G1", "kyoritsusha-sunnet-01")
