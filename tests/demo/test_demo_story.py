"""`gateway demo` as a person runs it: a process of its own, in an empty folder, on free ports."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from joserfc.jwk import ECKey
from rich.cells import cell_len
from typer.testing import CliRunner

from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.cli import app
from gateway.client import Client, NotPermitted
from gateway.core.days import Moment, jst_day, midnight
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import make_members
from gateway.demo.screen import WIDTH, Screen, Untrue
from gateway.demo.state import MARK, CannotStart, lay_out_office, take
from tests.simulators.partner import Partner

ROOT = Path(__file__).parents[2]
PARTNERS = ("coop-kyosai", "jccu", "jccu-coopdeli", "sunnet")


def command(*options):
    return [sys.executable, "-m", "gateway", "demo", *options]


def environment():
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "FORCE_COLOR"))}
    return ours | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(place):
    """A whole run that ends after the story."""
    options = (
        "--once",
        "--members",
        "300",
        "--state",
        "state",
        "--port",
        "0",
        "--console-port",
        "0",
        "--member-system-port",
        "0",
    )
    run = subprocess.run(
        command(*options), cwd=place, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run


@pytest.fixture
def open_demo(place, told):
    """A second run on what the first left behind, open until it is interrupted."""
    options = (
        "--members",
        "150",
        "--state",
        "state",
        "--port",
        "0",
        "--console-port",
        "0",
        "--member-system-port",
        "0",
    )
    with subprocess.Popen(
        command(*options), cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout is not None
            for line in run.stdout:
                if "Ctrl-C" in line:
                    break
            yield run
        finally:
            with contextlib.suppress(ProcessLookupError):
                run.send_signal(signal.SIGINT)


def test_the_story_is_told_plainly_where_nobody_watches(told):
    assert "\x1b" not in told.stdout
    assert max(cell_len(line) for line in told.stdout.splitlines()) <= WIDTH
    assert re.findall(r"(?m)^(\d+)  ", told.stdout) == [str(number) for number in range(1, 14)]
    assert "【試験】" in told.stdout
    for code in ("request:fields:mismatch", "grant:P12:case_required", "notice:2017-06-21:incomplete"):
        assert code in told.stdout


def test_the_night_tells_what_was_transferred(told):
    """The first night everybody, the second one removal and no record: not the size of the partner's file again."""
    lines = [line for line in told.stdout.splitlines() if "1日目: 全員" in line or "2日目: 差分" in line]
    first, second = (tuple(int(one.replace(",", "")) for one in line.split()[-5:-1]) for line in lines)
    (parts, records, removals, whole), (_, none, one, delta) = first, second
    assert (parts, removals, none, one) == (1, 0, 0, 1)
    assert 0 < delta < whole / 2
    assert whole > records / 10, "kB"
    assert "封書" not in told.stdout


def test_nothing_of_a_member_is_written_to_standard_error(told):
    columns = ("member_code", "name", "name_kana", "address_line", "phone", "email", "bank_account")
    for member in make_members(300, today=jst_day(datetime.now(UTC))):
        for column in columns:
            assert member[column] is None or str(member[column]) not in told.stderr


def test_the_state_lies_where_it_is_documented(place, told):
    state = place / "state"
    for name in ("gateway.db", "log/checkpoint", "log/tile/entries", "log.vkey", "keys/nonce.key"):
        assert (state / name).exists(), name
    assert sorted(path.name for path in (state / "partners").iterdir()) == list(PARTNERS)
    for partner in PARTNERS:
        folder = state / "partners" / partner
        fetched = {path.name for path in folder.iterdir() if path.name.startswith("delivery.csv")}
        assert sorted({path.name for path in folder.iterdir()} - fetched) == [
            "client.json",
            "enc.jwk.json",
            "sig.jwk.json",
        ]
        assert bool(fetched) == (partner == "sunnet"), "and what the one partner fetched at night"
        told_client = json.loads((folder / "client.json").read_text())
        assert {"issuer", "resource", "client_id", "coop", "agreement", "purposes"} == told_client.keys()
        assert told_client["resource"] == told_client["issuer"] + "/v1"
        for use in ("sig", "enc"):
            assert json.loads((folder / f"{use}.jwk.json").read_text())["use"] == use
    assert sorted(path.name for path in (state / "staff").iterdir()) == ["ito.json", "mori.json", "sato.json"]
    assert all((path.stat().st_mode & 0o777) == 0o600 for path in (state / "staff").iterdir())


