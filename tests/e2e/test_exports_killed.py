"""kill -9 of all that makes and serves an export, half-way: nothing is lost, nothing is given twice, and the log is whole.

Two workers and a gateway on PostgreSQL make an export of many small parts; some are fetched; then all three are killed at
once. Others go on after the last part that stands, and the partner fetches the rest.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.e2e.conftest import Installation, OpenSite, connected
from tests.e2e.exported_log import assert_decided_under_what_was_in_force, assert_logged, assert_verified, export
from tests.e2e.independent_client import Client, digest, verified
from tests.e2e.serving import BY, Site

COOP, FIELDS = "kyoritsusha", ["member_code", "name"]
EXPORT = {"form": "ndjson"}


class Fetching:
    """A partner with an order, and what it has of it."""

    def __init__(self, client: Client, request: str, told: dict[str, Any]) -> None:
        self.client, self.request, self.told = client, request, told
        self.parts: dict[int, dict[str, Any]] = {}
        self.bodies: dict[int, bytes] = {}
        self.receipts: list[dict[str, Any]] = []

    async def ask(self, path: str = "", method: str = "GET") -> Any:
        token = await self.client.token("P4", FIELDS, "G1")
        return await self.client.call(method, f"/exports/{self.told['export']}{path}", token)

    async def status(self) -> dict[str, Any]:
        answer = await self.ask()
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def until(self, enough: Callable[[dict[str, Any]], bool], *, seconds: float = 60) -> dict[str, Any]:
        end = monotonic() + seconds
        while not enough(told := await self.status()):
            assert monotonic() < end, told
            await asyncio.sleep(0.02)
        return told

    async def fetch(self, n: int) -> None:
        response = await self.ask(f"/parts/{n}")
        assert response.status_code == 200, response.text
        answer = await self.client.open_part(self.request, response)
        assert answer.inner.claims["n"] == n
        self.parts[n], self.bodies[n] = answer.inner.claims, response.content
        self.receipts.append(answer.receipt.claims)

    @property
    def members(self) -> Counter[str]:
        return Counter(one["member"] for part in self.parts.values() for one in part["results"])


async def ordered(client: Client) -> Fetching:
    token = await client.token("P4", FIELDS, "G1")
    request = client.request("P4", FIELDS, "G1", export=EXPORT)
    sent = {"content": request, "headers": {"Content-Type": "application/jwt"}}
    answer = await client.call("POST", "/exports", token, **sent)
    assert answer.status_code == 202, answer.text
    return Fetching(client, request, answer.json())


def running(at: Site) -> None:
    """Start a gateway and two workers; wait until all are there."""
    gateway, *workers = at.gateway(), at.worker(), at.worker()
    for worker in workers:
        worker.until_ready("working")
    at.serving(gateway)


async def killed_half_way(at: Site, installation: Installation) -> tuple[Fetching, set[str]]:
    async with connected() as http:
        client = installation.client(http, at, "sunnet")
        fetching = await ordered(client)
        await fetching.until(lambda told: told["parts"] >= 8)
        await fetching.fetch(1)
        for process in [*at.alive("gateway"), *at.alive("worker")]:
            process.kill()
    await asyncio.to_thread(running, at)
    async with connected() as http:
        client = fetching.client = installation.client(http, at, "sunnet")
        stood = await fetching.status()
        assert stood["state"] == "running", "all was made before anything was killed"
        for n in range(2, stood["parts"] + 1):
            await fetching.fetch(n)
        told = await fetching.until(lambda told: told["final"])
        for n in range(stood["parts"] + 1, told["parts"] + 1):
            await fetching.fetch(n)
        manifest = await fetching.ask("/manifest")
        assert verified(manifest.text, await client.published_keys()).claims["parts"] == [
            {"n": n, "sha256": digest(body), "bytes": len(body), "records": len(fetching.parts[n]["results"])}
            for n, body in sorted(fetching.bodies.items())
        ]
        assert (await fetching.ask(method="DELETE")).status_code == 204
        pages = [one async for one in client.walk("P4", FIELDS, "G1", limit=100)]
        return fetching, {member for page in pages for member in page.released}


@pytest.fixture
def site(open_site: OpenSite, tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, "postgres", variables={"GATEWAY_EXPORT_PART_MEMBERS": "2"}) as at:
        at.member_system()
        running(at)
        yield at


async def test_killed_half_way_it_loses_and_repeats_nothing(site: Site, installation: Installation) -> None:
    fetching, population = await killed_half_way(site, installation)
    assert set(fetching.members.values()) == {1}
    assert fetching.members.keys() == population
    assert [n for n, part in fetching.parts.items() if "of" in part] == [max(fetching.parts)]
    log = await asyncio.to_thread(export, site, "log")
    await asyncio.to_thread(assert_verified, site, log)
    assert_decided_under_what_was_in_force(log)
    for receipt in fetching.receipts:
        assert_logged(log, receipt)
    name = fetching.told["export"]
    assert [one["part"] for one in log.of_kind("release", export=name)] == [*sorted(fetching.parts)]
    assert [one["event"] for one in log.of_kind("export")] == ["ordered", "confirmed"]
    member, transfer = fetching.parts[1]["results"][0]["member"], fetching.receipts[0]["jti"]
    told = await asyncio.to_thread(site.do, "member", "history", COOP, "--codes", "-", *BY, stdin=f"{member}\n")
    assert transfer in {one["transfer"] for one in told}
