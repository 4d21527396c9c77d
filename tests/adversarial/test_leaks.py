"""Attack: a member's value is looked for wherever a gateway leaves traces: errors, logs, URLs, telemetry, database, files.

The canaries are all members of the source with all their fields. Every kind of request is sent, everything behind the
gateway fails once, with what it holds in the text of its exceptions; then everything that left traces is searched, also
what stands in it as base64url or escaped.
"""

import asyncio
import json
import logging
import re
import sys
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx2
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.adapters.database import sqlite_path
from gateway.adapters.open_telemetry import OpenTelemetry
from gateway.control_plane.restrict import lift, restrict
from gateway.core.days import jst_day
from gateway.core.outcome import Denial, Permit
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.decide import decide
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.passing import Inbound
from gateway.data_plane.protect import protect
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import make_members
from gateway.ports import Query
from tests.clock import SettableClock
from tests.data_plane.exporting import make, order
from tests.house import COOP, MEMBERS, House, document_of, running_house
from tests.simulators.partner import RESOURCE, Partner

FIELDS = ["member_code", "name", "phone", "address_line"]
P5 = ["member_code", "birth_date", "postal_code", "municipality_code"]
CODE, OTHER = AWKWARD["takasaki"], AWKWARD["yoshino"]
NAME = "\U00020bb7野 太郎"
URL = RESOURCE + "/transfers"


@cache
def canaries(today: date) -> frozenset[bytes]:
    """Every telling value of every member; examples that the policy itself prints are none."""
    printed = document_of(COOP).decode()
    found: set[str] = set()
    for member in make_members(MEMBERS, today=today):
        for column, value in member.items():
            if column in {"acquired_under", "as_of", "programmes", "stops", "consents", "municipality_code"}:
                continue
            if isinstance(value, str) and (len(value) >= 7 or not value.isascii()):
                found.add(value)
    telling = frozenset(value.encode() for value in found if value not in printed)
    assert len(telling) > 8 * MEMBERS
    return telling


def shows(text: str, values: frozenset[bytes]) -> bool:
    """Whether one of the values stands in a text as a word of its own, as it is or folded."""
    searched = unfolded(text).encode("utf-8", "replace")
    found = [value for value in values if value in searched]
    return any(re.search(rb"(?<![0-9A-Za-z])" + re.escape(value) + rb"(?![0-9A-Za-z])", searched) for value in found)


def unfolded(text: str) -> str:
    """A text, and what is hidden in it as base64url, percent or backslash escapes."""
    unescaped = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    paired = unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    parts = [text, unquote(text), paired]
    for run in set(re.findall(r"[A-Za-z0-9_-]{12,}", text)):
        try:
            parts.append(urlsafe_b64decode(run + "=" * (-len(run) % 4)).decode("utf-8", "replace"))
        except ValueError:
            continue
    return "\n".join(parts)


@dataclass
class Traces:
    """What a run left behind, by where it was left."""

    found: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, what: object) -> None:
        text = what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)
        self.found[where] = self.found.get(where, "") + "\n" + text

    def search(self, values: frozenset[bytes]) -> list[str]:
        return [where for where, text in self.found.items() if shows(text, values)]


WRITTEN: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if WRITTEN is not None and event in {"open", "tempfile.mkstemp", "tempfile.mkdtemp", "os.mkdir", "os.rename"}:
        path, mode = arguments[0], arguments[1] if len(arguments) > 1 else ""
        if event != "open" or (isinstance(mode, str) and set("wax+") & set(mode)):
            WRITTEN.append(str(path))


sys.addaudithook(_watch)  # cannot be taken away again; does nothing while nobody collects


@contextmanager
def files_written() -> Iterator[list[str]]:
    """Every file that Python code opens for writing, wherever it is."""
    global WRITTEN  # noqa: PLW0603  # an audit hook has no other way to be told
    collected: list[str] = []
    WRITTEN = collected
    try:
        yield collected
    finally:
        WRITTEN = None


