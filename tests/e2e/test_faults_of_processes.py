"""Whatever stops answering or dies: nothing leaves without its entry, nothing is lost, and service goes on."""

import asyncio
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any

import asyncpg
import httpx2
import pytest

from tests import postgres as pg
from tests.e2e.conftest import OpenSite
from tests.e2e.exported_log import Log, assert_decided_under_what_was_in_force, assert_verified, export
from tests.e2e.independent_client import Client, digest
from tests.e2e.pulling import Ask, Sent, assert_all_logged, pull_during, reached
from tests.e2e.serving import Process, Site, until

FIELDS = ["member_code", "name", "phone"]
TAKASAKI, MALFORMED, MALFORMED_FACT = "00000101", "00000603", "00000604"


@pytest.fixture(scope="module")
def pilot(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One process on SQLite; a test leaves it serving."""
    with open_site(tmp_path_factory.mktemp("pilot"), "sqlite", source_timeout_s=0.5) as site:
        gateway = site.gateway()
        site.member_system()
        site.serving(gateway)
        yield site


@pytest.fixture(params=["pilot", "at"], ids=["sqlite", "postgres"])
def on(request: pytest.FixtureRequest) -> Site:
    """Each of the two sites."""
    site: Site = request.getfixturevalue(request.param)
    return site


async def ask(client: Client, *members: str) -> tuple[str, httpx2.Response]:
    """Send one honest request; return the digest that its entry would have, and the answer."""
    token = await client.token("P4", FIELDS, "G1")
    request = client.request("P4", FIELDS, "G1", members=list(members))
    return digest(request.encode()), await client.send(request, token)


async def assert_serves(client: Client) -> None:
    """Ask until it does again."""
    for _ in range(300):
        if (await ask(client, TAKASAKI))[1].status_code == 200:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("it does not serve any more")


def assert_unavailable(response: httpx2.Response) -> None:
    """503, with nothing in it that is not in every 503."""
    problem = response.json()
    assert problem.keys() == {"type", "title", "status", "request_id", "retry_after"}
    assert (response.status_code, problem["type"]) == (503, "urn:joint-use:problem:unavailable")
    assert response.headers["Retry-After"] == str(problem["retry_after"])
    assert "Transfer-Receipt" not in response.headers


def entries_of(log: Log, rqh: str) -> list[dict[str, object]]:
    return [entry for entry in log.entries if entry.get("request") == rqh]


def question(client: Client) -> Ask:
    return Ask("honest", client, "P4", FIELDS, [TAKASAKI, "99999999"])


def answered(sent: list[Sent], *, since: float = 0.0, status: int = 200) -> int:
    return sum(one.began >= since and one.status == status for one in sent)


def assert_nothing_lost(log: Log, sent: list[Sent], keys: dict[str, Any]) -> None:
    assert_decided_under_what_was_in_force(log)
    assert_all_logged(sent, log, keys)


# ── the member system ──


NONSENSE = [
    (500, b"{}"),
    (302, b""),
    (200, b""),
    (200, b'{"records":['),
    (200, b'{"members":[]}'),
    (200, b'{"records":{"member_code":"00000101"}}'),
]


@contextmanager
def standing_in(port: int, status: int, body: bytes) -> Iterator[None]:
    """Answer every call at a port with the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


async def test_a_member_system_that_is_down_slow_or_talks_nonsense_costs_the_answer_and_no_more(
    pilot, installation, http
):
    client = installation.client(http, pilot, "sunnet")
    await assert_serves(client)
    refused = []
    (member_system,) = pilot.alive("member-system")

    member_system.send(signal.SIGSTOP)
    refused.append(await ask(client, TAKASAKI))
    member_system.send(signal.SIGCONT)
    await assert_serves(client)

    member_system.kill()
    refused.append(await ask(client, TAKASAKI))
    for status, body in NONSENSE:
        with standing_in(pilot.source_port, status, body):
            refused.append(await ask(client, TAKASAKI))
    pilot.member_system()
    await assert_serves(client)

    log = export(pilot, "source")
    for rqh, response in refused:
        assert_unavailable(response)
        (entry,) = entries_of(log, rqh)
        assert (entry["kind"], entry["reasons"]) == ("denial", ["fault:source:unavailable"])


async def test_a_malformed_record_costs_that_record_alone(pilot, installation, http):
    client = installation.client(http, pilot, "sunnet")
    answer = await client.pull("P4", FIELDS, "G1", members=[MALFORMED, TAKASAKI, MALFORMED_FACT])
    first, second, third = answer.inner.claims["results"]
    assert first == {"member": MALFORMED, "status": "not_available"}
    assert second["status"] == "released"
    assert third == {"member": MALFORMED_FACT, "status": "not_available"}
    (entry,) = entries_of(export(pilot, "record"), digest(answer.request.encode()))
    assert entry["counts"] == {"asked": 3, "released": 1, "not_available": 0, "refused": 2}


# ── the gateway ──


async def test_a_process_killed_under_load_loses_nothing_that_was_answered(on, installation, http):
    client = installation.client(http, on, "sunnet")
    await assert_serves(client)
    victim = on.alive("gateway")[0]

    async def happening(sent: list[Sent]) -> None:
        await reached(lambda: answered(sent) >= 50, "nothing was answered")
        victim.kill()
        reborn = on.gateway()
        await asyncio.to_thread(on.serving, reborn)
        since = time()
        await reached(lambda: answered(sent, since=since) >= 50, "nothing was answered any more")

    sent = await pull_during([question(client)], happening, each=12)
    assert {one.status for one in sent} <= {0, 200}
    log = export(on, "killed")
    assert_verified(on, log)
    assert_nothing_lost(log, sent, await client.published_keys())


def test_a_second_process_on_one_sqlite_file_is_refused(pilot):
    refused = pilot.told("serve", "--reuse-port")
    assert refused.returncode == 1
    assert "another process serves" in refused.stderr


# ── the database ──


@contextmanager
def crashed(server: pg.Server) -> Iterator[None]:
    """Let PostgreSQL drop everything and end, and start it again from its log at the end."""
    pid = server.pid
    os.kill(pid, signal.SIGQUIT)
    until(lambda: not Path(f"/proc/{pid}").exists(), "PostgreSQL did not end")
    try:
        yield
    finally:
        server._server.ensure_postgres_running()


async def test_without_its_database_the_gateway_lives_and_releases_nothing(at, installation, http):
    client = installation.client(http, at, "sunnet")
    await assert_serves(client)
    gone: list[float] = []

    async def happening(sent: list[Sent]) -> None:
        await reached(lambda: answered(sent) >= 20, "nothing was answered")
        await installation.server.execute("CHECKPOINT")
        with crashed(installation.server):
            gone.append(time())
            for path, status in ("/livez", 200), ("/readyz", 503):
                assert (await http.get(at.issuer + path)).status_code == status
            token = await client.ask_token(client.detail("P4", FIELDS, "G1"), client.assertion())
            assert (token.status_code, token.json()["error"]) == (503, "temporarily_unavailable")
            await reached(lambda: answered(sent, since=gone[0], status=503) >= 1, "nothing was refused")
            gone.append(time())
        since = time()
        await reached(lambda: answered(sent, since=since) >= 20, "nothing was answered any more")

    sent = await pull_during([question(client)], happening, each=2)
    assert {one.status for one in sent} == {200, 503}
    assert len(at.alive("gateway")) == 2
    log = export(at, "crashed")
    assert_nothing_lost(log, sent, await client.published_keys())
    meanwhile = [one for one in sent if gone[0] <= one.began and one.ended <= gone[1]]
    assert meanwhile
    for one in meanwhile:
        assert one.status == 503
        assert not one.receipt
        assert not entries_of(log, one.rqh)


@asynccontextmanager
async def sqlite_without_room(gateway: Process) -> AsyncIterator[None]:
    """Let no file of a process be written beyond 64 KiB, so that the database's own log soon has no room."""
    soft, hard = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        yield
    finally:
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (soft, hard))


@asynccontextmanager
async def postgresql_without_room(url: str) -> AsyncIterator[None]:
    """Let PostgreSQL answer as it does when a table has no room to grow, within the transaction and by the same code."""
    await _told(url, NO_ROOM)
    try:
        yield
    finally:
        await _told(url, "DROP FUNCTION no_room CASCADE")


async def _told(url: str, statement: str) -> None:
    database = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await database.execute(statement)
    finally:
        await database.close()


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON log_subject EXECUTE FUNCTION no_room();
"""


async def test_without_room_for_an_entry_the_answer_is_503_and_nothing_is_written(on, installation, http):
    client = installation.client(http, on, "sunnet")
    await assert_serves(client)
    sqlite = on.database_url.startswith("sqlite")
    async with sqlite_without_room(on.alive("gateway")[0]) if sqlite else postgresql_without_room(on.database_url):
        tried = [await ask(client, TAKASAKI) for _ in range(40)]
    await assert_serves(client)
    log = export(on, "full")
    refused = [(rqh, answer) for rqh, answer in tried if answer.status_code != 200]
    assert refused
    for rqh, answer in refused:
        assert_unavailable(answer)
        assert not entries_of(log, rqh)
