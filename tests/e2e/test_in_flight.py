"""What is committed, or falls due, while requests are in flight holds for every later entry; the exported log shows it.

One run on each database: four questions are asked without a pause by two partners, while a member is restricted, a
policy falls due that narrows the notice and ends an agreement, and a partner is suspended. Then the log alone is read.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from shutil import copytree
from time import monotonic
from typing import Any

import pytest

from tests.e2e.conftest import Backend, Installation, OpenSite, connected
from tests.e2e.exported_log import Log, assert_decided_under_what_was_in_force, assert_verified, export
from tests.e2e.policy_copies import agreement_ended, purpose_undecided
from tests.e2e.pulling import Ask, Sent, assert_all_logged, pull_during, reached
from tests.e2e.serving import BY, TWO_PEOPLE, Site

COOP = "kyoritsusha"
STOPPED = "00000101"
OTHERS = ["00000007", "00000102", "00000103", "00000104", "00000105", "99999999"]
LATE_S = 0.2
"""How long the member system takes: requests are in flight all the while, and leave the commands beside them room."""
REASONS = {"ended": "agreement:kyoritsusha-jccu-01:out_of_term", "narrowed": "notice:P3:undecided"}


@dataclass(frozen=True)
class Run:
    """What the partners remember, and the log."""

    sent: list[Sent]
    keys: dict[str, Any]
    log: Log
    due: str
    """When the narrower policy begins, as entries write instants."""

    def entries(self, ask: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The entries of one question, with their indexes."""
        asked = {one.rqh for one in self.sent if one.ask == ask}
        return ((i, entry) for i, entry in enumerate(self.log.entries) if entry.get("request") in asked)

    @property
    def since_due(self) -> int:
        """The first index of the new policy's time."""
        return next(i for i, entry in enumerate(self.log.entries) if entry["time"] >= self.due)


async def _pulled(at: Site, installation: Installation, due: list[datetime]) -> tuple[list[Sent], dict[str, Any]]:
    do = partial(asyncio.to_thread, at.do)

    async def happening(sent: list[Sent]) -> None:
        def answered(*asks: str, status: int, since: int = 0) -> bool:
            seen = [one.ask for one in sent[since:] if one.status == status]
            return all(seen.count(ask) >= 5 for ask in asks)

        every = ("restricted", "lasting", "narrowed", "ended")
        await reached(lambda: answered(*every, status=200), "nothing was answered")
        begun_at = monotonic()
        await do("member", "restrict", COOP, "--codes", "-", "--kind", "stop_provide", *BY, stdin=STOPPED)
        due.append(await _publish_ahead(at, command_s=monotonic() - begun_at))
        patience_s = 60 + (due[0] - datetime.now(UTC)).total_seconds()
        await reached(
            lambda: answered("narrowed", "ended", status=403), "the policy did not fall due", seconds=patience_s
        )
        begun = len(sent)
        await reached(lambda: answered("lasting", status=200, since=begun), "the new policy allows nothing")
        await do("partner", "suspend", COOP, "sunnet", *BY)
        await reached(lambda: answered("lasting", "restricted", status=403), "the suspension did not hold")

    async with connected() as http:
        sunnet, jccu = (installation.client(http, at, name) for name in ("sunnet", "jccu"))
        asks = [
            Ask("restricted", sunnet, "P4", ["member_code", "name"], [STOPPED]),
            Ask("lasting", sunnet, "P4", ["member_code", "name"], OTHERS),
            Ask("narrowed", sunnet, "P3", ["member_code", "name"], OTHERS),
            Ask("ended", jccu, "P5", ["member_code", "sex"], OTHERS),
        ]
        sent = await pull_during(asks, happening, each=2)
        return sent, (await http.get(f"{at.issuer}/oauth/jwks")).json()