def test_the_exported_log_verifies_and_the_altered_copy_does_not(place, told):
    state, invoke = place / "state", CliRunner().invoke
    key = ["--key", str(state / "log.vkey"), "--json"]
    verified = invoke(app, ["log", "verify", str(state / "log"), *key])
    assert verified.exit_code == 0
    assert json.loads(verified.stdout)["counts"]["publish"] == 2
    altered = invoke(app, ["log", "verify", str(state / "log-altered"), *key])
    assert altered.exit_code == 1
    assert json.loads(altered.stdout)["finding"] == "entry-altered"


async def pull_by_joserfc(folder, codes):
    """What a partner's own software, knowing nothing of ours, makes of the files."""
    told = json.loads((folder / "client.json").read_text())
    delivery = next(one for one in told["purposes"] if one["purpose"] == "P4")
    async with httpx2.AsyncClient(trust_env=False) as http:
        partner = Partner(
            http,
            told["client_id"],
            told["coop"],
            told["agreement"],
            now=lambda: datetime.now(UTC).timestamp(),
            sig=ECKey.import_key(json.loads((folder / "sig.jwk.json").read_text())),
            enc=ECKey.import_key(json.loads((folder / "enc.jwk.json").read_text())),
            issuer=told["issuer"],
            resource=told["resource"],
        )
        return await partner.pull("P4", delivery["fields"], codes)


def test_it_stays_open_for_anybody_who_has_the_files(place, open_demo):
    state = place / "state"
    answer = asyncio.run(pull_by_joserfc(state / "partners" / "sunnet", [AWKWARD["yoshino"], AWKWARD["takasaki"]]))
    assert answer.released[AWKWARD["yoshino"]]["name"] == "\U00020bb7野 太郎"
    assert len(answer.released[AWKWARD["takasaki"]]["phone"]) == 4, "the narrower grant of the story stands"

    with Client.from_folder(state / "partners" / "jccu") as jccu:
        assert jccu.pull("P5", [AWKWARD["yoshino"]], product="G1").released
    with Client.from_folder(state / "partners" / "jccu-coopdeli") as coopdeli, pytest.raises(NotPermitted):
        coopdeli.pull("P4", ["00012345"])

    staff = {
        name: value.strip("'")
        for name, _, value in (line.partition("=") for line in (state / "gateway.env").read_text().splitlines())
    }
    history = CliRunner().invoke(app, ["policy", "history", "kyoritsusha", "--json"], env=staff)
    assert len(json.loads(history.stdout)) == 2

    code = CliRunner().invoke(app, ["demo", "--state", str(state), "--code", "sato"])
    assert re.fullmatch(r"[0-9]{6}\n", code.stdout)
    nobody = CliRunner().invoke(app, ["demo", "--state", str(state), "--code", "../sato"])
    assert nobody.exit_code == 2

    open_demo.send_signal(signal.SIGINT)
    assert open_demo.wait(30) == 0
    assert open_demo.stderr.read() == ""


def test_a_port_in_use_is_named_in_both_languages_and_nothing_is_touched(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = [
            "demo",
            "--once",
            "--state",
            str(tmp_path / "state"),
            "--port",
            port,
            "--console-port",
            "0",
            "--member-system-port",
            "0",
        ]
        run = CliRunner().invoke(app, options)
    assert run.exit_code == 1
    assert f"ポート {port} は使われています" in run.stderr
    assert f"port {port} is in use" in run.stderr
    assert not (tmp_path / "state").exists()


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    mine = tmp_path / "gateway.db"
    mine.write_text("mine")
    with pytest.raises(CannotStart, match="--state"):
        take(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.db"]
    assert mine.read_text() == "mine"


def test_a_folder_is_marked_as_the_demos(tmp_path):
    take(tmp_path / "new")
    assert "試験" in (tmp_path / "new" / MARK).read_text()
    take(tmp_path / "new")


@pytest.mark.parametrize(
    "today",
    [date(2026, 4, 1), date(2026, 11, 22), date(2027, 3, 31), date(2027, 4, 1), date(2031, 3, 15), date(2025, 6, 1)],
)
def test_the_samples_are_in_force_whenever_the_demo_is_run(tmp_path, today):
    moved = lay_out_office(tmp_path, today)
    assert moved == (today not in {date(2026, 4, 1), date(2026, 11, 22)})
    office = tmp_path / "office"
    policy = resolve(load(office / "policies", office / "partners", "kyoritsusha", samples=True).document)
    moment = Moment(midnight(today) + timedelta(hours=12))
    for agreement in policy.agreements.values():
        assert moment.within(agreement.term)
        assert agreement.supervision is not None
        assert moment.within(agreement.supervision)
    assert all(moment.within(decision.span) for decision in policy.decisions)


def test_what_did_not_happen_ends_the_story():
    screen = Screen()
    with pytest.raises(Untrue, match="false"):
        screen.claim(False, "偽", "false")
    assert screen.claims == 0
