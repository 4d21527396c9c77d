"""Kill, crash, stop and cut at random moments under load, again and again; then the exported log must hold I1 to I10.

`make test` lets each thing happen once, `make soak` runs two hundred rounds on each database (SOAK_ROUNDS).
"""

import asyncio
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from shutil import copytree
from typing import Any

import asyncpg
import httpx2
import pytest

from gateway.adapters.database import sqlite_path
from gateway.tlog.checkpoint import parse
from gateway.tlog.merkle import root_of
from tests.e2e.conftest import Installation, OpenSite, connected
from tests.e2e.exported_log import Log, assert_decided_under_what_was_in_force, assert_logged, assert_verified, export
from tests.e2e.independent_client import Client, Refused
from tests.e2e.policy_copies import without_quota
from tests.e2e.pulling import Ask, Claims, Sent, pull_during, reached, receipts
from tests.e2e.serving import BY, TWO_PEOPLE, Process, Site
from tests.e2e.test_faults_of_processes import crashed

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "0"))
SEED = int(os.environ.get("SOAK_SEED", "20261122"))
FIELDS = ["member_code", "name", "phone"]
MEMBERS = ["00000101", "99999999"]
OTHER = "00000102"
APPENDERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'joint-use-gateway log'"
BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'joint-use-gateway log' ORDER BY random() LIMIT 1"


