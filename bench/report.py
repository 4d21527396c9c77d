"""Tables: each figure with its ratio to this gateway's, and the goal beside it; nothing is judged."""

import os
import platform
import sysconfig
from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.commit_point import FIVE, Commits
from bench.exports import Exported
from bench.incident import Scoped
from bench.matrix import Timed
from bench.members import DAYS, Members
from bench.page import Pages
from bench.partner import PAGE
from bench.proofs import Proofs
from bench.rounds import Result
from bench.search import Searched
from bench.side_rows_made import PER_DAY
from bench.verification import Verified
from bench.where import Where

out = Console(width=118, highlight=False)
_CPU_GOALS = {"straightforward": "≥ 6", "plain": "≥ 1"}
_PAGE_GOALS = {"straightforward": "≥ 6", "plain": "> 1"}
_RATE_GOALS = {
    ("PostgreSQL", "entry alone", 128): "≥ 30,000/s",
    ("PostgreSQL", "commit point", 32): "≥ 13,000/s, ≤ 35 µs",
    ("PostgreSQL", "commit point", 128): "≥ 20,000/s, ≤ 35 µs",
}


def heading() -> None:
    """Say where this was measured, and how far to trust it."""
    optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    # A distribution may profile its build by other means, as Debian does; whoever built it plainly measures 10 to 20 % more.
    build = (
        "" if optimised else ", configured without --enable-optimizations: unless its distribution optimised it, slower"
    )
    out.print(
        f"{platform.python_implementation()} {platform.python_version()}{build}; "
        f"{len(os.sched_getaffinity(0))} cores, load average {os.getloadavg()[0]:.1f} before the start."
    )
    out.print(
        "The machine is noisy: absolute figures drift with it. CPU µs and the ratios within this run are what to compare."
    )


def members(results: Sequence[Result]) -> None:
    """Print one member per request."""
    figures = ["CPU µs", "× ours", "goal", "req/s/core", "p50 ms", "p99 ms", "source µs", "database µs", "load µs"]
    table = _table(
        "One member per request, 32 connections, every answer decrypted in samples, every status checked", figures
    )
    for one in results:
        table.add_row(
            _spread(one),
            f"{one.median('server'):,.0f}",
            *_ratio(one, results, _CPU_GOALS),
            f"{one.median('rate'):,.0f}",
            f"{one.median('p50'):.1f}",
            f"{one.median('p99'):.1f}",
            *(f"{one.median(what):,.0f}" for what in ("source", "database", "load")),
        )
    out.print(table)
    ours = results[0]
    out.print(
        f"p99 is {ours.median('p99') / ours.median('p50'):.1f} × p50 here (goal: ≤ 2). "
        "`plain` reads PostgreSQL itself, as ours of its kind does, with neither sender-constrained tokens nor a Merkle log; "
        "`whole profile` is the straightforward build with bound tokens, signed requests, a hash chain and receipts."
    )


def pages(measured: Pages) -> None:
    """Print a page of 1,000 members."""
    figures = ["members", "minimize µs", "protect µs", "members/s/core", "goal"]
    table = _table("1,000 members, steps 4 and 5 alone: CPU, in one process", figures)
    for step in measured.steps:
        table.add_row(
            step.what,
            f"{step.members:,}",
            f"{step.minimize:,.0f}",
            f"{step.protect:,.0f}",
            f"{step.rate:,.0f}",
            "≥ 400,000",
        )
    out.print(table)
    figures = ["CPU µs", "× ours", "goal", "members/s", "p50 ms", "p99 ms", "source µs", "database µs"]
    table = _table("1,000 codes per request through HTTP, 4 connections", figures)
    for one in measured.builds:
        table.add_row(
            _spread(one),
            f"{one.median('server'):,.0f}",
            *_ratio(one, measured.builds, _PAGE_GOALS),
            f"{PAGE * one.median('rate'):,.0f}",
            f"{one.median('p50'):.0f}",
            f"{one.median('p99'):.0f}",
            *(f"{one.median(what):,.0f}" for what in ("source", "database")),
        )
    out.print(table)


