"""What the client says of a leak, that it says the same again when it is asked to wait, and whose answers it believes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2
import pytest
from joserfc import jws

from gateway.client import AnswerRejected, Refused, Report
from tests.client.gateway_peer import CLIENT, CONFIG, KEYS, RESOURCE, Peer, problem, public, sha

INCIDENTS = "/v1/incidents"
REPORT = Report(what="端末を紛失した", discovered=date(2026, 11, 20), known=date(2026, 11, 21), persons=7)


def unbent(document: dict[str, Any]) -> None:
    """Bend nothing."""


@dataclass
class Told(Peer):
    """A gateway that keeps reports."""

    bend_answer: Callable[[dict[str, Any]], None] = unbent

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != INCIDENTS or self.queued.get(INCIDENTS):
            return super().handle(request)
        self.seen.append(request)
        return self.guarded(request, self.kept)

    def kept(self, request: httpx2.Request, _: dict[str, Any]) -> httpx2.Response:
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/jwt"
        signed = jws.deserialize_compact(request.content, public(KEYS.sig), algorithms=["ES256"])
        assert signed.headers() == {"alg": "ES256", "kid": KEYS.sig.kid, "typ": "incident-report+jwt"}
        claims = json.loads(signed.payload or b"")
        assert self.now - 10 < claims["exp"] <= claims["iat"] + 300
        self.asked.append(claims)
        document = {
            "incident": "incident-7k3m9x2p",
            "received": "2026-11-22T03:00:00.000Z",
            "report": claims["jti"],
            "signed": sha(request.content),
        }
        self.bend_answer(document)
        return httpx2.Response(200, json=document)


def test_a_report_says_what_is_known_and_nothing_more():
    peer = Told()
    receipt = peer.client().report_incident(REPORT)
    [claims] = peer.asked
    assert (receipt.incident, receipt.report) == ("incident-7k3m9x2p", claims["jti"])
    assert {name: claims[name] for name in claims if name not in {"iat", "exp", "jti"}} == {
        "iss": CLIENT,
        "aud": RESOURCE,
        "coop": CONFIG["coop"],
        "agreement": CONFIG["agreement"],
        "what": "端末を紛失した",
        "discovered": "2026-11-20",
        "known": "2026-11-21",
        "wrongful": "unknown",
        "encrypted": "unknown",
        "persons": 7,
    }
    assert "紛失" not in repr(REPORT)


@pytest.mark.parametrize("wait", ["20", "299"])
def test_what_is_sent_again_is_the_same_report_though_it_is_signed_anew(wait: str):
    peer = Told()
    peer.queued[INCIDENTS] = [problem("unavailable", 503, headers={"Retry-After": wait})]
    peer.client(retry_budget=300).report_incident(REPORT)
    first, second = (one.content for one in peer.seen if one.url.path == INCIDENTS)
    assert (first == second) is (wait == "20")
    [claims] = peer.asked
    sent = json.loads(jws.extract_compact(first).payload)
    assert claims["jti"] == sent["jti"]


@pytest.mark.parametrize(
    "bent",
    [
        {"report": "another-report"},
        {"signed": "A" * 43},
        {"incident": "../up"},
        {"incident": 7},
        {"received": None},
    ],
)
def test_an_answer_about_another_report_is_not_believed(bent: dict[str, Any]):
    peer = Told(bend_answer=lambda document: document.update(bent))
    with pytest.raises(AnswerRejected) as caught:
        peer.client().report_incident(REPORT)
    assert caught.value.check == "incident"


def test_a_refusal_is_told_with_its_pointer():
    peer = Told()
    peer.queued[INCIDENTS] = [problem("malformed", 400, pointer="/what")]
    with pytest.raises(Refused) as caught:
        peer.client().report_incident(REPORT)
    assert (caught.value.slug, caught.value.pointer) == ("malformed", "/what")