class Storm:
    """One site, what befalls it, and what its partners hold of it."""

    def __init__(self, site: Site, installation: Installation, dice: random.Random) -> None:
        self.site = site
        self.installation = installation
        self.dice = dice
        self.befell: Counter[str] = Counter()

    async def moment(self) -> None:
        await asyncio.sleep(self.dice.random() * 0.4)

    def one(self) -> Process:
        return self.dice.choice(self.site.alive("gateway"))

    async def a_process_is_killed(self) -> None:
        await self.moment()
        self.one().kill()
        await asyncio.to_thread(self.site.serving, self.site.gateway())

    async def a_process_stands_still(self) -> None:
        """Longer than the server lets an open transaction idle: whatever lock it holds is taken from it."""
        await self.moment()
        stopped = self.one()
        stopped.send(signal.SIGSTOP)
        await asyncio.sleep(2.5)
        stopped.send(signal.SIGCONT)

    async def connections_are_cut(self) -> None:
        """Again and again, so that some fall into a COMMIT."""
        for _ in range(self.dice.randint(3, 12)):
            await asyncio.sleep(self.dice.random() * 0.05)
            await self.told(APPENDERS)

    async def a_backend_is_killed(self) -> None:
        """kill -9 of one backend: PostgreSQL drops all others and recovers from its log."""
        await self.moment()
        pid = await self.told(BACKEND)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def postgresql_crashes(self) -> None:
        await self.moment()
        with crashed(self.installation.server):
            await self.moment()

    async def a_member_is_stopped(self) -> None:
        """Governance moves in the middle of it all; the command may fail, and then nothing may have changed."""
        way = self.dice.choice(["restrict", "lift"])
        what = ("--codes", "-", "--kind", "stop_use", *BY)
        await asyncio.to_thread(self.site.told, "member", way, "kyoritsusha", *what, stdin=OTHER + "\n")

    async def told(self, statement: str) -> int | None:
        """Say something to the server; it may be down."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            database = await asyncpg.connect(self.installation.server.dsn(), timeout=3)
            try:
                found: int | None = await database.fetchval(statement)
                return found
            finally:
                database.terminate()
        return None

    def perils(self) -> Sequence[Callable[[], Awaitable[None]]]:
        of_any = [self.a_process_is_killed, self.a_process_stands_still, self.a_member_is_stopped]
        if self.site.database_url.startswith("sqlite"):
            return of_any
        return [
            *of_any,
            self.connections_are_cut,
            self.connections_are_cut,
            self.a_backend_is_killed,
            self.postgresql_crashes,
        ]

    async def round(self, number: int, ask: Ask) -> list[Sent]:
        """Let one thing happen while partners pull; it is over when they are answered again."""
        perils = self.perils()
        peril = perils[number % len(perils)] if number < len(perils) else self.dice.choice(perils)
        self.befell[peril.__name__] += 1

        async def happening(sent: list[Sent]) -> None:
            await reached(lambda: sum(one.status == 200 for one in sent) >= 10, "nothing was answered", sent=sent)
            await peril()
            mark = len(sent)

            def answered_again() -> bool:
                return any(one.status == 200 for one in sent[mark:])

            await reached(answered_again, f"nothing after: {peril.__name__}", sent=sent)

        await self.serving_again(ask)
        return await pull_during([ask], happening, each=8)

    async def serving_again(self, ask: Ask) -> None:
        """Wait out what the last peril left behind: a database that recovers issues no token."""
        async with asyncio.timeout(60):
            while True:
                with suppress(Refused, httpx2.TransportError):
                    await ask.client.token(ask.purpose, ask.fields, "G1")
                    return
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_whatever_befalls_it_the_log_holds(
    backend: str, open_site: OpenSite, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("soak")
    policies = copytree(installation.policies, folder / "policies")
    without_quota(policies, "sunnet")
    with open_site(folder, backend, source_timeout_s=2.0, policies=policies) as site:
        site.do("policy", "publish", "kyoritsusha", *TWO_PEOPLE)
        site.member_system()
        site.serving(*(site.gateway() for _ in range(1 if backend == "sqlite" else 2)))
        asyncio.run(endure(site, installation))


async def endure(site: Site, installation: Installation) -> None:
    """Let it all happen, and look at the log afterwards."""
    storm = Storm(site, installation, random.Random(SEED))
    held: list[Claims] = []
    asked: list[str] = []
    for number in range(ROUNDS or len(storm.perils())):
        async with connected() as http:  # a new one each time: nothing of an earlier round is in the way
            client = installation.client(http, site, "sunnet")
            sent = await storm.round(number, Ask("honest", client, "P4", FIELDS, MEMBERS))
            held += receipts(sent, await published_keys(client))
            asked += [one.rqh for one in sent]
    print(f"{len(asked)} requests, {len(held)} answers; {dict(storm.befell)}")
    await assert_holds(site, export(site, "soaked"), held, asked)


async def published_keys(client: Client) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx2.TransportError):
                return await client.published_keys()


async def assert_holds(site: Site, log: Log, held: list[Claims], asked: list[str]) -> None:
    """I1 to I10, from the export and the tables."""
    # I2 (no gap), I3 (root), and every step of the verifier
    assert_verified(site, log)
    # I1, I5: each of the answers received stands where its receipt says
    for told in held:
        assert_logged(log, told)
    # I9: no request has two entries
    entries = Counter(entry["request"] for entry in log.entries if entry.get("request"))
    assert all(entries[rqh] <= 1 for rqh in asked)
    # I6
    assert_decided_under_what_was_in_force(log)
    # I4: every checkpoint ever published is of this tree
    for (note,) in await rows_of(site, "SELECT note FROM log_checkpoint WHERE origin LIKE '%/kyoritsusha'"):
        stated = parse(str(note).split("\n\n", 1)[0] + "\n")
        assert stated.size > len(log.leaves) or stated.root == root_of(log.leaves[: stated.size])
    # I8: side rows are those of the members that an entry released or stopped
    members = {
        index: entry["counts"]["released"] if entry["kind"] == "release" else entry["members"]
        for index, entry in enumerate(log.entries)
        if entry["kind"] in {"release", "restrict"}
    }
    counted = await rows_of(
        site, "SELECT idx, count(*) FROM log_subject WHERE origin LIKE '%/kyoritsusha' GROUP BY idx"
    )
    assert dict(counted) == {index: count for index, count in members.items() if count}
    # I10: what is in force is what the log says
    governing = {i for i, entry in enumerate(log.entries) if entry["kind"] in {"publish", "partner", "restrict"}}
    effects = await rows_of(site, "SELECT DISTINCT idx FROM log_effect WHERE origin LIKE '%/kyoritsusha'")
    assert {index for (index,) in effects} == governing


async def rows_of(site: Site, query: str) -> list[tuple[Any, ...]]:
    """Read the site's tables past the gateway."""
    path = sqlite_path(site.database_url)
    if path is not None:
        database = sqlite3.connect(path)
        found = database.execute(query).fetchall()
        database.close()
        return found
    connection = await asyncpg.connect(site.database_url.replace("+asyncpg", ""))
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
