"""The token request, checks 1–3 and 15–16 in their order, and the two answers."""

import json
from itertools import combinations
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from gateway.oauth.rfc6749 import (
    ErrorCode,
    OAuthError,
    TokenRequest,
    check_target,
    error_body,
    parse_token_request,
    token_body,
)

FORM = "application/x-www-form-urlencoded"
GOOD = {"grant_type": "client_credentials", "client_assertion": "a.b.c"}
RESOURCE = "https://gw.example.coop/v1"


def refusal(body: bytes, content_type: str | None = FORM, *, authorization: str = "") -> tuple[str, str, int]:
    with pytest.raises(OAuthError) as caught:
        parse_token_request(body, content_type=content_type, has_authorization=bool(authorization))
    return caught.value.error, caught.value.reason, caught.value.status


def read(parameters: dict[str, str]) -> TokenRequest:
    return parse_token_request(urlencode(parameters).encode(), content_type=FORM, has_authorization=False)


def test_what_means_something_is_kept_and_the_rest_ignored() -> None:
    asked = {
        "client_assertion_type": "type",
        "client_assertion": "a.b.c",
        "client_id": "jccu 日本",
        "resource": RESOURCE,
        "scope": "x",
        "authorization_details": "[{}]",
    }
    assert read(asked | {"grant_type": "client_credentials", "unknown": "1"}) == TokenRequest(**asked)


def test_a_parameter_without_a_value_counts_as_absent() -> None:
    assert read(GOOD | {"scope": "", "client_secret": "", "resource": ""}) == TokenRequest(client_assertion="a.b.c")


@pytest.mark.parametrize(
    "content_type",
    [FORM, FORM.upper(), FORM + ";charset=UTF-8", FORM + "; charset=utf-8", FORM + ' ; charset="UTF-8"'],
)
def test_the_form_and_its_charset(content_type: str) -> None:
    request = parse_token_request(urlencode(GOOD).encode(), content_type=content_type, has_authorization=False)
    assert request.client_assertion == "a.b.c"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "multipart/form-data",
        FORM + ";charset=iso-8859-1",
        FORM + "; boundary=x",
        FORM + ";",
        FORM + ", " + FORM,
        FORM + ";charset=UTF-8\n",
        FORM + ";charſet=UTF-8",
    ],
)
def test_any_other_content_type(content_type: str | None) -> None:
    assert refusal(urlencode(GOOD).encode(), content_type) == ("invalid_request", "form:content-type", 400)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"grant_type=client_credentials&x=\xff", "form:utf-8"),
        (b"grant_type=client_credentials&x=%ff", "form:utf-8"),
        (b"grant_type=client_credentials&x=%ed%a0%80", "form:utf-8"),
        (b"grant_type=client_credentials&x=%zz", "form:syntax"),
        (b"grant_type=client_credentials&x=100%", "form:syntax"),
        (b"grant_type=client_credentials&x", "form:syntax"),
        (b"grant_type=client_credentials&&x=1", "form:syntax"),
        (b"grant_type=client_credentials&" + b"&".join(b"p%d=" % i for i in range(20)), "form:syntax"),
        (b"grant_type=client_credentials&x=1&x=1", "form:repeated"),
        (b"grant_type=client_credentials&scope=&scope=", "form:repeated"),
        (b"grant_type=client_credentials&grant%5Ftype=client_credentials", "form:repeated"),
        (b"", "grant-type:missing"),
        (b"scope=x", "grant-type:missing"),
        (b"grant_type=", "grant-type:missing"),
        (b"grant_type=client_credentials&client_secret=x", "client:secret"),
    ],
)
def test_requests_that_are_malformed(body: bytes, why: str) -> None:
    assert refusal(body) == ("invalid_request", why, 400)


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "Client_Credentials", "client_credentials "])
def test_any_other_grant(grant: str) -> None:
    body = urlencode({"grant_type": grant}).encode()
    assert refusal(body) == ("unsupported_grant_type", "grant-type:unsupported", 400)


def test_a_second_way_to_authenticate() -> None:
    assert refusal(urlencode(GOOD).encode(), authorization="Basic x") == (
        "invalid_request",
        "client:authorization",
        400,
    )


def test_twenty_parameters_are_the_most() -> None:
    assert read(GOOD | {f"p{i}": "1" for i in range(18)}).client_assertion == "a.b.c"


FAULTS = ["form:content-type", "form:repeated", "grant-type:unsupported", "client:secret", "client:authorization"]


@pytest.mark.parametrize(("first", "second"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_earlier_check_answers(first: str, second: str) -> None:
    both = {first, second}
    body = urlencode(
        [("grant_type", "password" if "grant-type:unsupported" in both else "client_credentials")]
        + [("x", "1"), ("x", "2")] * ("form:repeated" in both)
        + [("client_secret", "x")] * ("client:secret" in both)
    ).encode()
    content_type = None if "form:content-type" in both else FORM
    authorization = "Basic x" if "client:authorization" in both else ""
    assert refusal(body, content_type, authorization=authorization)[1] == first


def test_resource_and_scope() -> None:
    check_target(read(GOOD), resource=RESOURCE)
    check_target(read(GOOD | {"resource": RESOURCE}), resource=RESOURCE)
    for parameters, expected in (
        ({"resource": RESOURCE + "/"}, "invalid_target"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"scope": "members"}, "invalid_scope"),
        ({"scope": "members", "resource": "https://other.example"}, "invalid_target"),
    ):
        with pytest.raises(OAuthError) as caught:
            check_target(read(GOOD | parameters), resource=RESOURCE)
        assert (caught.value.error, caught.value.status) == (expected, 400)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("invalid_request", 400),
        ("unsupported_grant_type", 400),
        ("invalid_client", 401),
        ("invalid_dpop_proof", 400),
        ("use_dpop_nonce", 400),
        ("invalid_target", 400),
        ("invalid_scope", 400),
        ("invalid_authorization_details", 400),
        ("temporarily_unavailable", 503),
        ("invalid_token", 401),
        ("invalid_request_object", 401),
    ],
)
def test_a_refusal_says_two_fixed_things(code: ErrorCode, status: int) -> None:
    one, two = OAuthError(code, "some:reason"), OAuthError(code, "other:reason", status=429)
    assert (one.status, two.status) == (status, 429)
    assert error_body(one) == error_body(two)
    body = json.loads(error_body(one))
    assert list(body) == ["error", "error_description"]
    assert body["error"] == code
    assert "reason" not in body["error_description"]


def test_a_success_says_what_was_granted() -> None:
    body = json.loads(token_body("a.b.c", [{"type": "t"}]))
    assert body == {
        "access_token": "a.b.c",
        "token_type": "DPoP",
        "expires_in": 300,
        "authorization_details": [{"type": "t"}],
    }


def test_a_request_does_not_print_its_assertion() -> None:
    assert "a.b.c" not in repr(read(GOOD))


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), max_size=15))
def test_any_parameters_are_read_back(parameters: dict[str, str]) -> None:
    asked = {name: value for name, value in parameters.items() if name != "client_secret"} | GOOD
    expected = {name: value for name, value in asked.items() if name in TokenRequest.__struct_fields__}
    assert read(asked) == TokenRequest(**expected)


@given(st.binary(max_size=200), st.none() | st.text(max_size=60))
def test_random_requests_raise_nothing_but_a_refusal(body: bytes, content_type: str | None) -> None:
    for kind in (content_type, FORM):
        with pytest.raises(OAuthError):
            parse_token_request(body, content_type=kind, has_authorization=False)