async def well_behaved(house: House, sunnet: Partner, jccu: Partner) -> list[httpx2.Response]:
    """Everything that is answered with data, and members whom a gate keeps back."""
    every = list(AWKWARD.values())
    secrets = house.stores.keys.coop_secrets(COOP)
    words: dict[str, Any] = {"kind": "stop_provide", "partner": None, "purpose": None, "by": "相談", "reason": "申出"}
    words |= {"secrets": secrets, "clock": house.clock}
    await restrict(house.stores.log, COOP, [OTHER, AWKWARD["gaiji"]], **words)
    await house.stores.snapshots.refresh(COOP)
    answers = [
        await sunnet.ask("P4", FIELDS, every),
        await sunnet.ask("P4", FIELDS, page={"limit": 300}),
        await sunnet.ask("P12", ["name", "email"], every, case="K-1"),
        await jccu.ask("P5", P5, every),
        await jccu.ask("P5", P5, page={"limit": 5}),
    ]
    await lift(house.stores.log, COOP, [OTHER], **words)
    await house.stores.snapshots.refresh(COOP)
    assert [answer.status_code for answer in answers] == [200] * 5
    return answers


async def refused(house: House, sunnet: Partner) -> list[httpx2.Response]:
    """Everything that is refused, with members' values in every place that a partner can fill."""
    token = await sunnet.token("P4", FIELDS)
    name = NAME
    foreign: dict[str, Any] = {name: name}
    made = [
        sunnet.request("P3", FIELDS, members=[CODE]),
        sunnet.request("P4", [*FIELDS, "email"], members=[CODE]),
        sunnet.request("P4", FIELDS, members=[CODE], name=name),
        sunnet.request("P4", FIELDS, members=[CODE], **foreign),
        sunnet.request("P4", ["name", name], members=[CODE]),
        sunnet.request("P4", FIELDS, members=[CODE, name]),
        sunnet.request("P4", FIELDS, members=[CODE, CODE]),
        sunnet.request("P4", FIELDS, members=[{"code": CODE, "name": name}]),
        sunnet.request("P4", FIELDS, members=[CODE], case=name),
        sunnet.request("P4", FIELDS, members=[CODE], agreement=CODE),
        sunnet.request("P4", FIELDS, CODE, members=[CODE]),
        sunnet.request(CODE, FIELDS, members=[CODE]),
        sunnet.request("P4", FIELDS, page={"limit": 10, "cursor": CODE}),
        sunnet.request("P4", FIELDS, page={"limit": 10, name: CODE}),
        sunnet.request("P4", FIELDS, members=[CODE], iss=CODE),
        sunnet.request("P4", FIELDS, members=[CODE], jti=CODE + name),
        sunnet.request("P4", FIELDS, members=[CODE], exp=name),
        sunnet.request("P4", FIELDS, members=[CODE], header={"kid": CODE}),
        sunnet.request("P4", FIELDS, members=[CODE]) + CODE,
        CODE,
    ]
    answers = [await sunnet.post(one, token) for one in made]
    good = sunnet.request("P4", FIELDS, members=[CODE])
    proof = sunnet.proof("POST", URL, token)
    answers += [
        await sunnet.post(good, token, headers={"Content-Type": f"text/plain; name={CODE}"}),
        await sunnet.post(good, token, proof=proof),
        await sunnet.post(good, token, proof=proof),
        await sunnet.post(good, token, proof=sunnet.proof("POST", f"{URL}?member={CODE}", token)),
        await sunnet.post(good, token, proof=sunnet.proof("POST", URL, token, jti=CODE, nonce=CODE)),
        await sunnet.post(good, token + CODE),
        await sunnet.get(f"/members/{CODE}", token),
        await sunnet.get(f"/members/{CODE}", "nonsense"),
        await sunnet.get(f"/grants/{CODE}/schema", token),
        await sunnet.get(f"/grants?member={CODE}", token),
    ]
    http, issuer = house.http, sunnet.issuer
    host = {"Host": f"{CODE}.example.jp"}
    answers += [
        await http.post(f"{URL}?member={CODE}", content=good),
        await http.put(f"{URL}", headers={"X-Member": CODE}),
        await http.get(f"{issuer}/members/{CODE}"),
        await http.get(f"{issuer}/{CODE}/../x"),
        await http.get(f"{issuer}/x", headers=host),
        await http.get(f"{issuer}/x", headers={"X_Member": CODE}),
        await http.get(f"{issuer}/{'x' * 3_000}{CODE}"),
        await http.post(f"{issuer}/v1/other", content=json.dumps({"member": CODE, "name": name})),
        await http.post(URL, content=CODE.encode() * 20_000),
        await http.post(URL, content=good, headers={"Content-Encoding": CODE}),
        await sunnet.ask_token(sunnet.detail(CODE, FIELDS)),
        await sunnet.ask_token(sunnet.detail("P4", [*FIELDS, name])),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_id=CODE),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), scope=f"{CODE} {name}"),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), resource=f"https://{CODE}.example.jp"),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), grant_type=CODE),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), client_assertion=sunnet.assertion(sub=CODE, name=name)),
        await sunnet.ask_token(sunnet.detail("P4", FIELDS), authorization_details=f'[{{"{name}": "{CODE}"}}'),
        await http.post(f"{issuer}/oauth/token", content=f"{name}={CODE}&%ZZ".encode()),
        await http.post(f"{issuer}/oauth/token", content=name.encode(), headers={"Content-Type": CODE}),
    ]
    assert sum(answer.status_code == 200 for answer in answers) == 2, "one true request, and one whose `jti` tells"
    return answers


