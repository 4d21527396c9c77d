"""gateway partner: keys with proof and by two people once anybody has a role; by one, and it says so, before."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_retention_commands import COOP, Gateway
from tests.house import ROOT

CLIENT = (COOP, "sunnet", "sunnet-demo")
TWO_NAMES = ("--proposer", "佐藤", "--approver", "鈴木", "--reason", "初版")
BY = ("--by", "unyo", "--reason", "鍵の交換")


class Desk(Gateway):
    """A gateway with a published policy, a partner with keys, and what people do there."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url)
        for name in ("policies", "partners"):
            self.environment[f"GATEWAY_{name.upper()}"] = str(ROOT / name)
        self.run("policy", "publish", COOP, *TWO_NAMES)
        self.run("client", "register", self.keys)

    @property
    def keys(self) -> str:
        return str(self.folder / "sunnet")

    @property
    def jwks(self) -> str:
        return f"{self.keys}/public.jwks.json"

    def employ(self) -> None:
        said = ("--by", "設置担当", "--reason", "導入")
        for person in ("unyo", "ito"):
            self.run("staff", "add", COOP, person, "--name", person, *said)
        self.run("staff", "role", COOP, "unyo", "operator", *said)
        self.run("staff", "role", COOP, "ito", "manager", "--department", "宅配", "--by", "unyo", "--reason", "着任")

    def proof(self) -> tuple[str, ...]:
        """Make a challenge and let the partner answer it; return the options that hand both in."""
        challenge, answer = (str(self.folder / name) for name in ("challenge.json", "answer.json"))
        Path(challenge).write_text(self.run("partner", "challenge", *CLIENT, self.jwks))
        Path(answer).write_text(self.run("client", "prove", challenge, "--keys", self.keys))
        return "--challenge", challenge, "--answer", answer

    def events(self) -> list[dict[str, Any]]:
        lines = self.run("log", "tail", COOP, "--json", "-n", "1000").splitlines()
        entries = [json.loads(one)["entry"] for one in lines]
        return [one for one in entries if one["kind"] == "partner"]

    def refused(self, rule: str, *arguments: str) -> str:
        before = self.events()
        told = self.run("partner", *arguments, code=1)
        assert f"[{rule}]" in told
        assert self.events() == before
        return told


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Desk:
    return Desk(tmp_path, sqlite_url)


def test_before_anybody_has_a_role_one_command_registers_and_says_whether_it_was_proved(desk: Desk) -> None:
    told = desk.run("partner", "add-key", *CLIENT, desk.jwks, *BY)
    assert "without proof of possession" in told
    assert [one["event"] for one in desk.events()] == ["key_added"] * 2
    assert "proof" not in desk.events()[0]
    again = desk.run("partner", "add-key", *CLIENT, desk.jwks, *BY, code=1)
    assert "registered already" in again
    listed = desk.facts("partner", "requests", COOP)
    assert {(one["state"], one["asker"], one["decider"]) for one in listed} == {("approved", "unyo", None)}


def test_before_anybody_has_a_role_a_proof_is_taken_and_named_in_the_log(desk: Desk) -> None:
    told = desk.run("partner", "add-key", *CLIENT, desk.jwks, *desk.proof(), *BY)
    assert "possession proved" in told
    assert {one["event"] for one in desk.events()} == {"key_added"}
    assert len({one["proof"] for one in desk.events()}) == 1


