"""A night's 3,000 events are taken in while 32 honest clients pull: one entry, nobody refused, and every later release heeds it.

On each database two processes import the same file at once, as a scheduler does that is not sure of its first run. Then the
exported log alone is read.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.control_plane.events_told import csv_of, event
from tests.e2e.conftest import Backend, Installation, OpenSite, connected
from tests.e2e.exported_log import Log, assert_decided_under_what_was_in_force, assert_verified, export
from tests.e2e.pulling import Ask, Sent, assert_all_logged, pull_during, reached
from tests.e2e.serving import BY, Site

COOP = "kyoritsusha"
STOPPED, WITHDRAWN = "00000101", "00000102"
OTHERS = ["00000007", "00000103", "00000104", "00000105", "99999999"]
ROWS = 3_000
EVENTS = [
    event(0, STOPPED, "stop", "stop_use"),
    event(1, WITHDRAWN, "withdrawal"),
    *(event(number, f"E{number:07}", "stop", "marketing_stop") for number in range(2, ROWS)),
]
ASKED = ("stopped", "withdrawn", "both", "others")


@dataclass(frozen=True)
class Run:
    """What the partners remember, what the imports said, and the log."""

    sent: list[Sent]
    keys: dict[str, Any]
    told: list[dict[str, Any]]
    log: Log


async def _pulled(at: Site, installation: Installation) -> tuple[list[Sent], dict[str, Any], list[dict[str, Any]]]:
    file = at.folder / "events.csv"
    file.write_bytes(csv_of(EVENTS))
    told: list[dict[str, Any]] = []

    async def happening(sent: list[Sent]) -> None:
        def answered(since: int = 0) -> bool:
            seen = [one.ask for one in sent[since:] if one.status == 200]
            return all(seen.count(ask) >= 3 for ask in ASKED)

        await reached(answered, "nothing was answered", sent=sent)
        command = ("member", "import", COOP, str(file), *BY)
        told.extend(await asyncio.gather(*(asyncio.to_thread(at.do, *command) for _ in range(2))))
        since = len(sent)
        await reached(lambda: answered(since), "nothing was answered after the import", sent=sent)

    async with connected() as http:
        sunnet, jccu = (installation.client(http, at, name) for name in ("sunnet", "jccu"))
        asks = [
            Ask("stopped", sunnet, "P4", ["member_code", "name"], [STOPPED]),
            Ask("withdrawn", jccu, "P5", ["member_code", "sex"], [WITHDRAWN]),
            Ask("both", sunnet, "P3", ["member_code", "name"], [STOPPED, WITHDRAWN, *OTHERS]),
            Ask("others", jccu, "P5", ["member_code", "sex"], OTHERS),
        ]
        sent = await pull_during(asks, happening, each=8)
        return sent, (await http.get(f"{at.issuer}/oauth/jwks")).json(), told


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def run(
    request: pytest.FixtureRequest, open_site: OpenSite, installation: Installation, tmp_path_factory: Any
) -> Iterator[Run]:
    backend: Backend = request.param
    folder: Path = tmp_path_factory.mktemp(f"import-{backend}")
    with open_site(folder, backend) as at:
        gateways = [at.gateway() for _ in range(2 if backend == "postgres" else 1)]
        at.member_system()
        at.serving(*gateways)
        sent, keys, told = asyncio.run(_pulled(at, installation))
        log = export(at, "log")
        assert_verified(at, log)
        yield Run(sent, keys, told, log)


def test_the_import_is_one_entry_however_often_it_is_sent(run: Run):
    [entry] = run.log.of_kind("restrict")
    assert entry["event"] == "imported"
    assert entry["members"] == ROWS
    assert entry["events"] == {"marketing_stop:set": ROWS - 2, "stop_use:set": 1, "withdrawal": 1}
    assert sorted((one["taken"], one["told_before"]) for one in run.told) == [(0, ROWS), (ROWS, 0)]


def test_no_honest_request_is_refused_for_it(run: Run):
    assert {one.status for one in run.sent} == {200}


def test_every_release_after_it_heeds_it_and_every_one_before_was_whole(run: Run):
    at = run.log.index("restrict")
    asked = {one.rqh: one.ask for one in run.sent}
    seen: dict[tuple[str, bool], set[int]] = {}
    for index, entry in enumerate(run.log.entries):
        if entry["kind"] == "release":
            seen.setdefault((asked[entry["request"]], index > at), set()).add(entry["counts"]["released"])
    [others] = seen["others", False]
    [both] = seen["both", False]
    assert seen == {
        ("stopped", False): {1},
        ("stopped", True): {0},
        ("withdrawn", False): {1},
        ("withdrawn", True): {0},
        ("both", False): {both},
        ("both", True): {both - 2},
        ("others", False): {others},
        ("others", True): {others},
    }


def test_every_answer_stands_in_the_log_and_every_entry_was_decided_under_what_was_in_force(run: Run):
    assert_all_logged(run.sent, run.log, run.keys)
    assert_decided_under_what_was_in_force(run.log)
