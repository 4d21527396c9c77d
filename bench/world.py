"""Everything a run needs, started once: PostgreSQL, the member system, and five builds of one job side by side."""

import json
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

from bench import machine, others, subject, view
from bench.build import Build, Groups, Ready, ready_for
from bench.partner import Partner
from gateway.settings import Settings, SourceSettings, SqlSourceSettings
from tests.postgres import Server

MEMBERS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is running."""

    server: Server
    settings: Settings
    partner: Partner
    member_system: int
    """Its process id."""
    codes: tuple[str, ...]
    """Members whom this gateway releases to the partner."""
    builds: tuple[Build, ...]
    """This gateway first, then this gateway with its members in a database."""

    def spent(self, build: Build) -> dict[str, float]:
        """Return the CPU seconds used so far by a build, the member system and PostgreSQL."""
        roots = {"server": build.pid, "source": self.member_system, "database": self.server.pid}
        return {name: machine.cpu_seconds(pid) for name, pid in roots.items()}


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[World]:
    """Start everything: the measured servers on one core, what is around them on the other."""
    measured, around = machine.cores()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        secret = folder / "secret"
        secret.write_text(secrets.token_hex(16))
        port = machine.free_port()
        source = f"http://127.0.0.1:{port}"
        told = ["--port", str(port), "--members", str(MEMBERS), "--secret-file", str(secret)]
        member_system = stack.enter_context(
            machine.serving(["-m", "gateway.demo.member_system", *told], port=port, core=around, env={})
        )

        settings = subject.settings_for(
            folder,
            database=server.url(await server.make_database()),
            source=SourceSettings(url=source, secret_file=secret),
        )
        partner = Partner(settings.issuer, folder / "partner")
        await subject.set_up(settings, partner)
        ours = stack.enter_context(_gateway("this gateway", settings, partner, core=measured))
        from_sql = stack.enter_context(await _from_sql(server, folder / "from_sql", core=measured))

        key = ECKey.import_key(json.loads((folder / "partner" / "enc.jwk.json").read_text()))
        for name in ("straightforward", "whole_profile", "plain"):
            (folder / name).mkdir()
            await server.execute(f"CREATE DATABASE {name}")
        await others.load_members(server, "plain", MEMBERS)
        straightforward = others.straightforward(
            folder / "straightforward",
            key,
            database=server.url("straightforward"),
            source=source,
            secret=secret,
            core=measured,
        )
        whole_profile = others.whole_profile(
            folder / "whole_profile",
            partner,
            key,
            database=server.url("whole_profile"),
            source=source,
            secret=secret,
            core=measured,
        )
        plain = others.plain(folder / "plain", key, dsn=server.dsn("plain"), core=measured)
        machine.pin(server.pid, around)
        yield World(
            server=server,
            settings=settings,
            partner=partner,
            member_system=member_system,
            codes=partner.walk(),
            builds=(
                ours,
                from_sql,
                stack.enter_context(straightforward),
                stack.enter_context(whole_profile),
                stack.enter_context(plain),
            ),
        )


@contextmanager
def _gateway(name: str, settings: Settings, partner: Partner, *, core: set[int]) -> Iterator[Build]:
    """Serve a gateway that is set up."""

    def ready(groups: Groups) -> Ready:
        return ready_for(partner, partner.sign(members=groups))

    with subject.served(settings, core=core) as pid:
        yield Build(name=name, pid=pid, port=settings.port, ready=ready)


async def _from_sql(server: Server, folder: Path, *, core: set[int]) -> AbstractContextManager[Build]:
    """Set up a gateway that reads the member system's own database; return what serves it."""
    folder.mkdir()
    database = await server.make_database()
    await view.load_members(server, database, MEMBERS)
    url_file = folder / "source-url"
    url_file.write_text(server.url(database))
    settings = subject.settings_for(
        folder,
        database=server.url(await server.make_database()),
        source=SqlSourceSettings(kind="sql", url_file=url_file),
    )
    partner = Partner(settings.issuer, folder / "partner")
    await subject.set_up(settings, partner, sql=view.POLICY)
    return _gateway("this gateway, SQL", settings, partner, core=core)
