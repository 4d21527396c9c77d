"""The command line as its users type it: exit codes, and what is said when it refuses."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.forked import command
from tests.house import environment_of


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("gateway")
    return {**os.environ, **environment_of(folder, f"sqlite:///{folder}/gateway.db", "kyoritsusha", "coopdeli")}


def gateway(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return command(*arguments, env=environment, stdin=stdin)


def test_lint_names_the_five_gaps_of_coopdeli_and_needs_no_settings() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    result = gateway(bare, "policy", "lint", "policies/coopdeli", "--json")
    assert result.returncode == 0, result.stderr
    findings = json.loads(result.stdout)
    gaps = {one["subject"] for one in findings if one["rule"].startswith("法27条5項3号") and "gap" in json.dumps(one)}
    subjects = {one["subject"] for one in findings}
    expected = {
        "items",
        "joint_purposes",
        "responsible_party.name",
        "responsible_party.address",
        "responsible_party.representative",
    }
    assert expected <= subjects | gaps


def test_lint_of_a_broken_file_exits_1_with_file_line_rule_and_mend(tmp_path: Path) -> None:
    bad = tmp_path / "policies" / "kyoritsusha"
    bad.mkdir(parents=True)
    (tmp_path / "partners").mkdir()
    (bad / "fields.yaml").write_text("coop: kyoritsusha\ncoop: twice\nfields: {}\n")
    for lang, word in (("ja", "`coop`"), ("en", "`coop`")):
        result = gateway(dict(os.environ), "policy", "lint", str(bad), "--lang", lang)
        assert result.returncode == 1
        assert "fields.yaml:2:" in result.stdout
        assert word in result.stdout


def test_the_schemas_are_json_schema() -> None:
    result = gateway(dict(os.environ), "policy", "schema")
    assert result.returncode == 0
    assert set(json.loads(result.stdout)) >= {"notice", "fields", "agreement", "partner"}


def test_the_first_hour_of_a_gateway(environment: dict[str, str], tmp_path: Path) -> None:
    """Keys, schema, policy by two people, a partner's keys, a stop, and the log verified by an auditor."""

    def done(*arguments: str, stdin: str = "", code: int = 0) -> str:
        result = gateway(environment, *arguments, stdin=stdin)
        assert result.returncode == code, (arguments, result.stdout, result.stderr)
        return result.stderr if code else result.stdout

    done("keys", "init")
    done("migrate")
    alone = done(
        "policy", "publish", "kyoritsusha", "--proposer", "佐藤", "--approver", "佐藤", "--reason", "試験", code=1
    )
    assert "佐藤" in alone
    done("policy", "publish", "kyoritsusha", "--proposer", "佐藤", "--approver", "鈴木", "--reason", "試験")
    history = json.loads(done("policy", "history", "kyoritsusha", "--json"))
    assert [version["entry"] for version in history] == [0]

    done("client", "register", str(tmp_path / "sunnet"))
    jwks = tmp_path / "sunnet" / "public.jwks.json"
    assert '"d"' not in jwks.read_text()
    done("partner", "add-key", "kyoritsusha", "sunnet", "sunnet-demo", str(jwks), "--by", "運用", "--reason", "試験")
    done("partner", "resume", "kyoritsusha", "sunnet", "--by", "運用", "--reason", "試験")
    again = done(
        "partner",
        "add-key",
        "kyoritsusha",
        "jccu",
        "jccu-demo",
        str(jwks),
        "--by",
        "運用",
        "--reason",
        "試験",
        code=1,
    )
    assert "registered already" in again
    listed = json.loads(done("partner", "list", "kyoritsusha", "--json"))
    assert {one["partner"]: one["state"] for one in listed}["sunnet"] == "active"
    assert len(json.loads(done("partner", "keys", "kyoritsusha", "sunnet", "--json"))) == 2

    stop = ("--kind", "stop_provide", "--by", "窓口", "--reason", "申出")
    done("member", "restrict", "kyoritsusha", "--codes", "-", *stop, stdin="00000101\n00000102\n")
    done("member", "lift", "kyoritsusha", "--codes", "-", *stop, stdin="00000101\n")
    done("member", "restrict", "kyoritsusha", "--codes", "-", *stop, stdin="", code=2)
    done("partner", "suspend", "nowhere", "sunnet", "--by", "運用", "--reason", "試験", code=2)

    exported = json.loads(done("log", "export", "kyoritsusha", str(tmp_path / "log"), "--json").splitlines()[-1])
    (tmp_path / "log.vkey").write_text(exported["vkey"])
    verified = json.loads(
        done("log", "verify", str(tmp_path / "log"), "--key", str(tmp_path / "log.vkey"), "--json").splitlines()[-1]
    )
    assert verified["ok"]
    assert verified["counts"] == {"publish": 1, "partner": 3, "key": 1, "restrict": 2}
    bundle = next(path for path in (tmp_path / "log" / "tile" / "entries").rglob("*") if path.is_file())
    data = bytearray(bundle.read_bytes())
    data[40] ^= 1
    bundle.write_bytes(data)
    done("log", "verify", str(tmp_path / "log"), "--key", str(tmp_path / "log.vkey"), code=1)


def test_a_wrong_setting_is_named(environment: dict[str, str]) -> None:
    result = gateway({**environment, "GATEWAY_PORT": "many"}, "config")
    assert result.returncode == 2
    assert "GATEWAY_PORT" in result.stderr
    unknown = gateway({**environment, "GATEWAY_PROT": "1"}, "config")
    assert unknown.returncode == 2
    assert "GATEWAY_PROT" in unknown.stderr


def test_a_database_that_does_not_answer_is_exit_3(environment: dict[str, str]) -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
    result = gateway({**environment, "GATEWAY_DATABASE_URL": url}, "policy", "history", "kyoritsusha")
    assert result.returncode == 3
    assert "does not answer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("url", ["postgresql://gateway@127.0.0.1/gateway", "sqlite:///", "gateway.db"])
def test_a_database_of_another_kind_is_a_wrong_setting(environment: dict[str, str], url: str) -> None:
    result = gateway({**environment, "GATEWAY_DATABASE_URL": url}, "migrate")
    assert result.returncode == 2
    assert "GATEWAY_DATABASE_URL: Value error, this is `postgresql+asyncpg://" in result.stderr


def test_a_port_that_is_taken_is_told_as_no_file(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gateway(environment, "migrate")
        gateway(environment, "keys", "init")
        result = gateway({**environment, "GATEWAY_PORT": str(taken.getsockname()[1])}, "serve")
    assert result.returncode == 2
    assert "None" not in result.stderr
    assert "cannot be used: Address already in use" in result.stderr
