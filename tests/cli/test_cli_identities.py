"""gateway staff link | unlink | review, and the settings of an identity provider, as their users type them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from tests.cli.test_cli_staff import ABOUT, SET_UP, SOMU, row
from tests.cli.test_retention_commands import COOP, Gateway
from tests.cli.test_settings import GOOD

ISSUER = "https://login.example.coop/realms/staff"


@pytest.fixture(scope="module")
def staffed_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    path = Path(shutil.copy(sqlite_template, folder / "gateway.db"))
    gateway = Gateway(folder, f"sqlite:///{path}")
    for person, name in (("sato", "佐藤"), ("tanaka", "田中"), ("suzuki", "鈴木")):
        gateway.run("staff", "add", COOP, person, "--name", name, *SET_UP)
    gateway.run("staff", "role", COOP, "sato", "compliance", *SET_UP)
    gateway.run("staff", "role", COOP, "tanaka", "manager", *SOMU, *ABOUT)
    gateway.run("staff", "role", COOP, "suzuki", "admin", *SOMU, *ABOUT)
    return path


@pytest.fixture
def gateway(staffed_database: Path, tmp_path: Path) -> Gateway:
    made = Gateway(tmp_path, f"sqlite:///{shutil.copy(staffed_database, tmp_path / 'gateway.db')}")
    made.environment["GATEWAY_OIDC"] = json.dumps({COOP: provider(tmp_path)})
    return made


def provider(folder: Path, **changes: Any) -> dict[str, Any]:
    secret = folder / "oidc-secret"
    secret.write_text("s" * 32)
    given = {"issuer": ISSUER, "client_id": "gateway", "secret_file": str(secret), "acr": ["mfa"]}
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def test_an_account_is_linked_and_taken_away(gateway: Gateway) -> None:
    assert "結び付けました" in gateway.run("staff", "link", COOP, "tanaka", "--subject", "t-1", *ABOUT)
    assert (row(gateway, "tanaka")["issuer"], row(gateway, "tanaka")["subject"]) == (ISSUER, "t-1")
    assert "別の担当者" in gateway.run("staff", "link", COOP, "suzuki", "--subject", "t-1", *ABOUT, code=1)
    facts = gateway.facts("staff", "unlink", COOP, "tanaka", *ABOUT)
    assert facts["person"] == "tanaka"
    assert row(gateway, "tanaka")["subject"] == ""
    assert "結び付いていません" in gateway.run("staff", "unlink", COOP, "tanaka", *ABOUT, code=1)
    gateway.run("staff", "link", COOP, "suzuki", "--issuer", ISSUER, "--subject", "t-1", *ABOUT)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--issuer", ISSUER + "/"), "issuer"),
        (("--issuer", "https://evil.example"), "issuer"),
        (("--by", "tanaka"), "別の担当者に頼んで"),
    ],
)
def test_a_link_that_is_refused_changes_nothing(gateway: Gateway, more: tuple[str, ...], says: str) -> None:
    assert says in gateway.run("staff", "link", COOP, "tanaka", "--subject", "t-1", *ABOUT, *more, code=1)
    assert row(gateway, "tanaka")["subject"] == ""


def test_without_a_provider_nobody_is_linked(gateway: Gateway) -> None:
    gateway.environment["GATEWAY_OIDC"] = "{}"
    assert "認証基盤ではありません" in gateway.run("staff", "link", COOP, "tanaka", "--subject", "x", *ABOUT, code=1)


def test_who_leaves_is_linked_no_more(gateway: Gateway) -> None:
    gateway.run("staff", "link", COOP, "sato", "--subject", "s-1", "--by", "tanaka", "--reason", "導入")
    gateway.run("staff", "leave", COOP, "sato", "--by", "tanaka", "--reason", "退職")
    assert row(gateway, "sato")["subject"] == ""


def test_the_roles_are_listed_and_signed_by_two(gateway: Gateway) -> None:
    told = gateway.run("staff", "review", COOP)
    assert "fewer than two managers: 総務部" in told
    digest = told.rpartition("--digest=")[2].strip()
    facts = gateway.facts("staff", "review", COOP)
    assert facts[-1]["digest"] == digest
    assert {one["person"] for one in facts[:-1]} == {"sato", "tanaka", "suzuki"}
    sign = ("staff", "review", COOP, "--reason", "年次", f"--digest={digest}", "--by")
    assert "reviewer" not in gateway.run(*sign, "suzuki", code=1)
    assert gateway.facts(*sign, "tanaka")["complete"] is False
    assert "署名しています" in gateway.run(*sign, "tanaka", code=1)
    assert "連署待ち" in gateway.run("staff", "review", COOP)
    assert "完了" in gateway.run(*sign, "sato")


def test_a_signature_says_what_was_seen_and_why(gateway: Gateway) -> None:
    assert "--digest" in gateway.run("staff", "review", COOP, "--by", "tanaka", "--reason", "年次", code=2)
    wrong = gateway.run("staff", "review", COOP, "--by", "tanaka", "--reason", "年次", "--digest", "x", code=1)
    assert "役割が変わりました" in wrong


def test_a_provider_is_read_per_co_op(tmp_path: Path) -> None:
    one = Settings(**{**GOOD, "oidc": {COOP: provider(tmp_path)}}).oidc[COOP]
    assert (one.issuer, one.claim, one.scope, one.max_age_minutes, one.local) == (ISSUER, "sub", "openid", 60, True)
    demo = {**GOOD, "demo": True, "oidc": {COOP: provider(tmp_path, issuer="http://127.0.0.1:9400")}}
    assert Settings(**demo).oidc


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"acr": []}, "more than one factor"),
        ({"acr": [""]}, "more than one factor"),
        ({"issuer": "http://login.example.coop"}, "plain http"),
        ({"issuer": "http://127.0.0.1:9400"}, "plain http"),
        ({"issuer": "login.example.coop"}, "https://"),
        ({"issuer": ISSUER + "?a=b"}, "without a query"),
        ({"scope": "profile"}, "openid"),
        ({"secret_file": "/no/such/file"}, "secret_file"),
        ({"max_age_minutes": 0}, "max_age_minutes"),
        ({"client_id": None}, "client_id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_refused_of_a_provider(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings(**{**GOOD, "oidc": {COOP: provider(tmp_path, **changes)}})


def test_a_co_op_that_there_is_not_has_no_provider(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"GATEWAY_OIDC names `other`"):
        Settings(**{**GOOD, "oidc": {"other": provider(tmp_path)}})
