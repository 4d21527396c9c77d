"""What the client believes of a list of follow-ups, and what it signs in answer: each test bends one thing."""

import json
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client import AnswerRejected, UsageError, duties
from gateway.client.compact import b64u, parse, sha256, sign
from gateway.client.config import config_from
from gateway.client.keys import generate_key
from tests.client.gateway_peer import CLIENT, CONFIG, ISSUER

NOW = 1_800_000_000
GATEWAY = ec.generate_private_key(ec.SECP256R1())
KEY = generate_key("sig")
ONE = {
    "id": "fu-2345",
    "agreement": "kyoritsusha-sunnet-01",
    "duty": "stop_using",
    "due": "2026-11-29",
    "state": "open",
    "opened": "2026-11-22T03:00:00.000Z",
    "count": 1,
    "members": ["00000101"],
    "blocks": "2026-11-30",
}
CLAIMS = {"iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 600, "jti": "r", "coop": "kyoritsusha"}


def listed(header: dict[str, Any] | None = None, **changes: Any) -> duties.Listed:
    claims = CLAIMS | {"follow_ups": [ONE], "_pad": "0"} | changes
    jws = sign(GATEWAY, header={"kid": "gw-1", "typ": "follow-ups+jwt", **(header or {})}, claims=claims)
    return duties.accept(parse(jws), keys={"gw-1": GATEWAY.public_key()}, config=config_from(CONFIG), now=NOW)


def test_a_list_is_read_and_names_nobody_when_printed():
    [one] = listed().follow_ups
    assert (one.id, one.duty, one.members, one.blocks, one.period) == (
        "fu-2345",
        "stop_using",
        ("00000101",),
        "2026-11-30",
        None,
    )
    assert "00000101" not in repr(one)
    assert listed(next="abc").next == "abc"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "jccu-01"}, "aud"),
        ({"coop": "coopdeli"}, "coop"),
        ({"iat": NOW - 3_600, "exp": NOW - 3_000}, "iat"),
        ({"iat": NOW + 60}, "iat"),
        ({"follow_ups": None}, "follow-ups"),
        ({"follow_ups": [ONE | {"duty": "keep"}]}, "follow-ups"),
        ({"follow_ups": [ONE | {"members": [1]}]}, "follow-ups"),
        ({"follow_ups": [ONE | {"blocks": 3}]}, "follow-ups"),
        ({"next": 1}, "follow-ups"),
    ],
)
def test_whatever_is_not_as_it_must_be_is_not_believed(changes: dict[str, Any], check: str):
    with pytest.raises(AnswerRejected) as caught:
        listed(**changes)
    assert caught.value.check == check


def test_a_list_that_another_signed_is_not_believed():
    with pytest.raises(AnswerRejected) as caught:
        listed({"kid": "gw-2"})
    assert caught.value.check == "kid"


def test_what_is_signed_in_answer_names_the_follow_up_and_no_member():
    sent = duties.signed_answer(config_from(CONFIG), "fu-2345", "2026-11-25 消去した", key=KEY, now=NOW)
    claims = parse(sent.jws).verify(KEY.private.public_key())
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "coop", "follow_up", "event", "certificate"}
    assert (claims["event"], claims["follow_up"]) == ("certified", "fu-2345")
    taken = {"follow_up": "fu-2345", "state": "certified", "signed": b64u(sha256(sent.jws.encode()))}
    assert duties.taken(httpx2.Response(200, content=json.dumps(taken).encode()), sent=sent).state == "certified"
    for bent in ({"follow_up": "fu-2346"}, {"signed": "x"}, {"state": "done"}):
        with pytest.raises(AnswerRejected):
            duties.taken(httpx2.Response(200, content=json.dumps(taken | bent).encode()), sent=sent)


@pytest.mark.parametrize("text", ["", "  ", "x" * 4_001])
def test_a_certificate_that_says_nothing_or_too_much_is_not_signed(text: str):
    with pytest.raises(UsageError):
        duties.signed_answer(config_from(CONFIG), "fu-2345", text, key=KEY, now=NOW)


@pytest.mark.parametrize("identifier", ["", "..", "a/b", "a?b", "x" * 65])
def test_an_id_that_would_change_the_path_is_not_asked_for(identifier: str):
    with pytest.raises(UsageError):
        duties.signed_answer(config_from(CONFIG), identifier, None, key=KEY, now=NOW)
