"""The commit point alone: entry, member tag, replay row and head in one transaction, at 1, 32 and 128 waiters.

Beside it the entry alone, and all that a transfer of this profile writes (also the daily count and the encrypted signed
request). Submissions are made before the clock starts; CPU is that of the process that appends. It runs in processes of
its own: `python -m bench.commit_point` is one of them.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import uvloop

from bench import machine
from bench.five_statements import FiveStatements
from bench.machine import Progress
from bench.partner import COOP, FIELDS
from gateway.adapters.clock import system_clock
from gateway.adapters.database import migrate, sqlite_path
from gateway.adapters.log.postgres import PostgresLog
from gateway.adapters.log.sqlite import SqliteLog
from gateway.core.identity import Subject
from gateway.ports import Committed, Quota, Submission
from gateway.tlog.entries import Counts, Release, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.postgres import Server

WAITERS = (1, 32, 128)
WHAT = ("entry alone", "commit point", "whole transfer")
FIVE = "PostgreSQL, five statements"
_TRANSFER = "0123456789abcdef0123456789abcdef"
_MOST_PER_SECOND = {1: 2_000, 32: 12_000, 128: 20_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """One cell: commits a second, and CPU µs of the appending processes for each."""

    what: str
    waiters: int
    rate: float
    cpu: float


async def commit_point(server: Server, *, passes: int, seconds: float, progress: Progress) -> dict[str, list[Commits]]:
    """Measure both databases, and PostgreSQL with two processes on one log."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        sqlite = f"sqlite:///{folder}/gateway.db"
        await migrate(sqlite)
        postgres = server.url(await server.make_database())
        two = server.url(await server.make_database())
        first_try = server.url(await server.make_database())
        every = [(what, n) for what in WHAT for n in WAITERS]
        some = [("commit point", n) for n in WAITERS[1:]]
        plans = {
            "SQLite": (sqlite, 1, every),
            "PostgreSQL": (postgres, 1, every),
            "PostgreSQL, two processes": (two, 2, some),
            FIVE: (first_try, 1, some),
        }
        done: dict[str, list[Commits]] = {}
        for name, (url, processes, cells) in plans.items():
            progress(f"commit point: {name}")
            measured = await asyncio.to_thread(
                _measure, url, processes=processes, cells=cells * passes, seconds=seconds, five=name == FIVE
            )
            # The median pass of each cell, by its rate.
            tries = ([one for one in measured if (one.what, one.waiters) == cell] for cell in cells)
            done[name] = [sorted(cell, key=lambda one: one.rate)[len(cell) // 2] for cell in tries]
    return done


def _measure(
    url: str, *, processes: int, cells: list[tuple[str, int]], seconds: float, five: bool = False
) -> list[Commits]:
    """Let so many processes append at the same time, cell by cell; rates add up, CPU is that of a commit."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.commit_point", url, str(seconds), *(["five"] if five else [])],
            cwd=machine.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    cores = machine.cores()
    for number, worker in enumerate(workers):
        os.sched_setaffinity(worker.pid, cores[number % 2])
    done = []
    for what, waiters in cells:
        for message in (json.dumps([what, waiters]), "go"):  # made ready first, so that all begin together
            for worker in workers:
                _tell(worker, message)
            answers = [_hear(worker) for worker in workers]
        counts = [(one["commits"], one["seconds"], one["cpu"]) for one in answers]
        commits = sum(n for n, _, _ in counts)
        rate = sum(n / spent for n, spent, _ in counts)
        done.append(
            Commits(what=what, waiters=waiters, rate=rate, cpu=1e6 * sum(cpu for _, _, cpu in counts) / commits)
        )
    for worker in workers:
        worker.communicate("")
    return done


def _tell(worker: "subprocess.Popen[str]", message: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(message + "\n")
    worker.stdin.flush()


def _hear(worker: "subprocess.Popen[str]") -> dict[str, float]:
    assert worker.stdout is not None
    answer: dict[str, float] = json.loads(worker.stdout.readline())
    return answer


async def _worker(url: str, seconds: float, *, five: bool) -> None:
    log = _open(url, five=five)
    await log.start()
    for line in sys.stdin:
        what, waiters = json.loads(line)
        pool = list(_submissions(what, int(_MOST_PER_SECOND[waiters] * seconds)))
        print(json.dumps({}), flush=True)
        sys.stdin.readline()
        print(json.dumps(await _append(log, pool, waiters=waiters, seconds=seconds)), flush=True)
    await log.close()


def _open(url: str, *, five: bool = False) -> SqliteLog | PostgresLog | FiveStatements:
    path, origin = sqlite_path(url), "bench.example.coop/{}".format
    if five:
        return FiveStatements(url, origin=origin(COOP), clock=system_clock)
    if path is None:
        return PostgresLog(url, origin=origin, clock=system_clock)
    return SqliteLog(path, origin=origin, clock=system_clock)


def _submissions(what: str, count: int) -> Iterator[Submission]:
    """Yield submissions of new transfers, each other only in what must differ."""
    now = system_clock()
    entry, later = _entry(), now + timedelta(minutes=10)
    salt = os.urandom(32)
    more: dict[str, object] = {}
    if what == "whole transfer":
        more["quota"] = Quota(grant="g", day="2026-11-22", members=1, most=10**12)
        more["request"] = os.urandom(900)
    for _ in range(count):
        transfer = os.urandom(16).hex()
        data = entry.replace(_TRANSFER.encode(), transfer.encode())
        if what != "entry alone":
            key = hashlib.sha256(transfer.encode()).digest()
            more |= {"replay": (key, later), "subjects": (Subject(key, salt),)}
        yield Submission(
            entry=data,
            leaf=leaf_hash(data),
            kind="release",
            transfer=transfer,
            partner="sunnet",
            purpose="P4",
            time=now,
            gov=-1,
            valid_until=later,
            deadline=later,
            **more,  # type: ignore[arg-type]  # as built above
        )


def _entry() -> bytes:
    """Return a release entry of the usual size."""
    digest, now = "A" * 43, instant(system_clock())
    return encode(
        Release(
            coop=COOP, time=now, transfer=_TRANSFER, valid_until=now, partner="sunnet", client="sunnet-demo",
            purpose="P4", product="G1", basis="joint_use", article="APPI-27(5)(iii)", agreement="kyoritsusha-sunnet-01",
            grant="kyoritsusha-sunnet-01/delivery", notice="2022-04-01", policy=hashlib.sha256(b"").hexdigest(), gov=4,
            fields=dict.fromkeys(FIELDS, "as_is"), counts=Counts(asked=1, released=1), commitment=digest,
            request=digest, body=digest, proof=digest,
            encryption={"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": digest, "jkt": digest},
        )
    )  # fmt: skip


async def _append(
    log: SqliteLog | PostgresLog | FiveStatements, pool: list[Submission], *, waiters: int, seconds: float
) -> dict[str, float]:
    left = iter(pool)
    commits = 0
    end = time.perf_counter() + seconds

    async def one_after_another() -> None:
        nonlocal commits
        for submission in left:
            if time.perf_counter() >= end:
                return
            verdict = await log.append(COOP, submission)
            assert isinstance(verdict, Committed)
            commits += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one_after_another() for _ in range(waiters)))
    return {
        "commits": commits,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    uvloop.run(_worker(sys.argv[1], float(sys.argv[2]), five="five" in sys.argv[3:]))
