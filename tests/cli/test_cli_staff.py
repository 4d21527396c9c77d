"""gateway staff list | add | leave | role | deputy | end-role | password, as their users type them."""

import base64
import os
import pty
import select
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from gateway.adapters.key_files import KeyFiles
from gateway.control_plane.people.credentials import open_totp, totp_key, verify_password
from gateway.control_plane.people.people import BOOTSTRAP
from gateway.core.days import jst_day, midnight_after
from tests.cli.test_retention_commands import COOP, Gateway

SET_UP = ("--by", "設置担当", "--reason", "導入")
ABOUT = ("--by", "sato", "--reason", "人事異動")
SOMU = ("--department", "総務部")
GOOD = "correct horse battery staple"


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Gateway:
    return Gateway(tmp_path, sqlite_url)


@pytest.fixture(scope="module")
def staffed_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sato in compliance, Tanaka the manager and Suzuki the admin of one department, Ito without a role."""
    folder = tmp_path_factory.mktemp("staffed")
    path = Path(shutil.copy(sqlite_template, folder / "gateway.db"))
    gateway = Gateway(folder, f"sqlite:///{path}")
    for person, name in (("sato", "佐藤"), ("tanaka", "田中"), ("suzuki", "鈴木"), ("ito", "伊藤")):
        gateway.run("staff", "add", COOP, person, "--name", name, *SET_UP)
    gateway.run("staff", "role", COOP, "sato", "compliance", *SET_UP)
    gateway.run("staff", "role", COOP, "tanaka", "manager", *SOMU, *ABOUT)
    gateway.run("staff", "role", COOP, "suzuki", "admin", *SOMU, *ABOUT)
    return path


@pytest.fixture
def staffed(staffed_database: Path, tmp_path: Path) -> Gateway:
    """A gateway on a copy of it."""
    return Gateway(tmp_path, f"sqlite:///{shutil.copy(staffed_database, tmp_path / 'gateway.db')}")


def row(gateway: Gateway, person: str) -> dict[str, Any]:
    with closing(sqlite3.connect(gateway.folder / "gateway.db")) as db:
        db.row_factory = sqlite3.Row
        return dict(db.execute("SELECT * FROM person WHERE id=?", (person,)).fetchone())


def shown(gateway: Gateway, *arguments: str) -> str:
    """What a process prints where there is room."""
    environment = {**os.environ, **gateway.environment, "COLUMNS": "200"}
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def day(after: int) -> str:
    return (jst_day(datetime.now(UTC)) + timedelta(days=after)).isoformat()


def test_the_staff_of_a_co_op_from_the_first_day_on(gateway: Gateway) -> None:
    added = gateway.facts("staff", "add", COOP, "sato", "--name", "佐藤 花子", *SET_UP)
    assert added == {"index": 0, "person": "sato"}
    gateway.run("staff", "add", COOP, "tanaka", "--name", "田中", *SET_UP)
    first = gateway.facts("staff", "role", COOP, "sato", "admin", *SOMU, *SET_UP)
    assert (first["index"], first["id"], first["department"], first["end"]) == (2, "sato-admin-1", "総務部", None)
    gateway.run("staff", "role", COOP, "tanaka", "manager", *SOMU, *ABOUT)
    gateway.run("staff", "add", COOP, "ito", "--name", "伊藤", *ABOUT)
    stand_in = gateway.facts("staff", "deputy", COOP, "ito", "--for", "tanaka", *SOMU, "--to", day(30), *ABOUT)
    assert (stand_in["role"], stand_in["deputy_for"]) == ("manager", "tanaka")
    assert datetime.fromisoformat(stand_in["end"]) == midnight_after(jst_day(datetime.now(UTC)) + timedelta(days=30))

    listed = gateway.facts("staff", "list", COOP)
    assert [(one["person"], one["state"], [role["id"] for role in one["roles"]]) for one in listed] == [
        ("ito", "active", ["ito-manager-1"]),
        ("sato", "active", ["sato-admin-1"]),
        ("tanaka", "active", ["tanaka-manager-1"]),
    ]
    table = shown(gateway, "staff", "list", COOP)
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if line.startswith("│")]
    assert [(*line[:6], line[-1]) for line in cells] == [
        ("ito", "伊藤", "active", "ito-manager-1", "manager", "総務部", "tanaka"),
        ("sato", "佐藤 花子", "active", "sato-admin-1", "admin", "総務部", ""),
        ("tanaka", "田中", "active", "tanaka-manager-1", "manager", "総務部", ""),
    ]

    assert gateway.facts("staff", "end-role", COOP, "ito-manager-1", *ABOUT)["role"] == "ito-manager-1"
    gateway.run("staff", "leave", COOP, "ito", *ABOUT)
    assert [one["person"] for one in gateway.facts("staff", "list", COOP)] == ["sato", "tanaka"]
    everybody = gateway.facts("staff", "list", COOP, "--all")
    assert [(one["person"], one["state"], len(one["roles"])) for one in everybody] == [
        ("ito", "left", 1),
        ("sato", "active", 1),
        ("tanaka", "active", 1),
    ]
    told = gateway.run("log", "tail", COOP)
    assert len(told.splitlines()) == 8


def test_a_role_is_given_for_days_of_japan(staffed: Gateway) -> None:
    given = staffed.facts("staff", "role", COOP, "ito", "auditor", "--from", day(1), "--to", day(1), *ABOUT)
    start, end = (datetime.fromisoformat(given[name]) for name in ("start", "end"))
    assert (end - start, start.astimezone(UTC).hour) == (timedelta(days=1), 15)
    before = datetime.now(UTC)
    today = staffed.facts("staff", "role", COOP, "ito", "operator", "--from", day(0), *ABOUT)
    assert datetime.fromisoformat(today["start"]) >= before - timedelta(milliseconds=1), "from now, not from midnight"
    ended = staffed.facts("staff", "end-role", COOP, "ito-operator-1", "--to", day(3), *ABOUT)
    assert ended["index"] == 9
    [ito] = [one for one in staffed.facts("staff", "list", COOP) if one["person"] == "ito"]
    ends = {role["id"]: role["end"] for role in ito["roles"]}
    assert datetime.fromisoformat(ends["ito-operator-1"]) == midnight_after(
        jst_day(datetime.now(UTC)) + timedelta(days=3)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", COOP, "sato", "--name", "別人", *ABOUT), "choose another id"),
        (("add", COOP, "Sato", "--name", "別人", *ABOUT), "cannot be a person's id"),
        (("add", COOP, "mori", "--name", "森", "--by", "通行人", "--reason", "採用"), "通行人"),
        (("leave", COOP, "nobody", *ABOUT), "gateway staff list"),
        (("leave", COOP, "tanaka", *ABOUT), "an approver must remain"),
        (("role", COOP, "sato", "operator", *ABOUT), "nobody gives themself a role"),
        (("role", COOP, "ito", "admin", *ABOUT), "部署"),
        (("role", COOP, "suzuki", "admin", *SOMU, *ABOUT), "suzuki-admin-1"),
        (("role", COOP, "ito", "auditor", "--from", "2020-01-01", *ABOUT), "in the past"),
        (("role", COOP, "ito", "auditor", "--from", day(3), "--to", day(2), *ABOUT), "comes after its beginning"),
        (("deputy", COOP, "ito", "--for", "suzuki", *SOMU, "--to", day(9), *ABOUT), "in their own right"),
        (("deputy", COOP, "ito", "--for", "tanaka", *SOMU, "--to", day(401), *ABOUT), "400 days"),
        (("end-role", COOP, "tanaka-manager-1", *ABOUT), "an approver must remain"),
        (("end-role", COOP, "ito-admin-1", *ABOUT), "there is no role"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_the_mend(staffed: Gateway, arguments: tuple[str, ...], said: str) -> None:
    before = staffed.run("log", "tail", COOP)
    refusal = staffed.run("staff", *arguments, code=1)
    assert said in refusal
    assert " / " in refusal
    assert staffed.run("log", "tail", COOP) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "nowhere"),
        ("add", "nowhere", "sato", "--name", "佐藤", *SET_UP),
        ("add", COOP, "sato", "--name", " ", *SET_UP),
        ("add", COOP, "sato", "--name", "佐藤", "--by", " ", "--reason", "導入"),
        ("leave", COOP, "sato", "--by", "sato", "--reason", ""),
        ("role", COOP, "sato", "owner", *SET_UP),
        ("role", COOP, "sato", "auditor", "--to", "next year", *SET_UP),
        ("deputy", COOP, "sato", "--for", "tanaka", *SOMU, *SET_UP),
        ("password", "nowhere", "sato", "--stdin"),
        ("password", COOP, "nobody", "--stdin"),
    ],
)
def test_a_command_line_that_says_nothing_sensible(gateway: Gateway, arguments: tuple[str, ...]) -> None:
    gateway.run("staff", *arguments, stdin=f"{GOOD}\n", code=2)
    assert gateway.run("log", "tail", COOP) == ""


def test_a_set_up_is_told_as_one_in_the_log(staffed: Gateway) -> None:
    with closing(sqlite3.connect(staffed.folder / "gateway.db")) as db:
        entries = [bytes(entry).decode() for (entry,) in db.execute("SELECT entry FROM log_entry ORDER BY idx")]
    assert [BOOTSTRAP in entry for entry in entries] == [True] * 5 + [False] * 2


def test_a_password_and_its_authenticator(staffed: Gateway) -> None:
    said = staffed.run("staff", "password", COOP, "ito", "--stdin", stdin=f"{GOOD}\n")
    [uri] = [line for line in said.splitlines() if line.startswith("otpauth://totp/")]
    assert GOOD not in said
    authenticator = pyotp.parse_uri(uri)
    assert isinstance(authenticator, pyotp.TOTP)
    assert (authenticator.name, authenticator.issuer) == ("ito", f"gw.example.coop {COOP}")
    kept = row(staffed, "ito")
    assert kept["password"].startswith("$argon2id$")
    assert verify_password(kept["password"], GOOD)
    secret = base64.b32decode(authenticator.secret)
    key = totp_key(KeyFiles(staffed.folder / "keys").coop_secrets(COOP))
    assert secret not in kept["totp"]
    assert open_totp(kept["totp"], key) == secret

    other = staffed.facts("staff", "password", COOP, "ito", "--stdin", stdin="another long password\r\n")
    assert other == {"person": "ito", "totp": None}, "the authenticator stays"
    assert row(staffed, "ito")["totp"] == kept["totp"]
    assert verify_password(row(staffed, "ito")["password"], "another long password")

    renewed = staffed.facts("staff", "password", COOP, "ito", "--stdin", "--totp", stdin=GOOD)
    opened = open_totp(row(staffed, "ito")["totp"], key)
    assert base64.b32encode(opened).decode() in renewed["totp"]
    assert opened != secret


def test_a_new_password_unlocks_and_signs_out(staffed: Gateway) -> None:
    with closing(sqlite3.connect(staffed.folder / "gateway.db")) as db, db:
        db.execute("UPDATE person SET failures=9, locked_until=99999999999999, counter=58 WHERE id='ito'")
        db.execute(
            "INSERT INTO staff_session VALUES (x'01', ?, 'ito', 'c', 1, 1), (x'02', ?, 'sato', 'c', 1, 1)", (COOP,) * 2
        )
    staffed.run("staff", "password", COOP, "ito", "--stdin", stdin=GOOD)
    kept = row(staffed, "ito")
    assert (kept["failures"], kept["locked_until"], kept["counter"]) == (0, None, 58), "a code stays spent"
    with closing(sqlite3.connect(staffed.folder / "gateway.db")) as db:
        assert db.execute("SELECT person FROM staff_session").fetchall() == [("sato",)]


@pytest.mark.parametrize("typed", ["", "eleven char", "Suzuki is my name", "x" * 257])
def test_a_password_that_is_refused_leaves_what_was(staffed: Gateway, typed: str) -> None:
    said = staffed.run("staff", "password", COOP, "suzuki", "--stdin", stdin=f"{typed}\n", code=1)
    assert not typed or typed not in said
    assert " / " in said
    assert row(staffed, "suzuki")["password"] == ""


def test_who_has_left_gets_no_password(staffed: Gateway) -> None:
    staffed.run("staff", "leave", COOP, "ito", *ABOUT)
    staffed.run("staff", "password", COOP, "ito", "--stdin", stdin=GOOD, code=2)
    assert row(staffed, "ito")["password"] == ""


@pytest.mark.parametrize(("again", "code"), [(GOOD, 0), (GOOD + "!", 1)])
def test_on_a_terminal_it_is_typed_twice_and_never_shown(staffed: Gateway, again: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "staff", "password", COOP, "ito"]
    with subprocess.Popen(
        command,
        env={**os.environ, **staffed.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as gateway:
        os.close(theirs)
        shown = _until(ours, "new password")
        os.write(ours, f"{GOOD}\n".encode())
        shown += _until(ours, "once more")
        os.write(ours, f"{again}\n".encode())
        shown += _until(ours, None)
        assert gateway.wait(60) == code, shown
    os.close(ours)
    assert GOOD not in shown
    assert ("otpauth://" in shown) is (code == 0)
    assert bool(row(staffed, "ito")["password"]) is (code == 0)


def _until(terminal: int, text: str | None) -> str:
    """Read what a terminal shows until a text and what follows it on the line, or to the end."""
    shown = b""
    while text is None or f"{text}: ".encode() not in shown:
        assert select.select([terminal], [], [], 60)[0], shown
        try:
            read = os.read(terminal, 65_536)
        except OSError:  # nobody has the other side open any more
            read = b""
        if not read:
            break
        shown += read
    return shown.decode()