async def broken(house: House, sunnet: Partner) -> list[httpx2.Response]:
    """Everything behind the gateway fails, its exceptions full of what it was working on."""
    source = house.sources[COOP]
    answers: list[httpx2.Response] = []

    def bent(body: bytes) -> bytes:
        return body.replace(b'"phone":"', b'"phone":12,"x":"', 1)

    def nonsense(body: bytes) -> bytes:
        return body[:-3] + b"?"

    for bend in (bent, nonsense, lambda body: body.replace("花".encode(), "花".encode("cp932"))):
        source.bend = bend
        answers.append(await sunnet.ask("P4", FIELDS, [CODE, OTHER]))
    source.bend = None

    async def explode(query: Query) -> None:
        raise RuntimeError(f"failed on {query.codes} and {NAME}")

    source.hold = explode
    answers.append(await sunnet.ask("P4", FIELDS, [CODE]))
    source.hold, source.down = None, "the member system answered 502"
    answers.append(await sunnet.ask("P4", FIELDS, [CODE]))
    source.down = None
    house.signer.broken = True
    answers += await asyncio.gather(*(sunnet.ask("P4", FIELDS, [CODE, OTHER]) for _ in range(5)))
    house.signer.broken = False
    house.log.down = "the database failed"
    answers.append(await sunnet.ask("P4", FIELDS, [CODE]))
    answers.append(await sunnet.ask_token(sunnet.detail("P4", FIELDS)))
    house.log.down = None
    assert [answer.status_code for answer in answers[1:]] == [503, 200, 500, 503, *[500] * 5, 503, 503]
    return answers


async def exported(house: House, sunnet: Partner) -> list[httpx2.Response]:
    """Parts that lie sealed, handed out, made again, and not made because something fails."""
    exports = [await order(sunnet, "P4", FIELDS, form=form) for form in ("ndjson", "csv", "csv")]
    for switched, how in ((house.signer, "broken"), (house.sources[COOP], "down")):
        setattr(switched, how, "failing")
        await make(house)
        setattr(switched, how, None)
        house.clock.advance(seconds=10)
    await make(house)
    answers = [await one.get(path) for one in exports for path in ("", "/manifest", "/parts/1", "/parts/99")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404] * 3
    await house.stop(CODE)
    answers += [await exports[0].get("/parts/1"), await exports[2].end()]
    house.signer.broken = True
    await house.stop(OTHER)
    answers.append(await exports[0].get("/parts/1"))
    house.signer.broken = False
    assert [answer.status_code for answer in answers[-3:]] == [200, 204, 500]
    return answers


async def database(house: House) -> dict[str, list[tuple[Any, ...]]]:
    if sqlite_path(house.settings.database_url) is not None:
        tables = await house.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        tables = await house.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: await house.rows(f'SELECT * FROM "{name}"') for (name,) in tables}