def test_keys_wait_for_another_who_approves_and_the_log_verifies(desk: Desk, tmp_path: Path) -> None:
    desk.employ()
    told = desk.refused("possession", "add-key", *CLIENT, desk.jwks, *BY)
    assert "gateway partner challenge" in told
    proof = desk.proof()
    waits = desk.facts("partner", "add-key", *CLIENT, desk.jwks, *proof, *BY)
    assert (waits["state"], waits["kind"], waits["entry"]) == ("open", "keys", None)
    desk.refused("waiting", "add-key", *CLIENT, desk.jwks, *proof, *BY)
    desk.refused("role", "approve", COOP, waits["request"], "--by", "unyo")
    assert json.loads(desk.run("partner", "keys", COOP, "sunnet", "--json")) == []
    done = desk.facts("partner", "approve", COOP, waits["request"], "--by", "ito")
    assert (done["state"], done["decider"]) == ("approved", "ito")
    assert len(json.loads(desk.run("partner", "keys", COOP, "sunnet", "--json"))) == 2
    desk.refused("state", "refuse", COOP, waits["request"], "--by", "ito", "--reason", "遅い")
    assert [one["event"] for one in desk.events()] == ["keys_asked", "keys_added"]
    key = json.loads(desk.run("log", "export", COOP, str(tmp_path / "log"), "--json").splitlines()[-1])["vkey"]
    assert "改ざんは見つかりません" in desk.run("log", "verify", str(tmp_path / "log"), "--key", key)


def test_both_may_be_named_at_once(desk: Desk) -> None:
    desk.employ()
    proof = desk.proof()
    desk.refused("own", "add-key", *CLIENT, desk.jwks, *proof, *BY, "--approver", "unyo")
    desk.refused("approver", "add-key", *CLIENT, desk.jwks, *proof, *BY, "--approver", "abe")
    done = desk.facts("partner", "add-key", *CLIENT, desk.jwks, *proof, *BY, "--approver", "ito")
    assert done["proved"]
    desk.refused("approver", "resume", COOP, "sunnet", *BY)
    desk.run("partner", "resume", COOP, "sunnet", *BY, "--approver", "ito")
    assert [(one["event"], one.get("approver")) for one in desk.events()] == [
        ("keys_asked", None), ("keys_added", "ito"), ("resume_asked", None), ("active", "ito"),
    ]  # fmt: skip
    desk.refused("active", "ask-resume", COOP, "sunnet", *BY)


def test_a_resumption_is_asked_for_and_refused_or_withdrawn(desk: Desk) -> None:
    desk.employ()
    for command, by, state in (("refuse", "ito", "refused"), ("withdraw", "unyo", "withdrawn")):
        waits = desk.facts("partner", "ask-resume", COOP, "sunnet", *BY)
        done = desk.facts("partner", command, COOP, waits["request"], "--by", by, "--reason", "まだ早い")
        assert (done["state"], done["said"]) == (state, "まだ早い")
    assert "まだ早い" in desk.run("partner", "requests", COOP)


def test_what_does_not_fit_together_registers_nothing(desk: Desk, tmp_path: Path) -> None:
    option, challenge, _, answer = proof = desk.proof()
    desk.run("client", "register", str(tmp_path / "other"))
    other = str(tmp_path / "other" / "public.jwks.json")
    desk.refused("other", "add-key", *CLIENT, other, *proof, *BY)
    desk.refused("other", "add-key", COOP, "jccu", "jccu-demo", desk.jwks, *proof, *BY)
    desk.refused("answer", "add-key", *CLIENT, desk.jwks, option, challenge, "--answer", challenge, *BY)
    desk.refused("client", "challenge", COOP, "sunnet", "nobody", desk.jwks)
    Path(answer).write_text("{")
    desk.refused("json", "add-key", *CLIENT, desk.jwks, *proof, *BY)
    assert "go together" in desk.run("partner", "add-key", *CLIENT, desk.jwks, option, challenge, *BY, code=2)
    assert "no request" in desk.run("partner", "approve", COOP, "none", "--by", "ito", code=2)
    refused = desk.run("client", "prove", challenge, "--keys", str(tmp_path / "other"), code=1)
    assert "not in this folder" in refused
    desk.run("client", "prove", str(tmp_path / "none.json"), "--keys", desk.keys, code=2)
    assert desk.run("client", "prove", "-", "--keys", desk.keys, stdin=Path(challenge).read_text())