async def _publish_ahead(at: Site, command_s: float) -> datetime:
    """Publish the narrower policy to begin in a while that is long beside what a command takes here.

    Releases have to be seen between the publication and its beginning, on a machine of any speed.
    """
    for ahead in (3 + ceil(command_s * times) for times in (2, 4, 8, 16)):
        due = datetime.now().astimezone().replace(microsecond=0) + timedelta(seconds=ahead)
        effective = due.isoformat()
        done = await asyncio.to_thread(at.told, "policy", "publish", COOP, *TWO_PEOPLE, "--effective", effective)
        if done.returncode == 0:
            return due
        assert "has passed" in done.stderr, done.stderr
    raise AssertionError("publishing takes longer than anything")


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def run(
    request: pytest.FixtureRequest, open_site: OpenSite, installation: Installation, tmp_path_factory: Any
) -> Iterator[Run]:
    backend: Backend = request.param
    folder: Path = tmp_path_factory.mktemp(f"in-flight-{backend}")
    policies = copytree(installation.policies, folder / "policies")
    with open_site(folder, backend, policies=policies) as at:
        gateways = [at.gateway() for _ in range(2 if backend == "postgres" else 1)]
        at.member_system(late_s=LATE_S)
        at.serving(*gateways)
        purpose_undecided(policies)
        agreement_ended(policies, "jccu", today=datetime.now(UTC).date())
        due: list[datetime] = []
        sent, keys = asyncio.run(_pulled(at, installation, due))
        log = export(at, "log")
        assert_verified(at, log)
        yield Run(sent, keys, log, due[0].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def releases(entries: Iterator[tuple[int, Mapping[str, Any]]]) -> dict[int, Mapping[str, Any]]:
    return {index: entry for index, entry in entries if entry["kind"] == "release"}


def test_requests_were_in_flight_at_every_change(run):
    entries = [run.log.entries[run.log.index(kind)] for kind in ("restrict", "publish", "partner")]
    for moment in [run.due, *(entry["time"] for entry in entries)]:
        at = datetime.fromisoformat(moment).timestamp()
        assert any(one.began < at < one.ended for one in run.sent), moment


def test_a_restricted_members_data_leaves_in_no_later_entry(run):
    at = run.log.index("restrict")
    given = releases(run.entries("restricted"))
    assert {entry["counts"]["released"] for index, entry in given.items() if index < at} == {1}
    assert {entry["counts"]["released"] for index, entry in given.items() if index > at} == {0}


def test_a_suspended_partner_receives_nothing_in_any_later_entry(run):
    at = run.log.index("partner", event="suspended")
    later = [entry for entry in run.log.entries[at:] if entry.get("partner") == "sunnet" and "transfer" in entry]
    assert {entry["kind"] for entry in later} == {"denial"}
    assert {reason for entry in later if entry["purpose"] == "P4" for reason in entry["reasons"]} == {
        "agreement:sunnet:inactive"
    }


@pytest.mark.parametrize("ask", ["ended", "narrowed"])
def test_a_policy_that_falls_due_holds_for_every_later_entry(run, ask):
    published = run.log.index("publish")
    given = releases(run.entries(ask))
    assert max(given) < run.since_due
    assert max(entry["time"] for entry in given.values()) < run.due
    assert max(entry["valid_until"] for entry in given.values() if entry["gov"] >= published) <= run.due
    denied = [entry for _, entry in run.entries(ask) if entry["kind"] == "denial"]
    assert denied
    assert min(entry["time"] for entry in denied) >= run.due
    assert all(
        entry["reasons"] == [REASONS[ask]] for entry in denied if entry["reasons"] != ["agreement:sunnet:inactive"]
    )


def test_what_nothing_changed_for_goes_on_until_the_suspension(run):
    suspended = run.log.index("partner", event="suspended")
    for ask in "lasting", "restricted":
        kinds = [(index, entry["kind"]) for index, entry in run.entries(ask)]
        assert {kind for index, kind in kinds if index < suspended} == {"release"}
    policies = {entry["policy"] for entry in releases(run.entries("lasting")).values()}
    assert policies == {entry["policy"] for entry in run.log.of_kind("publish")}


def test_no_honest_request_ends_otherwise_than_released_or_denied(run):
    assert {one.status for one in run.sent} == {200, 403}


def test_every_answer_stands_in_the_log_and_every_entry_was_decided_under_what_was_in_force(run):
    assert_all_logged(run.sent, run.log, run.keys)
    assert_decided_under_what_was_in_force(run.log)
