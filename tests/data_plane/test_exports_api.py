"""A whole population by parts: ordered, made ahead, fetched, listed, and confirmed."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.days import jst_day
from gateway.data_plane.exports.making import Worker
from gateway.tlog.entries import Denial, Export, Release
from gateway.tlog.member_proof import verify_members
from tests.answers import assert_problem
from tests.clock import SettableClock
from tests.data_plane.exporting import FIELDS, URL, Ordered, ask, make, order, records, send
from tests.data_plane.test_openapi import valid
from tests.house import COOP, House, running_house
from tests.simulators.partner import Partner, b64u


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def pages(sunnet: Partner, fields: list[str] = FIELDS) -> dict[str, dict[str, object]]:
    """What a walk page by page gives."""
    found: dict[str, dict[str, object]] = {}
    page: dict[str, object] = {"limit": 100}
    while True:
        answer = await sunnet.pull("P4", fields, page=page)
        found |= answer.released
        if "next" not in answer.claims:
            return found
        page = {"limit": 100, "cursor": answer.claims["next"]}


async def test_the_parts_together_are_what_the_pages_give(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    waiting = await export.get("/parts/1")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "1")
    assert waiting.json() == await export.status()
    await make(house)
    status = await export.status()
    assert (status["state"], status["taken"], status["final"]) == ("sealed", 0, True)
    assert status["parts"] > 1
    whole = await export.all()
    assert whole == await pages(sunnet)
    assert status["records"] == len(whole)
    last = export.parts[status["parts"]]
    assert (last["of"], last["removals"]) == (status["parts"], [])
    assert "resync" not in last
    assert not {"since", "removals", "of"} & export.parts[1].keys()
    assert (await export.status())["taken"] == status["parts"]


async def test_each_part_has_an_entry_of_its_own_and_the_order_has_one(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    await make(house)
    await export.all()
    assert (await export.end()).status_code == 204
    said = [entry for entry in await house.entries() if isinstance(entry, Export | Release)]
    begun, *released, ended = said
    assert isinstance(begun, Export)
    assert isinstance(ended, Export)
    assert (begun.event, begun.export, begun.form, begun.fields) == ("ordered", export.id, "ndjson", FIELDS)
    assert (ended.event, ended.parts) == ("confirmed", len(export.parts))
    parts = [entry for entry in released if isinstance(entry, Release)]
    assert [(entry.export, entry.part, entry.page) for entry in parts] == [
        (export.id, n, True) for n in sorted(export.parts)
    ]
    for entry, told in zip(parts, export.receipts, strict=True):
        assert entry.transfer == told["jti"] != export.id
        assert entry.body == told["body"]
        members = await house.stores.side_rows.of_entry(COOP, told["index"])
        assert entry.counts.released == len(records(export.parts[entry.part or 0]))
        stored = (await house.stores.log.entries(COOP, told["index"], 1))[0]
        verify_members(stored, subjects=members.subjects, chunks=members.chunks)
    assert begun.request == parts[0].request


async def test_a_table_says_the_same_as_the_objects(house: House, sunnet: Partner) -> None:
    """RFC 4180: a header line, CRLF, null an empty cell; nothing is neutralised, since a machine reads it."""
    fields = ["name", "name_kana", "phone", "order_course", "address_line"]
    objects, table = await order(sunnet, fields=fields), await order(sunnet, fields=fields, form="csv")
    await make(house)
    said = await objects.all()
    assert await table.all() == {
        member: {name: "" if value is None else str(value) for name, value in data.items()}
        for member, data in said.items()
    }
    text = table.parts[1]["csv"]
    assert text.startswith("member," + ",".join(fields) + "\r\n")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")


async def test_the_manifest_lists_what_was_handed_out(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    early = await export.manifest()
    assert (early["parts"], early["total"], early["final"]) == ([], 0, False)
    await make(house)
    whole = await export.all()
    told = await export.manifest()
    assert (told["total"], told["final"], told["jti"], told["form"]) == (len(whole), True, export.id, "ndjson")
    assert told["parts"] == [
        {
            "n": n,
            "sha256": b64u(hashlib.sha256(body).digest()),
            "bytes": len(body),
            "records": len(export.parts[n]["results"]),
        }
        for n, body in sorted(export.bodies.items())
    ]
    assert (told["aud"], told["coop"], told["purpose"]) == (sunnet.client_id, COOP, "P4")


async def test_parts_come_in_any_order_and_again(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    await make(house)
    last = (await export.status())["parts"]
    for n in (last, 1, 1, *range(2, last)):
        await export.part(n)
    assert export.released == await pages(sunnet)
    assert len({told["jti"] for told in export.receipts}) == last + 1
    assert (await export.status())["taken"] == last
    assert [entry.part for entry in await house.entries() if isinstance(entry, Release) and entry.part][:3] == [
        last,
        1,
        1,
    ]


async def test_an_export_goes_on_where_another_worker_left_it(house: House, sunnet: Partner) -> None:
    """A worker that gets stuck half-way: its lease ends, and the parts that stand are not made again."""
    export = await order(sunnet)
    source = house.sources[COOP]

    async def twice(_: object) -> None:
        if len(source.asked) > 2:
            source.down = "gone"

    source.hold = twice
    await make(house)
    stopped = await export.status()
    assert (stopped["state"], stopped["parts"]) == ("running", 2)
    first = await export.part(1)
    source.hold = source.down = None
    house.clock.advance(seconds=16)
    await make(house)
    assert (await export.part(1)) == first
    assert await export.all() == await pages(sunnet)


async def test_the_source_is_asked_for_no_more_than_the_fields_need(house: House, sunnet: Partner) -> None:
    await order(sunnet, fields=["name"])
    await make(house)
    asked = house.sources[COOP].asked
    assert asked
    for query in asked:
        assert "phone" not in query.rows.columns
        assert query.codes is None


async def test_a_population_of_nobody_is_one_empty_part(house: House, sunnet: Partner) -> None:
    def nobody(document: dict[str, object]) -> None:
        grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]  # type: ignore[index]
        grants["delivery"]["population"] = [{"field": "municipality_code", "prefix_in": ["99"]}]

    await house.publish(change=nobody)
    for form in ("ndjson", "csv"):
        export = await order(sunnet, form=form)
        await make(house)
        assert await export.all() == {}
        assert export.parts[1]["of"] == 1


async def test_so_many_at_a_time(house: House, sunnet: Partner) -> None:
    exports = [await order(sunnet) for _ in range(4)]
    before = len(await house.entries())
    assert_problem(await ask(sunnet), "rate-limited", retry_after=30)
    assert len(await house.entries()) == before
    assert (await exports[0].end()).status_code == 204
    assert isinstance(await order(sunnet), Ordered)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"export": {"form": "xml"}}, "/export/form"),
        ({"export": {"form": "csv", "limit": 5}}, "/export"),
        ({"export": {"form": "csv", "since": "forged"}}, "/export/since"),
        ({"export": {"form": "csv"}, "page": {"limit": 5}}, "/members"),
        ({"members": ["00000101"]}, "/export"),
        ({"page": {"limit": 5}}, "/export"),
    ],
)
async def test_what_is_no_order_is_malformed(
    house: House, sunnet: Partner, changes: dict[str, Any], pointer: str
) -> None:
    token = await sunnet.token("P4", FIELDS)
    assert_problem(await send(sunnet, sunnet.request("P4", FIELDS, **changes), token), "malformed", pointer=pointer)
    assert (await house.denial()).reasons == [
        f"request:{pointer.split('/')[-1 if 'since' in pointer else 1]}:malformed"
    ]


async def test_an_export_is_not_ordered_where_transfers_are_asked_for(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, export={"form": "csv"})
    assert_problem(await sunnet.post(request, token), "malformed", pointer="/export")


async def test_what_is_not_granted_is_denied_as_a_transfer_is(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P3", FIELDS, export={"form": "csv"})
    proof = sunnet.proof("POST", sunnet.resource + URL, token)
    assert_problem(await send(sunnet, request, token, proof=proof), "not-permitted")
    assert (await house.denial()).reasons == ["request:purpose:mismatch"]
    assert_problem(await send(sunnet, request, token, proof=proof), "replayed")


async def test_an_order_uses_its_proof_up(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, export={"form": "csv"})
    proof = sunnet.proof("POST", sunnet.resource + URL, token)
    assert (await send(sunnet, request, token, proof=proof)).status_code == 202
    assert_problem(await send(sunnet, request, token, proof=proof), "replayed")


async def test_the_quota_counts_each_part_as_it_leaves(house: House, sunnet: Partner) -> None:
    def limited(document: dict[str, object]) -> None:
        grants = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]  # type: ignore[index]
        grants["delivery"]["limits"] = {"members_per_day": 100}

    await house.publish(change=limited)
    export = await order(sunnet)
    await make(house)
    first = await export.part(1)
    used = await house.stores.log.quota_used(COOP, "kyoritsusha-sunnet-01.delivery", jst_day(house.clock()).isoformat())
    assert used == len(first["results"])
    assert_problem(await export.get("/parts/2"), "not-permitted")
    denied = await house.last()
    assert isinstance(denied, Denial)
    assert denied.reasons == ["grant:kyoritsusha-sunnet-01.delivery:over_quota"]


async def test_every_answer_is_as_documented(house: House, sunnet: Partner) -> None:
    asked = await ask(sunnet)
    valid(asked.json(), "ExportOrdered")
    export = Ordered(sunnet, asked.json()["export"], sunnet.sent, "P4", FIELDS)
    await make(house)
    valid(await export.status(), "ExportStatus")
    await export.all()
    for claims in export.parts.values():
        valid(claims, "ExportPart")
    valid(await export.manifest(), "ExportManifest")


async def test_a_part_is_no_larger_than_it_may_be(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    worker = Worker(house.desk, members=100, size=2_000)
    while await worker.round():
        pass
    assert await export.all() == await pages(sunnet)
    sizes = [
        len(json.dumps(part["results"], ensure_ascii=False, separators=(",", ":")).encode())
        for part in export.parts.values()
    ]
    assert max(sizes) <= 2_000
    assert len(sizes) > 3
