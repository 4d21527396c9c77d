"""`python -m bench [--quick] [part …]`: every part, or those named; figures on standard output, progress on standard error."""

import argparse
import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import uvloop
from rich.console import Console
from rich.progress import Progress as Bar, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import machine, report
from bench.commit_point import commit_point
from bench.exports import exports
from bench.incident import incident
from bench.machine import Progress
from bench.matrix import matrix
from bench.members import DAYS, Scale, members
from bench.page import pages
from bench.proofs import proofs
from bench.rounds import interleaved, spread_over
from bench.search import search
from bench.verification import verification
from bench.where import where
from bench.world import running
from tests import postgres

PARTS = ("member", "where", "page", "commit", "verify", "proof", "members", "matrix", "search", "incident", "export")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long to measure: seconds per round, passes over the commit point, requests for the steps, views of the
    console's matrix; of the log, how long the ones that are verified, proved from, asked of members and searched are; and
    how many members are exported.
    """

    rounds: int
    passes: int
    seconds: float
    requests: int
    views: int
    log: int
    trees: tuple[int, int]
    members: Scale
    searched: int
    exported: int


FULL = Lengths(
    rounds=5,
    passes=3,
    seconds=4.0,
    requests=3_000,
    views=40,
    log=1_000_000,
    trees=(10_000, 10_000_000),
    members=Scale(numbered=1_000_000, postgres=DAYS, sqlite=100, shuffled=2, distinct_pages=4_000, counted=5),
    searched=10_000_000,
    exported=1_000_000,
)
QUICK = Lengths(
    rounds=2,
    passes=1,
    seconds=0.8,
    requests=300,
    views=8,
    log=100_000,
    trees=(10_000, 1_000_000),
    members=Scale(numbered=50_000, postgres=50, sqlite=10, shuffled=1, distinct_pages=1_000, counted=1),
    searched=200_000,
    exported=50_000,
)


def main() -> None:
    """Measure and print; never fail on a figure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="CPU µs per request, ratios, and goals.")
    parser.add_argument("part", nargs="*", help=f"one or more of {', '.join(PARTS)}; all if left out")
    parser.add_argument("--quick", action="store_true", help="a minute instead of five, for trying out")
    parser.add_argument("--entries", type=int, help="how long the log of `search` is, if not as long as usual")
    options = parser.parse_args()
    if unknown := sorted(set(options.part) - set(PARTS)):
        parser.error(f"`{unknown[0]}` is no part; there are {', '.join(PARTS)}")
    lengths = QUICK if options.quick else FULL
    report.heading()
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar, _postgres() as server:
        task = bar.add_task("")
        uvloop.run(
            measure(
                server,
                options.part or PARTS,
                lengths=lengths if options.entries is None else replace(lengths, searched=options.entries),
                progress=lambda told: bar.update(task, description=told),
            )
        )


@contextmanager
def _postgres() -> Iterator[postgres.Server]:
    """Run the server of the tests, which stops itself only after a run that went well, and stop it in any case."""
    running_server = postgres.running()
    try:
        yield running_server.__enter__()
    finally:
        running_server.__exit__(None, None, None)


async def measure(server: postgres.Server, parts: Sequence[str], *, lengths: Lengths, progress: Progress) -> None:
    """Measure the parts and print each as soon as it is done."""
    task = asyncio.current_task()
    assert task is not None
    # So that no server is left running when the run is ended from outside.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if "commit" in parts:
        seconds = lengths.seconds / 4
        report.commits(await commit_point(server, passes=lengths.passes, seconds=seconds, progress=progress))
    if "verify" in parts:
        report.verification(await asyncio.to_thread(verification, size=lengths.log, progress=progress))
    if "proof" in parts:
        report.proofs(await asyncio.to_thread(proofs, sizes=lengths.trees, progress=progress))
    if "members" in parts:
        report.histories(await members(server, scale=lengths.members, progress=progress))
    if "matrix" in parts:
        report.matrix(await matrix(times=lengths.views, progress=progress))
    if "search" in parts:
        report.searched(await search(server, entries=lengths.searched, progress=progress))
    if "incident" in parts:
        report.incidents(await incident(server, entries=lengths.log, progress=progress))
    if "export" in parts:
        report.exported(await exports(server, members=lengths.exported, progress=progress))
    if not {"member", "where", "page"} & set(parts):
        return
    progress("starting the member system and five builds")
    async with running(server) as world:
        os.sched_setaffinity(0, machine.cores()[1])
        if {"member", "where"} & set(parts):
            one = spread_over(world.codes, 1)
            results = await interleaved(world, one, rounds=lengths.rounds, seconds=lengths.seconds, progress=progress)
            report.members(results)
            if "where" in parts:
                whole = results[0].median("server")
                report.where(await where(world, whole, requests=lengths.requests, progress=progress))
        if "page" in parts:
            rounds = max(2, lengths.rounds - 2)
            report.pages(await pages(world, rounds=rounds, seconds=lengths.seconds, progress=progress))


if __name__ == "__main__":
    main()
