"""The checks a partner runs before its first transfer: one line each, and the mend where one is needed."""

import json
from pathlib import Path

import httpx2
import pytest

from gateway.client import CheckResult, generate_keys, run_checks
from gateway.client.advice import advice
from gateway.client.errors import (
    AnswerRejected,
    ClientError,
    ConfigError,
    NotPermitted,
    Refused,
    TransportError,
    UsageError,
)
from gateway.client.keys import write_key
from tests.client.gateway_peer import CONFIG, FIELDS, KEYS, OTHER_GATEWAY_KEY, Peer, oauth_error

NAMES = ["config", "keys", "metadata", "clock", "token", "grant", "decrypt"]
COMMON = {"coop": CONFIG["coop"], "agreement": CONFIG["agreement"], "terms": {}, "state": "active"}
GRANTS = [
    {**COMMON, "id": "delivery", "purpose": "P4", "fields": dict.fromkeys(FIELDS, "as_is"), "case_required": False},
    {
        **COMMON,
        "id": "trouble",
        "purpose": "P12",
        "products": ["G1"],
        "fields": {"member_code": "as_is", "phone": "last4"},
        "case_required": True,
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "client.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    write_key(tmp_path / "sig.jwk.json", KEYS.sig)
    write_key(tmp_path / "enc.jwk.json", KEYS.enc[0])
    return tmp_path


def check(folder: Path, peer: Peer, **options) -> list[CheckResult]:
    http = httpx2.Client(transport=httpx2.MockTransport(peer.handle))
    return list(run_checks(folder, http=http, clock=lambda: peer.now, **options))


def status(results: list[CheckResult]) -> dict[str, str]:
    assert [result.name for result in results] == NAMES
    assert all((result.advice is not None) == (result.status == "failed") for result in results)
    return {result.name: result.status for result in results}


def test_a_ready_client_is_ok_on_every_line(folder: Path):
    peer = Peer(nonce="n1", grants=GRANTS)
    results = check(folder, peer, lang="en")
    assert set(status(results).values()) == {"ok"}
    assert results[-1].text.endswith("gw.example.coop/kyoritsusha #0")
    assert [asked["members"] for asked in peer.asked] == [["00000000"]]


def test_the_lines_are_said_in_both_languages(folder: Path):
    japanese = check(folder, Peer(grants=GRANTS))
    english = check(folder, Peer(grants=GRANTS), lang="en")
    assert status(japanese) == status(english)
    assert all(
        ours.text.isascii() and not theirs.text.isascii() for ours, theirs in zip(english, japanese, strict=True)
    )


def test_a_broken_configuration_ends_the_checks_at_once(folder: Path):
    (folder / "client.json").write_text("{}", encoding="utf-8")
    peer = Peer()
    results = check(folder, peer, lang="en")
    assert status(results) == dict.fromkeys(NAMES, "not_run") | {"config": "failed"}
    assert "`issuer` must be a text" in results[0].text
    assert peer.seen == []


def test_a_key_open_to_others_is_told(folder: Path):
    (folder / "enc.jwk.json").chmod(0o644)
    results = check(folder, Peer(), lang="en")
    assert status(results)["keys"] == "failed"
    assert "chmod 600" in results[1].text


def test_a_gateway_of_another_name_is_told(folder: Path):
    (folder / "client.json").write_text(
        json.dumps(CONFIG | {"issuer": "https://gw.example.coop:8443"}), encoding="utf-8"
    )
    results = check(folder, Peer(), lang="en")
    assert status(results)["metadata"] == "failed"
    assert "Mend `issuer`" in str(results[2].advice)


def test_a_gateway_out_of_reach_is_told(folder: Path):
    def unreachable(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused", request=request)

    peer = Peer()
    peer.handle = unreachable  # type: ignore[method-assign]  # the peer is gone
    results = check(folder, peer, lang="en")
    assert status(results)["metadata"] == "failed"
    assert "firewall" in str(results[2].advice)


@pytest.mark.parametrize(("apart", "expected"), [(0, "ok"), (-0.3, "ok"), (20, "ok"), (-22, "failed"), (22, "failed")])
def test_a_wrong_clock_is_told_with_its_difference(folder: Path, apart: float, expected: str):
    peer = Peer(grants=GRANTS)
    http = httpx2.Client(transport=httpx2.MockTransport(peer.handle))
    results = list(run_checks(folder, http=http, lang="en", clock=lambda: peer.now - apart))
    assert {result.name: result.status for result in results}["clock"] == expected
    assert f"{round(apart):+d} s apart" in results[3].text


def test_a_gateway_without_a_date_leaves_the_clock_unchecked(folder: Path):
    peer = Peer(grants=GRANTS)
    peer.queued["/.well-known/oauth-authorization-server"] = [peer.metadata()]
    assert status(check(folder, peer)) == dict.fromkeys(NAMES, "ok") | {"clock": "not_run"}


def test_an_unregistered_key_is_told(folder: Path):
    peer = Peer()
    peer.queued["/oauth/token"] = [oauth_error("invalid_client", 401)]
    results = check(folder, peer, lang="en")
    assert status(results) == dict.fromkeys(NAMES, "ok") | {"token": "failed", "grant": "not_run", "decrypt": "not_run"}
    assert "approved" in str(results[4].advice)


def test_a_field_that_is_not_granted_is_named_although_the_gateway_would_not_say(folder: Path):
    grants = [GRANTS[0] | {"fields": {"member_code": "as_is"}}, GRANTS[1]]
    peer = Peer(grants=grants, refused_fields={"name", "postal_code"})
    results = check(folder, peer, lang="en", case="J-1")
    assert status(results) == dict.fromkeys(NAMES, "ok") | {"token": "failed", "grant": "failed"}
    assert results[4].text.endswith("P4: 400 invalid_authorization_details")
    assert results[5].text.endswith("P4: name, postal_code")


@pytest.mark.parametrize("bent", [{"state": "closed"}, {"agreement": "other"}, {"coop": "other"}, {"products": ["G2"]}])
def test_a_grant_that_does_not_cover_the_purpose_is_told(folder: Path, bent: dict[str, object]):
    results = check(folder, Peer(grants=[GRANTS[0], GRANTS[1] | bent]), lang="en")
    assert results[5].text.endswith("P12 G1: member_code, phone")


def test_purposes_that_all_need_a_case_are_tried_only_with_one(folder: Path):
    config = CONFIG | {"purposes": [CONFIG["purposes"][1]]}
    (folder / "client.json").write_text(json.dumps(config), encoding="utf-8")
    peer = Peer(grants=GRANTS)
    assert status(check(folder, peer))["decrypt"] == "not_run"
    assert peer.asked == []
    assert status(check(folder, peer, case="J-2026-1"))["decrypt"] == "ok"
    assert peer.asked[0]["case"] == "J-2026-1"


def test_an_answer_sealed_to_a_replaced_key_is_told(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    other = tmp_path_factory.mktemp("other")
    generate_keys(other)
    (folder / "enc.jwk.json").unlink()
    (other / "enc.jwk.json").rename(folder / "enc.jwk.json")
    results = check(folder, Peer(grants=GRANTS), lang="en")
    assert status(results)["decrypt"] == "failed"
    assert "Put the registered encryption key back" in str(results[-1].advice)


def test_an_answer_by_a_strange_key_is_told(folder: Path):
    results = check(folder, Peer(grants=GRANTS, signer=OTHER_GATEWAY_KEY), lang="en")
    assert status(results)["decrypt"] == "failed"
    assert "Use nothing of this answer" in str(results[-1].advice)


@pytest.mark.parametrize(
    "error",
    [
        ConfigError(file="client.json", message="x"),
        UsageError("x"),
        TransportError("x"),
        AnswerRejected("rqh", "x"),
        NotPermitted(slug="not-permitted", status=403),
        Refused(slug="internal", status=500),
        Refused(slug="unauthenticated", status=401, error="invalid_dpop_proof"),
        ClientError("x"),
    ],
)
def test_every_error_has_advice_in_both_languages(error: ClientError):
    assert advice(error, lang="en").isascii()
    assert advice(error, lang="ja").endswith("。")
