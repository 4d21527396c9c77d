"""DPoP proofs: the RFC's own, each rule of security-profile §5 broken alone, their order; and the nonces."""

import contextlib
import hashlib
from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from gateway.jose import rfc4648
from gateway.jose.rfc7517 import accept_dpop_jwk
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.rfc9449 import Nonces, Proof, access_token_of, check_proof, replay_key
from tests.jose.tokens import Json, compact, dpop_jwk, ec_key, rsa_key, without

NOW = 1_800_000_000
NONCES = Nonces(b"master of at least thirty-two bytes")
TOKEN = "header.payload.signature"
HTU = "https://gw.example.coop/v1/transfers"
JKT = accept_dpop_jwk(dpop_jwk()).thumbprint
HEADER: dict[str, object] = {"alg": "ES256", "typ": "dpop+jwt", "jwk": dpop_jwk()}
CLAIMS: dict[str, object] = {
    "htm": "POST",
    "htu": HTU,
    "iat": NOW,
    "jti": "proof-1",
    "ath": rfc4648.encode(hashlib.sha256(TOKEN.encode()).digest()),
    "nonce": NONCES.issue(NOW),
}

RFC_9449_FIGURE_2 = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj"
    "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGk"
    "iOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyM"
    "jYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RFC_9449_FIGURE_13 = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj"
    "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGk"
    "iOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZ"
    "SIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP8"
    "6L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
RFC_9449_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_9449_JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def at_resource(proof: str | None, *, jkt: str | None = JKT, token: str = TOKEN, htu: str = HTU) -> Proof:
    return check_proof(proof, htm="POST", htu=htu, now=NOW, nonces=NONCES, access_token=token, jkt=jkt)


def at_token_endpoint(proof: str | None) -> Proof:
    return check_proof(proof, htm="POST", htu=HTU, now=NOW, nonces=NONCES, access_token=None, jkt=None)


def proof(
    *, key: str = "proof", header: dict[str, object] | None = None, claims: Json | None = None, **change: object
) -> str:
    return compact({**HEADER, **(header or {})}, {**CLAIMS, **(claims or {}), **change}, key=ec_key(key))


def refusal(token: str | None, *, jkt: str | None = JKT, error: str = "invalid_dpop_proof") -> str:
    with pytest.raises(OAuthError) as caught:
        at_resource(token, jkt=jkt)
    assert (caught.value.error, caught.value.status) == (error, 401)
    return caught.value.reason.removeprefix("proof:")


def test_rfc_9449_figure_2_lacks_only_our_nonce() -> None:
    with pytest.raises(OAuthError) as caught:
        check_proof(
            RFC_9449_FIGURE_2,
            htm="POST",
            htu="https://server.example.com/token",
            now=1562262616,
            nonces=NONCES,
            access_token=None,
            jkt=None,
        )
    assert (caught.value.error, caught.value.reason) == ("use_dpop_nonce", "proof:nonce-missing")


@pytest.mark.parametrize(
    ("token", "jkt", "why"),
    [(RFC_9449_TOKEN, RFC_9449_JKT, "nonce-missing"), ("other", RFC_9449_JKT, "ath"), (RFC_9449_TOKEN, JKT, "jkt")],
)
def test_rfc_9449_figure_13_is_bound_to_its_token_and_key(token: str, jkt: str, why: str) -> None:
    with pytest.raises(OAuthError) as caught:
        check_proof(
            RFC_9449_FIGURE_13,
            htm="GET",
            htu="https://resource.example.org/protectedresource",
            now=1562262618,
            nonces=NONCES,
            access_token=token,
            jkt=jkt,
        )
    assert caught.value.reason == "proof:" + why


def test_a_proof_shows_its_key() -> None:
    assert at_resource(proof()) == Proof(jkt=JKT, jti="proof-1")
    assert at_token_endpoint(proof(ath="ignored")) == Proof(jkt=JKT, jti="proof-1")


@pytest.mark.parametrize(
    "change", [{"iat": NOW - 60}, {"iat": NOW + 30}, {"jti": "j"}, {"jti": "j" * 256}, {"exp": 0, "extra": []}]
)
def test_the_last_values_that_are_accepted(change: dict[str, object]) -> None:
    assert at_resource(proof(claims=change)).jkt == JKT


@pytest.mark.parametrize(
    "htu",
    [HTU, "HTTPS://gw.example.coop/v1/transfers", "https://GW.Example.COOP:443/v1/transfers"],
)
def test_urls_that_are_the_same(htu: str) -> None:
    assert at_resource(proof(htu=htu)).jkt == JKT
    assert at_resource(proof(), htu=htu).jkt == JKT


def test_the_default_port_is_that_of_its_scheme() -> None:
    demo = "http://127.0.0.1:8400/oauth/token"
    assert at_resource(proof(htu=demo), htu=demo).jkt == JKT
    assert at_resource(proof(htu="http://127.0.0.1:80/x"), htu="http://127.0.0.1/x").jkt == JKT


