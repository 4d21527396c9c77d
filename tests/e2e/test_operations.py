"""What docs/operations.md says, done: the newest backup goes on, an older one releases nothing, and the role that runs
adds entries and changes none.
"""

import asyncio
import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from gateway.adapters.database import sqlite_path
from tests.e2e.conftest import Installation, OpenSite
from tests.e2e.exported_log import assert_decided_under_what_was_in_force, assert_verified, export
from tests.e2e.independent_client import Client
from tests.e2e.serving import BY, COOPS, ROOT, TWO_PEOPLE, Process, Site, answers

FIELDS = ["member_code", "name", "phone"]
TAKASAKI = "00000101"
Backup = Callable[[Site, str], str]


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, open_site: OpenSite, tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, request.param) as opened:
        opened.member_system()
        yield opened


@pytest.fixture
def backup(installation: Installation) -> Backup:
    """Copy a site's database, which nobody is at, and return the URL of the copy."""

    def copied(of: Site, name: str) -> str:
        path = sqlite_path(of.database_url)
        if path is not None:
            shutil.copy(path, of.folder / f"{name}.db")
            return f"sqlite:///{of.folder}/{name}.db"
        this = urlsplit(of.database_url).path.removeprefix("/")
        asyncio.run(installation.server.execute(f"CREATE DATABASE {this}_{name} TEMPLATE {this}"))
        return installation.server.url(f"{this}_{name}")

    return copied


def started(at: Site) -> Process:
    process = at.gateway()
    at.serving(process)
    return process


def ended(process: Process) -> None:
    process.send(signal.SIGTERM)
    process.wait()


def asked(installation: Installation, at: Site, member: str, *, times: int = 1) -> list[httpx2.Response]:
    """Ask for a member so many times, with a token that was not used before."""

    async def ask() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=30) as http:
            client: Client = installation.client(http, at, "sunnet")
            token = await client.token("P4", FIELDS, "G1")
            return [
                await client.send(client.request("P4", FIELDS, "G1", members=[member]), token) for _ in range(times)
            ]

    return asyncio.run(ask())


def size_of(at: Site) -> int:
    return len(at.told("log", "tail", "kyoritsusha", "-n", "1000", "--json").stdout.splitlines())


def stopped(at: Site, member: str) -> None:
    stop = ("member", "restrict", "kyoritsusha", "--codes", "-", "--kind", "stop_provide", *BY)
    at.do(*stop, stdin=f"{member}\n")


def test_the_newest_backup_goes_on_and_an_older_one_releases_nothing(
    site: Site, installation: Installation, backup: Backup
) -> None:
    process = started(site)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    ended(process)
    older = backup(site, "older")

    # A stop that is in no backup: were the older one served, the member would be released.
    process = started(site)
    stopped(site, TAKASAKI)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    ended(process)
    newest = backup(site, "newest")

    site.database_url = older
    before = size_of(site)
    process = site.gateway()
    process.until_ready("listening on")
    assert {one.status_code for one in asked(installation, site, TAKASAKI, times=3)} == {503}
    assert not answers(f"{site.issuer}/readyz")
    assert answers(f"{site.issuer}/livez")
    ended(process)
    late = ("member", "restrict", "kyoritsusha", "--codes", "-", "--kind", "stop_use", *BY)
    refused = site.told(*late, stdin=f"{TAKASAKI}\n")
    assert refused.returncode == 3
    assert "docs/operations.md" in refused.stderr, "a stop entered there would be lost with it"
    assert size_of(site) == before
    (told,) = [line for line in process.said.splitlines() if "log unpublishable" in line and "coopdeli" not in line]
    assert json.loads(told)["code"] == "shrunk"
    refused = site.told("log", "export", "kyoritsusha", str(site.folder / "refused"))
    assert refused.returncode != 0
    assert "古いデータベース" in refused.stderr

    site.database_url = newest
    process = started(site)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    log = export(site, "newest")
    ended(process)
    assert_verified(site, log)
    assert_decided_under_what_was_in_force(log)
    assert log.of_kind("release")[-1]["counts"] == {"asked": 1, "released": 0, "not_available": 1, "refused": 0}


def test_the_role_that_runs_can_neither_change_nor_delete_an_entry(
    open_site: OpenSite, installation: Installation, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (statements,) = re.findall(r"^```sql\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    with open_site(tmp_path, "postgres") as site:
        site.member_system()
        database = urlsplit(site.database_url).path.removeprefix("/")
        asyncio.run(installation.server.execute(statements, database))
        site.database_url = site.database_url.replace("postgres@", "gateway_app@")
        process = started(site)
        assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
        stopped(site, TAKASAKI)
        assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
        ended(process)
        assert "failed" not in process.said, "no job beside it needs more"
        forbidden = (
            "UPDATE log_entry SET idx = idx",
            "DELETE FROM log_effect",
            "TRUNCATE log_batch",
            "DROP TABLE held",
        )
        for statement in forbidden:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                asyncio.run(as_app(installation, database, statement))


async def as_app(installation: Installation, database: str, statement: str) -> None:
    connection = await asyncpg.connect(installation.server.dsn(database).replace("postgres@", "gateway_app@"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_where_the_end_of_a_log_is_lost_for_good_a_new_one_begins_with_its_stops(
    site: Site, installation: Installation, backup: Backup
) -> None:
    stopped(site, TAKASAKI)
    left = size_of(site)
    older = backup(site, "older")
    process = started(site)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    ended(process)

    site.database_url = older
    site.coops = COOPS[:1]
    site.variables["GATEWAY_NAME"] = "second.example.coop"
    refused = site.told("policy", "publish", "kyoritsusha", *TWO_PEOPLE)
    assert refused.returncode != 0
    assert "`gateway.example.coop/kyoritsusha`" in refused.stderr
    assert "GATEWAY_SUCCEEDS" in refused.stderr
    site.variables["GATEWAY_SUCCEEDS"] = '["gateway.example.coop"]'
    site.do_all(
        ("policy", "publish", "kyoritsusha", *TWO_PEOPLE),
        ("partner", "add-key", "kyoritsusha", "sunnet", "sunnet-demo", f"{installation.folder}/sunnet.jwks.json", *BY),
        ("partner", "resume", "kyoritsusha", "sunnet", *BY),
    )
    process = started(site)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    log = export(site, "second")
    ended(process)
    assert_verified(site, log)
    first = log.entries[0]
    assert (first["kind"], first["event"], first["events"]) == ("restrict", "imported", {"stop_provide:set": 1})
    assert first["reason"].startswith(f"`gateway.example.coop/kyoritsusha` の {left} 件")
    assert [one["counts"]["not_available"] for one in log.of_kind("release")] == [1]
    assert len(log.of_kind("restrict")) == 1, "it begins once"
