"""An installation set up once by the command line, on both databases; every module serves from a copy of it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest

from tests import postgres as pg
from tests.e2e.independent_client import Client, Keys, elliptic_keys, rsa_keys
from tests.e2e.policy_copies import in_term
from tests.e2e.serving import BY, COOPS, TWO_PEOPLE, Site, site

Backend = Literal["sqlite", "postgres"]
PARTNERS = (("kyoritsusha", "sunnet"), ("kyoritsusha", "jccu"), ("coopdeli", "jccu"))

_open: list[Site] = []
_number = count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show beside a failure what the processes said."""
    report = yield
    if report.failed:
        for one in _open:
            for path in sorted(one.folder.glob("*.txt")):
                report.sections.append((f"{one.folder.name}/{path.name}", path.read_text(errors="replace")[-5_000:]))
    return report


@dataclass(frozen=True)
class Installation:
    """What the command line made: keys, policies, and a database of each kind with both partners active."""

    folder: Path
    keys: Path
    policies: Path
    partners: dict[str, Keys]
    server: pg.Server
    database: str
    """On `server`; the other one is `gateway.db` in `folder`."""

    def copied(self, backend: Backend, folder: Path) -> str:
        """Return the URL of a fresh copy of a database."""
        if backend == "postgres":
            name = f"e2e_{next(_number)}"
            asyncio.run(self.server.execute(f"CREATE DATABASE {name} TEMPLATE {self.database}"))
            return self.server.url(name)
        shutil.copy(self.folder / "gateway.db", folder)
        return f"sqlite:///{folder}/gateway.db"

    def client(self, http: httpx2.AsyncClient, at: Site, partner: str, *, coop: str = COOPS[0], **more: Any) -> Client:
        """Return the client of a partner under its agreement with a co-op."""
        config = {
            "issuer": at.issuer,
            "resource": f"{at.issuer}/v1",
            "client_id": f"{partner}-demo",
            "coop": coop,
            "agreement": f"{coop}-{partner}-01",
        }
        return Client(http, config, self.partners[partner], **more)


@pytest.fixture(scope="session")
def own_server() -> Iterator[pg.Server]:
    """A server that only these tests use, since one of them crashes it: with little in it, it recovers at once."""
    with pg.running() as server:
        yield server


@pytest.fixture(scope="session")
def installation(own_server: pg.Server, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    made = Installation(
        folder=folder,
        keys=folder / "keys",
        policies=in_term(folder / "policies", today=datetime.now(UTC).date()),
        partners={"sunnet": elliptic_keys(), "jccu": rsa_keys()},
        server=own_server,
        database=asyncio.run(own_server.make_database()),
    )
    for partner, keys in made.partners.items():
        (folder / f"{partner}.jwks.json").write_text(json.dumps(keys.public()))
    with (
        ThreadPoolExecutor() as threads,
        site(folder / "sqlite", f"sqlite:///{folder}/gateway.db", keys=made.keys, policies=made.policies) as sqlite,
        site(folder / "postgres", own_server.url(made.database), keys=made.keys, policies=made.policies) as postgres,
    ):
        for done in [
            threads.submit(sqlite.do_all, ("migrate",), *_governed(folder, COOPS[0])),
            threads.submit(postgres.do_all, ("keys", "init"), *_governed(folder, *COOPS)),
        ]:
            done.result()
    return made


def _governed(folder: Path, *coops: str) -> Iterator[tuple[str, ...]]:
    """Say the commands that publish the policies of co-ops and register their partners."""
    for coop in coops:
        yield "policy", "publish", coop, *TWO_PEOPLE
        for partner in (partner for where, partner in PARTNERS if where == coop):
            yield "partner", "add-key", coop, partner, f"{partner}-demo", f"{folder}/{partner}.jwks.json", *BY
            yield "partner", "resume", coop, partner, *BY


OpenSite = Callable[..., AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def open_site(installation: Installation) -> OpenSite:
    """Open a site on a fresh copy: `open_site(folder, backend)`."""

    @contextmanager
    def opened(folder: Path, backend: Backend, **more: Any) -> Iterator[Site]:
        url = installation.copied(backend, folder)
        with site(folder, url, keys=installation.keys, **{"policies": installation.policies, **more}) as at:
            _open.append(at)
            try:
                yield at
            finally:
                _open.remove(at)

    return opened


@pytest.fixture(scope="session")
def at(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes behind one port on PostgreSQL; whatever a test does to them, it leaves them serving as before."""
    with open_site(tmp_path_factory.mktemp("standing"), "postgres") as standing:
        first, second = standing.gateway(), standing.gateway()
        standing.member_system()
        standing.serving(first, second)
        yield standing


def connected() -> httpx2.AsyncClient:
    """Return an HTTP client that lets go of an idle connection well before a gateway does."""
    return httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=100, keepalive_expiry=2))


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with connected() as client:
        yield client


@pytest.fixture
def sunnet(installation: Installation, at: Site, http: httpx2.AsyncClient) -> Client:
    return installation.client(http, at, "sunnet")