@pytest.mark.parametrize(
    "htu",
    [
        None,
        1,
        [HTU],
        "",
        "/v1/transfers",
        "gw.example.coop/v1/transfers",
        "http://gw.example.coop/v1/transfers",
        "https://gw.example.coop:80/v1/transfers",
        "https://gw.example.coop:8443/v1/transfers",
        "https://gw.example.coop./v1/transfers",
        "https://user@gw.example.coop/v1/transfers",
        "https://evil.example/v1/transfers",
        HTU + "/",
        HTU + "?",
        HTU + "?a=1",
        HTU + "#",
        HTU + "#a",
        HTU + "\n",
        "https://gw.example.coop/V1/transfers",
        "https://gw.example.coop/v1/../v1/transfers",
        "https://gw.example.coop//v1/transfers",
        "https://gw.example.coop/v1/%74ransfers",
        "https://gw.example.coop\\@evil.example/v1/transfers",
        "https://gw.example.\u212aoop/v1/transfers",
        "http\u017f://gw.example.coop/v1/transfers",
    ],
)
def test_urls_that_are_not_the_same(htu: object) -> None:
    assert refusal(proof(htu=htu)) == "htu"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"htm": "GET"}, "htm"),
        ({"htm": "post"}, "htm"),
        ({"htm": ["POST"]}, "htm"),
        ({"iat": NOW - 61}, "iat"),
        ({"iat": NOW + 31}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": None}, "iat"),
        ({"iat": NOW + 0.5}, "number"),
        ({"jti": ""}, "jti"),
        ({"jti": "j" * 257}, "jti"),
        ({"jti": 1}, "jti"),
        ({"ath": "x"}, "ath"),
        ({"ath": "é"}, "ath"),
        ({"ath": None}, "ath"),
        ({"ath": [CLAIMS["ath"]]}, "ath"),
        ({"ath": str(CLAIMS["ath"]) + "="}, "ath"),
        ({"nonce": None}, "nonce-type"),
        ({"nonce": 1}, "nonce-type"),
        ({"nonce": True}, "nonce-type"),
        ({"nonce": [CLAIMS["nonce"]]}, "nonce-type"),
        ({"nonce": {}}, "nonce-type"),
    ],
)
def test_claims(change: dict[str, object], why: str) -> None:
    assert refusal(proof(claims=change)) == why


@pytest.mark.parametrize("name", ["htm", "htu", "iat", "jti", "ath"])
def test_claims_that_may_not_be_absent(name: str) -> None:
    assert refusal(compact(HEADER, without(CLAIMS, name), key=ec_key("proof"))) == name


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": "DPoP+JWT"}, "typ"),
        ({"typ": "application/dpop+jwt"}, "typ"),
        ({"typ": None}, "typ"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "PS256"}, "alg"),
        ({"alg": "EdDSA"}, "alg"),
        ({"crit": ["exp"]}, "header-member"),
        ({"x5c": []}, "header-member"),
        ({"jwk": None}, "jwk-members"),
        ({"jwk": dpop_jwk() | {"d": "AA"}}, "jwk-members"),
        ({"jwk": dpop_jwk() | {"crv": "P-384"}}, "jwk-kind"),
        ({"jwk": dpop_jwk() | {"x": dpop_jwk()["y"]}}, "jwk-point"),
        ({"jwk": dpop_jwk() | {"x": "AA"}}, "jwk-encoding"),
        ({"jwk": {"kty": "oct", "k": "AA"}}, "jwk-members"),
        ({"jwk": dpop_jwk("other")}, "signature"),
    ],
)
def test_headers(header: dict[str, object], why: str) -> None:
    assert refusal(proof(header=header)) == why


def test_other_faults() -> None:
    assert refusal(None) == "missing"
    assert refusal("") == "segments"
    assert refusal(proof(pad="x" * 4096)) == "too-long"
    assert refusal(compact(without(HEADER, "jwk"), CLAIMS)) == "jwk-missing"
    assert refusal(compact(HEADER | {"alg": "PS256"}, CLAIMS, key=rsa_key())) == "alg"
    assert refusal(proof(key="other", header={"jwk": dpop_jwk("other")})) == "jkt"
    assert refusal(proof(), jkt=None) == "jkt"


def test_a_good_proof_without_a_current_nonce_is_asked_for_one() -> None:
    absent = compact(HEADER, without(CLAIMS, "nonce"), key=ec_key("proof"))
    assert refusal(absent, error="use_dpop_nonce") == "nonce-missing"
    for stale in ("", "x", "é", NONCES.issue(NOW - 300), NONCES.issue(NOW + 60), Nonces(bytes(32)).issue(NOW)):
        assert refusal(proof(nonce=stale), error="use_dpop_nonce") == "nonce-stale"


