"""private_key_jwt, checks 4–11: each broken alone, and in their order; outside they are all the same."""

import contextlib
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, strategies as st

from gateway.jose.rfc7517 import PublicKey
from gateway.oauth.rfc6749 import OAuthError, error_body
from gateway.oauth.rfc7523 import ASSERTION_TYPE, Assertion, check_assertion, peek_assertion
from tests.jose.tokens import compact, ec_key, ec_public, rsa_key, rsa_public, without

ISSUER = "https://gw.example.coop"
NOW = 1_800_000_000
HEADER = {"alg": "ES256", "kid": "k1", "typ": "JWT"}
CLAIMS: dict[str, object] = {
    "iss": "jccu",
    "sub": "jccu",
    "aud": ISSUER,
    "exp": NOW + 60,
    "iat": NOW,
    "jti": "assertion-1",
}
KEYS = {"k1": ec_public(), "r1": rsa_public(kid="r1")}


def authenticate(
    assertion: str | None,
    *,
    assertion_type: str | None = ASSERTION_TYPE,
    keys: dict[str, PublicKey] = KEYS,
    client_id: str | None = None,
) -> Assertion:
    presented = peek_assertion(assertion_type, assertion)
    key = keys.get(presented.kid) if presented.client_id == "jccu" else None
    return check_assertion(presented, key=key, issuer=ISSUER, now=NOW, client_id_param=client_id)


def refusal(
    assertion: str | None,
    *,
    assertion_type: str | None = ASSERTION_TYPE,
    keys: dict[str, PublicKey] = KEYS,
    client_id: str | None = None,
) -> str:
    with pytest.raises(OAuthError) as caught:
        authenticate(assertion, assertion_type=assertion_type, keys=keys, client_id=client_id)
    assert (caught.value.error, caught.value.status) == ("invalid_client", 401)
    assert error_body(caught.value) == error_body(OAuthError("invalid_client", "any"))
    return caught.value.reason.removeprefix("assertion:")


def asserted(**change: object) -> str:
    return compact(HEADER, CLAIMS | change)


@pytest.mark.parametrize("typ", [{}, {"typ": "JWT"}, {"typ": "client-authentication+jwt"}])
def test_a_client_is_known_by_its_assertion(typ: dict[str, str]) -> None:
    token = compact(without(HEADER, "typ") | typ, CLAIMS)
    assert authenticate(token) == Assertion(client_id="jccu", jti="assertion-1", exp=NOW + 60)
    assert authenticate(token, client_id="jccu").client_id == "jccu"


def test_a_registered_rsa_key_signs_with_ps256() -> None:
    assert authenticate(compact({"alg": "PS256", "kid": "r1"}, CLAIMS, key=rsa_key())).client_id == "jccu"


def test_the_peek_says_whom_to_look_up() -> None:
    presented = peek_assertion(ASSERTION_TYPE, asserted(sub="another", iss="liar"))
    assert (presented.client_id, presented.kid) == ("another", "k1")
    assert "liar" not in repr(presented.compact)


@pytest.mark.parametrize(
    "change", [{"exp": NOW - 9}, {"exp": NOW + 300}, {"iat": NOW + 30}, {"nbf": NOW + 30}, {"iat": 0},
               {"jti": "j" * 8}, {"jti": "j" * 128}, {"extra": {"ignored": [1]}}]
)  # fmt: skip
def test_the_last_values_that_are_accepted(change: dict[str, object]) -> None:
    assert authenticate(asserted(**change)).client_id == "jccu"


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_times_that_may_be_absent(name: str) -> None:
    assert authenticate(compact(HEADER, without(CLAIMS, name))).client_id == "jccu"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "other"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": ISSUER + "/oauth/token"}, "aud"),
        ({"aud": ISSUER + "/"}, "aud"),
        ({"aud": [ISSUER]}, "aud"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud"),
        ({"aud": "https://other.example"}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": NOW - 10}, "exp"),
        ({"exp": NOW + 301}, "exp"),
        ({"exp": str(NOW + 60)}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": NOW + 31}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": NOW + 31}, "nbf"),
        ({"nbf": "0"}, "nbf"),
        ({"jti": "j" * 7}, "jti"),
        ({"jti": "j" * 129}, "jti"),
        ({"jti": 12345678}, "jti"),
        ({"sub": ""}, "sub"),
        ({"sub": 1}, "sub"),
        ({"sub": ["jccu"]}, "sub"),
        ({"sub": "unknown", "iss": "unknown"}, "unknown-key"),
        ({"exp": 1.5}, "number"),
    ],
)
def test_claims(change: dict[str, object], why: str) -> None:
    assert refusal(asserted(**change)) == why


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "jti"])
def test_claims_that_may_not_be_absent(name: str) -> None:
    assert refusal(compact(HEADER, without(CLAIMS, name))) == name


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "RS256"}, "alg"),
        ({"typ": "dpop+jwt"}, "typ"),
        ({"typ": "at+jwt"}, "typ"),
        ({"typ": "application/JWT"}, "typ"),
        ({"kid": "unknown"}, "unknown-key"),
        ({"jwk": {}}, "header-member"),
        ({"alg": "PS256"}, "unknown-key"),
    ],
)
def test_headers(header: dict[str, object], why: str) -> None:
    assert refusal(compact(HEADER | header, CLAIMS)) == why