async def test_no_members_value_is_left_anywhere(
    database_url: str,
    tmp_path: Path,
    clock: SettableClock,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    reader, spans, traces = InMemoryMetricReader(), InMemorySpanExporter(), Traces()
    telemetry = OpenTelemetry(metrics=reader, spans=SimpleSpanProcessor(spans))
    async with running_house(database_url, tmp_path, clock, telemetry=telemetry) as house:
        sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
        jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
        with files_written() as written:
            answers = await well_behaved(house, sunnet, jccu)
            answers += await refused(house, sunnet)
            answers += await broken(house, sunnet)
            answers += await exported(house, sunnet)
            clock.advance(minutes=2)
            await house.summarise()
        for table, rows in (await database(house)).items():
            for row in rows:
                for value in row:
                    traces.add(f"table {table}", value)
    for file in tmp_path.glob("gateway.db*"):
        traces.add(f"file {file.name}", file.read_bytes())
    for answer in answers:
        traces.add("answers", f"{answer.status_code} {answer.headers.multi_items()}")
        traces.add("answers", answer.content)
    metrics = reader.get_metrics_data()
    assert metrics is not None
    traces.add("metrics", metrics.to_json())
    traces.add("spans", "\n".join(span.to_json() for span in spans.get_finished_spans()))
    telemetry.close()
    captured = capfd.readouterr()
    traces.add("stdout", captured.out)
    traces.add("stderr", captured.err)
    ours = [record for record in caplog.records if record.name != "httpx2"]  # the partner's own client says its URLs
    traces.add("logging", "\n".join(f"{one.name} {one.getMessage()} {one.exc_info}" for one in ours))
    traces.add("event loop", unhandled)
    values = canaries(jst_day(clock()))
    assert traces.search(values) == []
    assert unhandled == []
    assert written == [], "no file but the database is written, not even a temporary one"
    # The traces are really there, and the search would find what it is to find.
    for where, what in {
        "stderr": "sealing failed",
        "metrics": "gateway.transfers",
        "spans": '"name": "transfer"',
    }.items():
        assert what in traces.found[where]
    assert len(traces.found["table log_entry"]) > 20_000
    assert len(traces.found["table export_part"]) > 20_000
    secret = sunnet.request("P4", FIELDS, members=[CODE])
    for hidden in (CODE, NAME, json.dumps({"x": NAME}), quote(NAME), secret):
        assert Traces({"here": f"x {hidden} y"}).search(values) == ["here"]


async def test_what_passes_between_the_steps_does_not_print_itself(house: House, sunnet: Partner) -> None:
    """Whatever is in hand when an exception is shown with its variables."""
    token = await sunnet.token("P4", FIELDS)
    desk = house.desk
    inbound = Inbound(
        prefix="",
        request_id="r" * 32,
        method="POST",
        url=URL,
        authorization=f"DPoP {token}",
        proof=sunnet.proof("POST", URL, token),
        content_type="application/jwt",
        body=sunnet.request("P4", FIELDS, members=[CODE, OTHER]).encode(),
    )
    asking = authenticate(desk, inbound)
    standing = await desk.standing(COOP, -1, deadline=asking.deadline)
    decision = decide(desk, asking, standing)
    assert isinstance(decision, Permit)
    fetched = await fetch(desk, asking, decision, None)
    minimized = minimize(desk, asking, fetched, standing)
    sealed = await protect(desk, asking, minimized, None)
    assert not isinstance(fetched, Denial)
    values = canaries(jst_day(house.clock()))
    shown: Iterable[object] = (
        asking, asking.request, standing, decision, fetched, fetched.query, fetched.pages, fetched.pages[0].rows,
        minimized, sealed, house.stores.keys.coop_secrets(COOP), desk.coops[COOP],
    )  # fmt: skip
    for value in shown:
        assert not shows(repr(value), values), type(value).__name__
        assert not shows(f"{value}", values), type(value).__name__
    for secret in ("subject", "pairwise", "requests", "cursors"):
        key: bytes = getattr(house.stores.keys.coop_secrets(COOP), secret)
        assert all(repr(key) not in repr(value) for value in shown)


def test_temporary_files_would_be_seen() -> None:
    with files_written() as written:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
        assert file.name in written