def test_the_token_endpoint_answers_with_400() -> None:
    for token, error in ((None, "invalid_dpop_proof"), (proof(htm="GET"), "invalid_dpop_proof"),
                         (proof(nonce="x"), "use_dpop_nonce")):  # fmt: skip
        with pytest.raises(OAuthError) as caught:
            at_token_endpoint(token)
        assert (caught.value.error, caught.value.status) == (error, 400)


FAULTS: dict[str, dict[str, object]] = {
    "typ": {"typ": "JWT"},
    "jwk-kind": {"jwk": dpop_jwk() | {"crv": "P-384"}},
    "signature": {"key": "other"},
    "htm": {"htm": "GET"},
    "htu": {"htu": "x"},
    "iat": {"iat": 0},
    "jti": {"jti": ""},
    "ath": {"ath": ""},
    "jkt": {"jkt": RFC_9449_JKT},
    "nonce-type": {"nonce": 1},
}


@pytest.mark.parametrize(("first", "second"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_earlier_check_answers(first: str, second: str) -> None:
    faults = FAULTS[second] | FAULTS[first]
    header = {name: value for name, value in faults.items() if name in HEADER}
    claims = {name: value for name, value in faults.items() if name in CLAIMS}
    token = compact(HEADER | header, CLAIMS | claims, key=ec_key(str(faults.get("key", "proof"))))
    assert refusal(token, jkt=str(faults.get("jkt", JKT))) == first


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "nonce-type"])
def test_a_bad_proof_is_never_given_a_challenge(fault: str) -> None:
    faults = FAULTS[fault] | {"nonce": "stale"}
    header = {name: value for name, value in faults.items() if name in HEADER}
    claims = {name: value for name, value in faults.items() if name in CLAIMS}
    token = compact(HEADER | header, CLAIMS | claims, key=ec_key(str(faults.get("key", "proof"))))
    assert refusal(token, jkt=str(faults.get("jkt", JKT))) == fault


@given(st.none() | st.text(max_size=200))
def test_random_proofs_raise_nothing_but_a_refusal(token: str | None) -> None:
    assert refusal(token)


@given(st.dictionaries(st.sampled_from(list(CLAIMS)), st.none() | st.booleans() | st.integers(0, 2**40) | st.text()))
def test_random_claims_raise_nothing_but_a_refusal(change: dict[str, object]) -> None:
    with contextlib.suppress(OAuthError):
        assert at_resource(proof(claims=change)).jkt == JKT


@given(st.integers(86_400, 2**33), st.integers(-120, 900))
def test_a_nonce_is_good_for_its_minute_and_the_four_after_it(issued: int, later: int) -> None:
    nonce = NONCES.issue(issued)
    now = issued + later
    assert NONCES.valid(nonce, now) == (0 <= now // 60 - issued // 60 <= 4)
    assert Nonces(b"master of at least thirty-two bytes").valid(nonce, issued)
    assert not Nonces(b"another one of thirty-two bytes or so").valid(nonce, issued)


def test_midnight_rejects_nobody() -> None:
    midnight = NOW // 86_400 * 86_400
    assert NONCES.valid(NONCES.issue(midnight - 1), midnight)
    assert NONCES.valid(NONCES.issue(midnight - 1), midnight + 239)
    assert not NONCES.valid(NONCES.issue(midnight - 1), midnight + 240)


def test_nonces_of_different_minutes_differ_and_are_plain() -> None:
    issued = {NONCES.issue(NOW + 60 * minute) for minute in range(3000)}
    assert len(issued) == 3000
    assert all(nonce.isascii() and len(nonce) == 22 for nonce in issued)


def test_a_short_master_is_refused() -> None:
    with pytest.raises(ValueError):
        Nonces(bytes(31))


@pytest.mark.parametrize("header", ["DPoP a.b.c", "dpop a.b.c", "DPOP  a.b.c"])
def test_the_token_of_an_authorization_header(header: str) -> None:
    assert access_token_of(header) == "a.b.c"


@pytest.mark.parametrize(
    "header",
    [None, "", "DPoP", "DPoP ", "Bearer a.b.c", "a.b.c", " DPoP a.b.c", "DPoP a.b.c d", "DPoP a,b", "DPoP\ta", "DPoP a\n",
     "DPoP \u212a", "Basic DPoP a.b.c"],
)  # fmt: skip
def test_any_other_authorization_header(header: str | None) -> None:
    with pytest.raises(OAuthError) as caught:
        access_token_of(header)
    assert (caught.value.error, caught.value.status) == ("invalid_token", 401)


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_two_uses_share_a_replay_key_exactly_when_they_are_the_same(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    assert (replay_key(*one) == replay_key(*two)) == (one == two)
    assert len(replay_key(*one)) == 32


def test_moving_a_character_between_the_parts_makes_another_use() -> None:
    assert len({replay_key("a", "bc", "d"), replay_key("a", "b", "cd"), replay_key("ab", "c", "d")}) == 3