def exported(measured: Exported) -> None:
    """Print an export."""
    figures = ["members", "fetch µs", "minimize µs", "protect µs", "sealing/s/core", "all three/s/core", "goal"]
    table = _table(
        "Out of a PostgreSQL view into sealed parts, steps 3 to 5 alone: CPU a member, in one process", figures
    )
    for step in measured.steps:
        table.add_row(
            step.what,
            f"{step.members:,}",
            *(f"{one:.2f}" for one in (step.fetch, step.minimize, step.protect)),
            f"{step.sealing:,.0f}",
            f"{step.whole:,.0f}",
            "≥ 400,000",
        )
    out.print(table)
    early, late = measured.memory
    out.print(
        f"An export of {measured.records:,} members by one worker: {measured.parts} parts, {measured.bytes / 1e6:,.0f} MB, "
        f"{measured.seconds:.1f} s, {measured.records / measured.seconds:,.0f} records/s; CPU a record: worker "
        f"{measured.worker:.2f} µs ({1e6 / measured.worker:,.0f}/s/core), database {measured.database:.2f} µs; the worker's most "
        f"memory {early:.0f} MB at a tenth of it and {late:.0f} MB at its end. Handed out: {measured.fetched:.2f} µs a record."
    )


def commits(measured: dict[str, list[Commits]]) -> None:
    """Print the commit point."""
    figures = ["waiters", "commits/s", "CPU µs each", "goal"]
    table = _table("The commit point: entry + member tag + replay row + head in one transaction", figures)
    for database, cells in measured.items():
        for one in cells:
            goal = _RATE_GOALS.get((database, one.what, one.waiters), "")
            table.add_row(f"{database}: {one.what}", f"{one.waiters}", f"{one.rate:,.0f}", f"{one.cpu:.1f}", goal)
        table.add_section()
    out.print(table)
    single = {(one.what, one.waiters): one.rate for one in measured["PostgreSQL"]}
    for one in measured["PostgreSQL, two processes"]:
        ratio = one.rate / single[one.what, one.waiters]
        out.print(f"Two processes on one log at {one.waiters} waiters each: {ratio:.2f} × one process.")
    for one in measured[FIVE]:
        ratio = single[one.what, one.waiters] / one.rate
        out.print(f"One process at {one.waiters} waiters: {ratio:.2f} × a transaction of five statements.")


def where(measured: Where) -> None:
    """Print where the time of one member's request goes."""
    table = _table("Where the time of one member's request goes", ["CPU µs", "share"])
    between = measured.whole - sum(measured.steps.values()) - measured.edge
    rows = {**measured.steps, "HTTP edge": measured.edge, "between": between}
    for name, us in rows.items():
        table.add_row(name, f"{us:,.0f}", f"{us / measured.whole:.0%}")
    table.add_section()
    table.add_row("whole, through HTTP", f"{measured.whole:,.0f}", "100%")
    out.print(table)
    table = _table("The profile's cryptography alone, on the same core", ["CPU µs"])
    for name, us in measured.floor.items():
        table.add_row(name, f"{us:,.0f}")
    floor = sum(measured.floor.values())
    table.add_section()
    table.add_row("floor", f"{floor:,.0f}")
    out.print(table)
    out.print(f"A request costs {measured.whole / floor:.1f} × the floor of its cryptography (goal: ≤ 2.5).")


def verification(measured: Sequence[Verified]) -> None:
    """Print the verification of an exported log."""
    figures = ["MB read", "entries/s of CPU", "goal", "entries/s", "memory MB"]
    table = _table("An exported log verified from its files: signature, tree, schema, rules", figures)
    for one in measured:
        table.add_row(
            f"{one.entries:,} entries",
            f"{one.written / 1e6:,.0f}",
            f"{one.entries / one.cpu:,.0f}",
            "≥ 300,000",
            f"{one.entries / one.wall:,.0f}",
            f"{one.memory:.0f}",
        )
    out.print(table)
    more = measured[-1].memory - measured[0].memory
    out.print(f"{measured[-1].entries / measured[0].entries:.0f} × the entries take {more:+.0f} MB (goal: flat).")


def proofs(measured: Sequence[Proofs]) -> None:
    """Print what proofs cost."""
    figures = ["inclusion µs", "consistency µs", "files at most", "levels of the tree"]
    table = _table("A proof out of the tiles' files, CPU, the median of 300", figures)
    for one in measured:
        depth = (one.size - 1).bit_length()
        table.add_row(
            f"{one.size:,} entries", f"{one.inclusion:,.0f}", f"{one.consistency:,.0f}", f"{one.files}", f"{depth}"
        )
    out.print(table)
    few, many = measured[0], measured[-1]
    out.print(
        f"In {many.size / few.size:,.0f} × the entries an inclusion proof costs {many.inclusion / few.inclusion:.1f} ×, "
        f"a consistency proof {many.consistency / few.consistency:.1f} × (goal: flat; the tree is "
        f"{(many.size - 1).bit_length() / (few.size - 1).bit_length():.1f} × as deep)."
    )


