"""The typed client pulls populations and deltas into files from the real gateway, and the log agrees with the files."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import httpx2
import pyarrow.parquet as pq

from gateway.client import Advance, Client, Downloaded, Shape, pull_to_file
from gateway.client.config import config_from
from gateway.client.download import since_of
from gateway.client.keys import Key, Keys
from gateway.control_plane.restrict import lift
from gateway.core.days import jst_day
from gateway.demo.member_table import Table
from gateway.demo.people import make_members
from gateway.oversight.members.history import history
from gateway.tlog.entries import Release
from tests.data_plane.exporting import make
from tests.house import COOP, MEMBERS, House
from tests.simulators.partner import Partner

FIELDS = ["postal_code", "name"]
PART = 70


class Bridge(httpx2.BaseTransport):
    """The way from a thread to the application in the loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._loop = asyncio.get_running_loop()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return asyncio.run_coroutine_threadsafe(self._sent(request), self._loop).result()

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        headers, content = dict(request.headers), request.read()
        answer = await self._house.http.request(request.method, str(request.url), headers=headers, content=content)
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)


def client_of(house: House, partner: Partner) -> Client:
    """The typed client with a partner's keys; as long as it waits, a worker seals parts."""
    loop = asyncio.get_running_loop()

    def worked(_: float) -> None:
        asyncio.run_coroutine_threadsafe(make(house, members=PART), loop).result()

    config = {"issuer": partner.issuer, "resource": partner.resource, "client_id": partner.client_id}
    config |= {"coop": partner.coop, "agreement": partner.agreement}
    purpose: dict[str, Any] = {"purpose": "P4", "products": ["G1"], "fields": [*FIELDS, "phone"]}
    keys = Keys(
        sig=Key(partner.sig.kid or "", "sig", partner.sig.private_key),  # type: ignore[arg-type]  # on P-256
        enc=(Key(partner.enc.kid or "", "enc", partner.enc.private_key),),  # type: ignore[arg-type]  # on P-256
    )
    return Client(
        config_from({**config, "purposes": [purpose]}),
        keys,
        http=httpx2.Client(transport=Bridge(house)),
        clock=lambda: house.clock().timestamp(),
        sleep=worked,
    )


async def pulled(client: Client, target: Path, **more: Any) -> Downloaded:
    return await asyncio.to_thread(pull_to_file, client, target, "P4", **{"fields": FIELDS, **more})


def rows(path: Path) -> dict[str, dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("member"): row for row in csv.DictReader(file)}


async def walked(client: Client) -> dict[str, dict[str, Any]]:
    def walk() -> dict[str, dict[str, Any]]:
        pages = client.pages("P4", fields=FIELDS)
        return {one.member: dict(one.data or {}) for page in pages for one in page}

    return await asyncio.to_thread(walk)


def text(data: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in data.items()}


async def test_every_form_of_file_is_what_a_walk_gives_and_the_log_agrees(
    house: House, sunnet: Partner, tmp_path: Path
):
    client = client_of(house, sunnet)
    people = await walked(client)
    done = await pulled(client, tmp_path / "m.csv")
    await pulled(client, tmp_path / "m.ndjson", shape=Shape("ndjson"))
    await pulled(client, tmp_path / "m.parquet", shape=Shape("parquet"))
    assert (done.records, done.parts > 2, done.ended) == (len(people), True, True)
    assert rows(tmp_path / "m.csv") == {member: text(data) for member, data in people.items()}
    lines = map(json.loads, (tmp_path / "m.ndjson").read_text(encoding="utf-8").splitlines())
    assert {line["member"]: line["data"] for line in lines} == people
    typed = {row.pop("member"): row for row in pq.read_table(tmp_path / "m.parquet").to_pylist()}
    assert typed == people
    entries = [one for one in await house.entries() if isinstance(one, Release) and one.export == done.export]
    assert [(one.transfer, one.part) for one in entries] == [
        (one["transfer"], one["part"]) for one in receipts(tmp_path / "m.csv")
    ]
    assert sum(one.counts.released for one in entries) == done.records


async def test_a_delta_that_is_applied_gives_what_a_full_pull_gives(house: House, sunnet: Partner, tmp_path: Path):
    client, target, full = client_of(house, sunnet), tmp_path / "m.csv", tmp_path / "full.csv"
    first = await pulled(client, target)
    members = [*rows(target)]
    stopped = members[3], members[PART + 5]
    await house.stop(*stopped)
    changed = await pulled(client, target, since=since_of(first.since_file), apply=True)
    assert (changed.resync, changed.removals, changed.records) == (False, 2, 0)
    assert changed.removals_file is not None
    assert {line.split(",")[0] for line in changed.removals_file.read_text().splitlines()[1:]} == {*stopped}
    await pulled(client, full)
    assert target.read_bytes() == full.read_bytes()
    assert not {*stopped} & rows(target).keys()
    # One of the two is provided again, one has moved and one has left; of the source no other row changed.
    secrets = house.stores.keys.coop_secrets(COOP)
    scope: dict[str, Any] = {"kind": "stop_provide", "partner": None, "purpose": None}
    said: dict[str, Any] = {"by": "相談", "reason": "撤回", "secrets": secrets, "clock": house.clock}
    await lift(house.stores.log, COOP, stopped[:1], **scope, **said)
    house.sources[COOP].table = without(house, left=members[9], moved=members[20])
    changed = await pulled(client, target, since=since_of(changed.since_file), apply=True)
    assert (changed.resync, changed.removals, changed.records) == (False, 1, 2)
    await pulled(client, full)
    assert target.read_bytes() == full.read_bytes()
    assert rows(target)[members[20]]["postal_code"] == "9980000"
    assert rows(target).keys() == {*members} - {members[9], stopped[1]}


def without(house: House, *, left: str, moved: str) -> Table:
    """The member system after somebody left it and somebody moved."""
    people = [one for one in make_members(MEMBERS, today=jst_day(house.clock())) if one["member_code"] != left]
    return Table([{**one, "postal_code": "9980000"} if one["member_code"] == moved else one for one in people])


async def test_who_is_stopped_half_way_is_in_no_part_fetched_afterwards(house: House, sunnet: Partner, tmp_path: Path):
    client, target, loop = client_of(house, sunnet), tmp_path / "m.csv", asyncio.get_running_loop()
    everybody = [*await walked(client)]
    fetched, waiting = everybody[1], everybody[2 * PART + 1]

    def watch(now: Advance) -> None:
        if now.parts == 1:
            asyncio.run_coroutine_threadsafe(house.stop(fetched, waiting), loop).result()

    done = await pulled(client, target, watch=watch)
    assert rows(target).keys() == {*everybody} - {waiting}
    known = {one.transfer for one in await provisions(house, waiting)}
    assert not known & {receipt["transfer"] for receipt in receipts(target)}
    assert [one.part for one in await provisions(house, fetched) if one.export == done.export] == [1]
    again = await pulled(client, target, since=since_of(done.since_file), apply=True)
    assert (again.records, again.removals) == (0, 1)
    assert rows(target).keys() == {*everybody} - {waiting, fetched}


def receipts(target: Path) -> list[dict[str, Any]]:
    lines = target.with_name(f"{target.name}.receipts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


async def provisions(house: House, code: str) -> list[Release]:
    """The entries that the log's side rows have of a member."""
    secrets = house.stores.keys.coop_secrets(COOP)
    found = {one.transfer for one in await history(house.stores.side_rows, COOP, code, secrets=secrets)}
    return [one for one in await house.entries() if isinstance(one, Release) and one.transfer in found]
