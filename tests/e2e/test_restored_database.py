"""Backups, as docs/operations.md has them made and brought back: the newest goes on, an older one releases nothing."""

import asyncio
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway.adapters.database import sqlite_path
from tests.e2e.conftest import Installation, OpenSite
from tests.e2e.exported_log import assert_decided_under_what_was_in_force, assert_verified, export
from tests.e2e.independent_client import Client
from tests.e2e.serving import BY, Process, Site, answers

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


def test_the_newest_backup_goes_on_and_an_older_one_releases_nothing(
    site: Site, installation: Installation, backup: Backup
) -> None:
    process = started(site)
    assert [one.status_code for one in asked(installation, site, TAKASAKI)] == [200]
    ended(process)
    older = backup(site, "older")

    # A stop that is in no backup: were the older one served, the member would be released.
    process = started(site)
    stop = ("member", "restrict", "kyoritsusha", "--codes", "-", "--kind", "stop_provide", *BY)
    site.do(*stop, stdin=f"{TAKASAKI}\n")
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