def test_other_faults() -> None:
    assert refusal(asserted(), assertion_type=None) == "type"
    assert refusal(asserted(), assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer") == "type"
    assert refusal(None) == "missing"
    assert refusal(asserted(pad="x" * 8192)) == "too-long"
    assert refusal(compact(without(HEADER, "kid"), CLAIMS)) == "kid"
    assert refusal(asserted(), client_id="other") == "client-id"
    assert refusal(compact(HEADER, CLAIMS, key=ec_key("two"))) == "signature"
    assert refusal(asserted(), keys={}) == "unknown-key"
    assert refusal(compact(b'{"alg":"ES256","alg":"ES256","kid":"k1"}', CLAIMS)) == "duplicate-member"


@pytest.mark.parametrize(("alg", "key"), [("ES256", ec_key("\x01")), ("PS256", rsa_key())])
def test_an_unknown_key_fails_after_a_verification(
    alg: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    token = compact({"alg": alg, "kid": "k9"}, CLAIMS, key=key)
    assert refusal(token) == "unknown-key"


def test_a_signature_by_the_dummy_key_is_refused_all_the_same() -> None:
    dummy = ec.derive_private_key(1, ec.SECP256R1())
    assert refusal(compact(HEADER | {"kid": "k9"}, CLAIMS, key=dummy)) == "unknown-key"
    assert refusal(compact(HEADER, CLAIMS, key=dummy)) == "signature"


FAULTS: dict[str, dict[str, object]] = {
    "type": {"assertion_type": "x"},
    "typ": {"header": {"typ": "at+jwt"}},
    "signature": {"key": "two"},
    "iss": {"claims": {"iss": "x"}},
    "client-id": {"client_id": "x"},
    "aud": {"claims": {"aud": "x"}},
    "exp": {"claims": {"exp": 0}},
    "iat": {"claims": {"iat": NOW + 99}},
    "nbf": {"claims": {"nbf": NOW + 99}},
    "jti": {"claims": {"jti": ""}},
}


@pytest.mark.parametrize(("first", "second"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_earlier_check_answers(first: str, second: str) -> None:
    header, claims, key = HEADER, CLAIMS, "one"
    parameters: dict[str, str] = {}
    for fault in (second, first):
        for place, value in FAULTS[fault].items():
            match place, value:
                case "header", dict():
                    header = header | value
                case "claims", dict():
                    claims = claims | value
                case "key", str():
                    key = value
                case _:
                    parameters[place] = str(value)
    token = compact(header, claims, key=ec_key(key))
    assert first == refusal(
        token,
        assertion_type=parameters.get("assertion_type", ASSERTION_TYPE),
        client_id=parameters.get("client_id"),
    )


@given(st.none() | st.text(max_size=200))
def test_random_assertions_raise_nothing_but_a_refusal(assertion: str | None) -> None:
    assert refusal(assertion)


@given(
    st.dictionaries(st.sampled_from([*CLAIMS, "nbf"]), st.none() | st.booleans() | st.integers(0, 2**40) | st.text())
)
def test_random_claims_raise_nothing_but_a_refusal(change: dict[str, object]) -> None:
    with contextlib.suppress(OAuthError):
        assert authenticate(asserted(**change)).client_id == "jccu"