def histories(measured: Sequence[Members]) -> None:
    """Print who received a member's data, and what it takes to know."""
    figures = ["days", "chunk rows", "releases", "ms", "at most", "to find", "cold ms", "at most", "goal"]
    table = _table(
        "Who received this member's data: 1,000,000 members pulled daily by 20 streams in pages of 1,000", figures
    )
    for one in measured:
        table.add_row(
            f"{one.database}, {one.order}",
            f"{one.days:,}",
            f"{one.chunk_rows:,}",
            f"{one.found:,.0f}",
            *(f"{1_000 * figure:,.0f}" for figure in (median(one.warm), max(one.warm), median(one.indexes))),
            *(f"{1_000 * figure:,.0f}" for figure in (median(one.cold), max(one.cold))),
            "≤ 1 s" if one.order == "ordered" else "",
        )
    out.print(table)
    figures = ["as sets", "a row each", "× less", "three years as sets"]
    table = _table("Side rows and their indexes, bytes a transfer of 1,000 members", figures)
    for one in measured:
        table.add_row(
            f"{one.database}, {one.order}",
            f"{one.stored:,.0f}",
            f"{one.each_its_own:,.0f}",
            f"{one.each_its_own / one.stored:,.0f}",
            f"{one.stored * DAYS * PER_DAY / 1e9:,.1f} GB",
        )
    out.print(table)
    figures = ["days", "persons", "s", "entries/s", "three years at this rate"]
    table = _table("Distinct persons whose data one partner of 20 was given, the entries of all 20 in the log", figures)
    for one in measured:
        rate = one.counted_days * PER_DAY / one.counting
        table.add_row(
            f"{one.database}, {one.order}",
            f"{one.counted_days}",
            f"{one.persons:,}",
            f"{one.counting:.1f}",
            f"{rate:,.0f}",
            f"{DAYS * PER_DAY / rate:,.0f} s",
        )
    out.print(table)
    out.print(
        "Fewer days than 1,095 are what was simulated; what is found grows with the days, and in shuffled pages so does "
        "the time, for every page then has a set in every chunk. `Cold`: the operating system's memory was emptied of "
        "the database first; its disk answers then, and the entries asked for lie closer together than in a whole log."
    )


def matrix(measured: Sequence[Timed]) -> None:
    """Print what the console's matrix costs."""
    table = _table("The console's matrix: 100 partners × 60 fields × 13 purposes", ["p50 ms", "p95 ms", "kB", "goal"])
    for one in measured:
        size = f"{one.size / 1e3:,.0f}" if one.size else ""
        table.add_row(one.what, f"{one.p50:,.1f}", f"{one.p95:,.1f}", size, one.goal)
    out.print(table)
    out.print(
        "`First`: of another agreement each time, no file of the co-op read before. A save checks the whole co-op, by what changed."
    )


def searched(measured: Searched) -> None:
    """Print what a search of a long log takes, and what keeps the log searchable."""
    table = _table(
        f"A log of {measured.entries:,} entries searched, PostgreSQL", ["p50 ms", "worst ms", "found", "goal"]
    )
    for one in measured.asked:
        goal = "≤ 300 ms" if one.what.startswith("page") else ""
        table.add_row(one.what, f"{one.p50:,.1f}", f"{one.worst:,.1f}", f"{one.found:,}", goal)
    out.print(table)
    out.print(
        f"Folded at {measured.fold:,.0f} entries/s, {measured.cpu:,.0f} µs of CPU each, in the background; {measured.stored:,.0f} bytes an entry beside the "
        "log's own. `Found`: entries of the page of 50, or counts returned."
    )


def incidents(measured: Sequence[Scoped]) -> None:
    """Print what it takes to know what a leak reached."""
    table = _table(
        f"What a leak reached: {measured[0].entries:,} releases, half of one member, half pages of 1,000",
        ["releases", "persons", "s", "goal"],
    )
    for one in measured:
        figures = f"{one.releases:,}", f"{one.persons:,}", f"{one.seconds:,.2f}"
        table.add_row(f"{one.database}: {one.what}", *figures, one.goal)
    out.print(table)
    out.print("Persons and releases equal a recount from the numbers that the log was made with.")


def _table(title: str, figures: Sequence[str]) -> Table:
    """Return an empty table: a column of names, then one of each figure."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _spread(one: Result) -> str:
    return f"{one.name} (±{one.spread:.0%})"


def _ratio(one: Result, builds: Sequence[Result], goals: dict[str, str]) -> tuple[str, str]:
    """Return how a build compares with ours whose members come from where its own do, and what is wanted."""
    ours = builds[1] if one.name in {builds[1].name, "plain"} else builds[0]
    return f"{one.median('server') / ours.median('server'):.2f}", goals.get(one.name, "")
