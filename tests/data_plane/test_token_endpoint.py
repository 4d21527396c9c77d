"""POST /oauth/token, check by check in the order of security profile §4: code, status, body, and what is used up.

Every error is exactly `{error, error_description}` with a fixed text; nothing of the request is echoed.
"""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.answers import assert_oauth_error, assert_problem
from tests.clock import SettableClock
from tests.house import COOP, House, running_house
from tests.simulators.partner import ISSUER, RESOURCE, Partner

FIELDS = ["member_code", "name"]
URL = ISSUER + "/oauth/token"
CANARY = "hanako-takasaki"

Form = dict[str, Any]


@pytest.fixture
async def house(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    """On SQLite: what is said outside does not depend on the database."""
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,), keys=gateway_keys) as running:
        yield running


async def send(partner: Partner, form: Form, **headers: Any) -> httpx2.Response:
    named = {"DPoP": partner.proof("POST", URL), **{name.replace("_", "-"): value for name, value in headers.items()}}
    stated = {name: value for name, value in named.items() if value is not None}
    return await partner.http.post(URL, data={n: v for n, v in form.items() if v is not None}, headers=stated)


# Rows in the order of the checks. Each form is wrong in all later checks too, so that the earlier answer shows the order.
LATE: Form = {"resource": "https://x.example", "scope": "x", "authorization_details": "[]"}
ROWS: dict[str, tuple[Callable[[Partner], Form], dict[str, Any], str, int]] = {
    # 1-3
    "JSON": (lambda p: {}, {"Content_Type": "application/json"}, "invalid_request", 400),
    "another charset": (
        lambda p: {}, {"Content_Type": "application/x-www-form-urlencoded; charset=shift_jis"}, "invalid_request", 400,
    ),
    "no grant type": (lambda p: {"grant_type": None, **LATE}, {"DPoP": "x"}, "invalid_request", 400),
    "another grant type": (lambda p: {"grant_type": "password", **LATE}, {"DPoP": "x"}, "unsupported_grant_type", 400),
    "a refresh": (lambda p: {"grant_type": "refresh_token", "refresh_token": "x"}, {}, "unsupported_grant_type", 400),
    "a secret": (lambda p: {"client_secret": CANARY, **LATE}, {"DPoP": "x"}, "invalid_request", 400),
    "a password in a header": (lambda p: LATE, {"Authorization": "Basic eDp5", "DPoP": "x"}, "invalid_request", 400),
    "21 parameters": (lambda p: {f"p{n}": "x" for n in range(17)}, {}, "invalid_request", 400),
    # 4-8
    "no assertion": (lambda p: {"client_assertion": None, **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    "no assertion type": (lambda p: {"client_assertion_type": None, **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    "another assertion type": (
        lambda p: {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"DPoP": "x"}, "invalid_client", 401,
    ),
    "an unreadable assertion": (lambda p: {"client_assertion": CANARY, **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    "another client_id": (lambda p: {"client_id": "jccu-demo", **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    # 9-11
    "the endpoint as audience": (lambda p: {"client_assertion": p.assertion(aud=URL), **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    "expired": (lambda p: {"client_assertion": p.assertion(exp=0), **LATE}, {"DPoP": "x"}, "invalid_client", 401),
    # 12
    "no proof": (lambda p: LATE, {"DPoP": None}, "invalid_dpop_proof", 400),
    "a bad proof": (lambda p: LATE, {"DPoP": CANARY}, "invalid_dpop_proof", 400),
    # 14-17
    "another resource": (lambda p: LATE, {}, "invalid_target", 400),
    "a scope": (lambda p: {**LATE, "resource": RESOURCE}, {}, "invalid_scope", 400),
    "no details": (lambda p: {"authorization_details": None}, {}, "invalid_authorization_details", 400),
    "details of nothing": (lambda p: {"authorization_details": "[]"}, {}, "invalid_authorization_details", 400),
    "details that are not granted": (
        lambda p: {"authorization_details": json.dumps([p.detail("P9", FIELDS)])}, {}, "invalid_authorization_details", 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
async def test_a_refusal(house: House, sunnet: Partner, name: str) -> None:
    await sunnet.token("P4", FIELDS)
    entries, log = await house.entries(), house.log.calls.copy()
    change, headers, error, status = ROWS[name]
    form = {**sunnet.form(sunnet.detail("P4", FIELDS)), **change(sunnet)}
    response = await send(sunnet, form, **headers)
    assert_oauth_error(response, error, status)
    assert CANARY not in response.text
    assert await house.entries() == entries, "nobody's token is nobody's entry"
    consumes = error in {"invalid_target", "invalid_scope", "invalid_authorization_details"}
    assert (house.log.calls["seen"] > log["seen"]) == consumes, "nothing is used up before check 13"


async def test_a_query_a_repeated_parameter_and_bytes_that_are_no_text(house: House, sunnet: Partner) -> None:
    form = sunnet.form(sunnet.detail("P4", FIELDS))
    assert_oauth_error(await house.http.post(URL + "?grant_type=client_credentials", data=form), "invalid_request")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"grant_type=client_credentials&grant_type=client_credentials", b"grant_type=%ff", b"%zz", b"\xff=x"):
        assert_oauth_error(await house.http.post(URL, content=body, headers=headers), "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        'application/x-www-form-urlencoded; charset="utf-8"',
    ],
)
async def test_the_form_may_name_its_charset(sunnet: Partner, content_type: str) -> None:
    await sunnet.token("P4", FIELDS)
    response = await send(sunnet, sunnet.form(sunnet.detail("P4", FIELDS)), Content_Type=content_type)
    assert response.status_code == 200


async def test_an_empty_parameter_counts_as_absent(sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    form = {**sunnet.form(sunnet.detail("P4", FIELDS)), "scope": "", "resource": "", "client_id": "", "note": "x"}
    assert (await send(sunnet, form)).status_code == 200


async def test_success_says_what_was_granted_and_for_how_long(sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    detail = sunnet.detail("P4", FIELDS, actions=["read"])
    form = {**sunnet.form(detail), "resource": RESOURCE, "client_id": sunnet.client_id}
    response = await send(sunnet, form)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "authorization_details"}
    assert (body["token_type"], body["expires_in"]) == ("DPoP", 300)
    assert body["authorization_details"] == [detail]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["dpop-nonce"]


async def test_unknown_expired_and_not_granted_are_one_answer(house: House, sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    answers = [
        await send(sunnet, sunnet.form(detail))
        for detail in (
            sunnet.detail("P9", FIELDS),
            sunnet.detail("P4", ["email"]),
            sunnet.detail("P4", FIELDS, agreement="kyoritsusha-jccu-01"),
            sunnet.detail("P4", FIELDS, agreement="nobodys"),
            sunnet.detail("P4", FIELDS, coop="elsewhere"),
        )
    ]

    def ended(document: dict[str, Any]) -> None:
        document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["term"]["to"] = "2026-11-21"

    await house.publish(change=ended)
    answers.append(await send(sunnet, sunnet.form(sunnet.detail("P4", FIELDS))))
    assert {(answer.status_code, answer.content) for answer in answers} == {(400, answers[0].content)}
    assert_oauth_error(answers[0], "invalid_authorization_details")


async def test_a_token_names_no_more_fields_than_a_resource_would_read(house: House, sunnet: Partner) -> None:
    detail = sunnet.detail("P4", [f"f{n:03d}" for n in range(500)])
    await sunnet.token("P4", FIELDS)
    assert_oauth_error(await send(sunnet, sunnet.form(detail)), "invalid_authorization_details")


async def test_too_large_and_a_wrong_method_are_problems_here_too(house: House) -> None:
    assert_problem(await house.http.post(URL, content=b"x" * (16 * 1024 + 1)), "too-large")
    refused = await house.http.get(URL)
    assert refused.status_code == 405
    assert refused.headers["content-type"] == "application/problem+json"
