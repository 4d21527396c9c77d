"""A whole population out of a view of PostgreSQL: the steps alone in this process, then an export by a worker of its own.

The member system is a table of made-up members in the same server. The worker has the measured core to itself; the
gateway that is asked, the database and the partner share the other. The partner fetches every part, opens it and holds
it against the signed manifest.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench import machine, subject
from bench.inside import desk_of, each, each_of, framed
from bench.machine import ROOT, Progress
from bench.partner import PURPOSE, Partner
from gateway.client import Client
from gateway.core.outcome import Permit, Sealed
from gateway.data_plane.api.inbound import inbound
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import Desk
from gateway.data_plane.exports.parts import MEMBERS as PART
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.protect import protect
from gateway.settings import PREFIX, Settings, SqlSourceSettings
from tests.postgres import Server

_TIMES = 8
_POLICY_SQL = {"view": "members", "products": {"G1": "uses_delivery"}}
_MADE = """
CREATE TABLE members AS SELECT
  lpad(n::text, 8, '0') COLLATE "C" AS member_code,
  (ARRAY['髙﨑','渡邊','佐藤','五十嵐','本間'])[1 + n % 5] || ' ' || (ARRAY['花子','一弥','京子','勝','七海'])[1 + n / 5 % 5] AS name,
  'ﾔﾏｶﾞﾀ ﾊﾅｺ' AS name_kana,
  '997' || lpad((n % 10000)::text, 4, '0') AS postal_code,
  '062031' AS municipality_code,
  '山形県鶴岡市宝田' || (1 + n % 9) || '丁目' || (1 + n % 40) || '-' || (1 + n % 30) AS address_line,
  '0235' || lpad((n % 1000000)::text, 6, '0') AS phone,
  (ARRAY['A','B'])[1 + n % 2] AS order_course,
  (1 + n % 5)::text AS delivery_day,
  TRUE AS uses_delivery,
  'active' AS status, 'member' AS subject,
  jsonb_build_array(jsonb_build_object('id', 'sukusuku', 'from', '2023-07-18', 'to', NULL)) AS programmes,
  '2022-04-01' AS acquired_under,
  date_trunc('second', now()) AS as_of,
  '[]'::jsonb AS consents, '[]'::jsonb AS stops
FROM generate_series(1, {count}) AS n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """CPU µs a member of each step, for an answer of so many."""

    what: str
    members: int
    fetch: float
    minimize: float
    protect: float

    @property
    def sealing(self) -> float:
        """Members a second on one core, steps 4 and 5."""
        return 1e6 / (self.minimize + self.protect)

    @property
    def whole(self) -> float:
        """Members a second on one core, out of the database into sealed bytes."""
        return 1e6 / (self.fetch + self.minimize + self.protect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export: records, seconds, CPU µs a record of those who worked, and the worker's memory in MB at a tenth and at the end."""

    steps: list[Steps]
    records: int
    parts: int
    seconds: float
    worker: float
    database: float
    memory: tuple[float, float]
    fetched: float
    """CPU µs a record of the gateway while the parts were fetched."""
    bytes: int


async def exports(server: Server, *, members: int, progress: Progress) -> Exported:
    """Make a population, measure the steps, and export it whole."""
    with TemporaryDirectory(prefix="bench") as temporary:
        folder = Path(temporary)
        progress(f"export: making {members:,} members")
        source = await server.make_database()
        await server.execute(_MADE.format(count=members), database=source)
        await server.execute("ALTER TABLE members ADD PRIMARY KEY (member_code)", database=source)
        await server.execute("VACUUM ANALYZE members", database=source)
        url_file = folder / "source-url"
        url_file.write_text(server.url(source))
        settings = subject.settings_for(
            folder,
            database=server.url(await server.make_database()),
            source=SqlSourceSettings(kind="sql", url_file=url_file),
            makes_exports=False,
        )
        partner = Partner(settings.issuer, folder / "partner")
        await subject.set_up(settings, partner, sql=_POLICY_SQL)
        measured, around = machine.cores()
        machine.pin(server.pid, around)
        with subject.served(settings, core=around) as serving:
            progress("export: the steps alone")
            async with desk_of(settings) as desk:
                steps = [await _steps(desk, partner, limit) for limit in (1_000, PART)]
            # In a thread, for the partner waits for answers and sleeps.
            return await asyncio.to_thread(
                _export, server, settings, partner, members, steps, progress, serving=serving, core=measured
            )


async def _steps(desk: Desk, partner: Partner, limit: int) -> Steps:
    (asked,) = partner.sign(pages=1)
    asking = authenticate(desk, await inbound(framed(asked, 0), desk.resource + "/transfers", desk.proxies))
    asking = msgspec.structs.replace(asking, limit=limit)
    standing = await desk.standing(asking.coop, -1, deadline=asking.deadline)
    permit = decide(desk, asking, standing)
    assert isinstance(permit, Permit)
    fetched, fetching = await each_of(lambda one: fetch(desk, asking, one, None), [permit] * _TIMES)
    least, minimizing = each(lambda one: minimize(desk, asking, one, standing), fetched)
    sealed, protecting = await each_of(lambda one: protect(desk, asking, one, None), least)
    assert isinstance(sealed[0], Sealed)
    many = sealed[0].released
    return Steps(
        what=f"{limit:,} at a time",
        members=many,
        fetch=fetching / many,
        minimize=minimizing / many,
        protect=protecting / many,
    )


def _export(
    server: Server,
    settings: Settings,
    partner: Partner,
    members: int,
    steps: list[Steps],
    progress: Progress,
    *,
    serving: int,
    core: set[int],
) -> Exported:
    """Order, wait until all is sealed, fetch every part, and hold it against the manifest."""
    with Client(partner.config, partner.keys) as client:
        export = client.export(PURPOSE)
        with _worker(settings, core=core) as worker:
            began, spent, database = time.perf_counter(), machine.cpu_seconds(worker), machine.cpu_seconds(server.pid)
            memory = 0.0
            while not (done := client.export_progress(export)).final:
                progress(f"export: {done.records:,} of {members:,} sealed")
                if not memory and done.records >= members / 10:
                    memory = _most_memory(worker)
                time.sleep(0.2)
            seconds = time.perf_counter() - began
            used = 1e6 * (machine.cpu_seconds(worker) - spent) / done.records
            database_used = 1e6 * (machine.cpu_seconds(server.pid) - database) / done.records
            most = _most_memory(worker)
        handed = machine.cpu_seconds(serving)
        size, seen, n, of = 0, 0, 0, None
        while of is None:
            n += 1
            progress(f"export: part {n} of {done.parts} fetched")
            part = client.export_part(export, n)
            assert part is not None
            size, seen, of = size + part.size, seen + part.records, part.of
        fetched = 1e6 * (machine.cpu_seconds(serving) - handed) / seen
        manifest = client.export_manifest(export)
        assert (manifest.final, manifest.total, seen) == (True, members, members)
        client.end_export(export)
    return Exported(
        steps=steps,
        records=members,
        parts=n,
        seconds=seconds,
        worker=used,
        database=database_used,
        memory=(memory, most),
        fetched=fetched,
        bytes=size,
    )


@contextmanager
def _worker(settings: Settings, *, core: set[int]) -> Iterator[int]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "work"],
        cwd=ROOT,
        env={**inherited, **subject.environment(settings)},
        stdout=subprocess.DEVNULL,
    ) as process:
        os.sched_setaffinity(process.pid, core)
        try:
            yield process.pid
        finally:
            process.terminate()


def _most_memory(pid: int) -> float:
    """Return the most memory that a process has had at once, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1_024
