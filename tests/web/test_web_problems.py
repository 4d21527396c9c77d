"""The table of problems is closed, and a document has the members of its kind and no others."""

import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.web.problems import TABLE, Problem, Slug, problem_of, problem_response
from tests.web.wire import CANARY

STATUSES = {
    "unauthenticated": 401,
    "invalid-request-object": 401,
    "malformed": 400,
    "not-permitted": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "request-timeout": 408,
    "replayed": 409,
    "too-large": 413,
    "uri-too-long": 414,
    "unsupported-media-type": 415,
    "rate-limited": 429,
    "headers-too-large": 431,
    "unavailable": 503,
    "internal": 500,
}


def document(error: Exception) -> dict[str, Any]:
    return json.loads(bytes(problem_response(error, "r-1").body))


def test_the_table_is_the_profiles() -> None:
    assert {slug: status for slug, (status, _) in TABLE.items()} == STATUSES


@pytest.mark.parametrize("slug", TABLE)
def test_a_document_has_four_members(slug: Slug) -> None:
    response = problem_response(Problem(slug), "r-1")
    assert list(json.loads(bytes(response.body)).items()) == [
        ("type", f"urn:joint-use:problem:{slug}"),
        ("title", TABLE[slug][1]),
        ("status", STATUSES[slug]),
        ("request_id", "r-1"),
    ]
    assert response.status_code == STATUSES[slug]
    assert response.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in response.headers


def test_waiting_is_told_twice_and_alike() -> None:
    response = problem_response(Problem("unavailable", retry_after=0), "r-1")
    assert json.loads(bytes(response.body))["retry_after"] == 0
    assert response.headers["retry-after"] == "0"


def test_malformed_alone_points() -> None:
    assert document(Problem("malformed", pointer="/fields/3"))["pointer"] == "/fields/3"
    assert document(Problem("malformed", pointer=""))["pointer"] == ""
    with pytest.raises(ValueError, match="pointer"):
        Problem("not-permitted", pointer="/fields/3")
    with pytest.raises(ValueError, match="pointer"):
        Problem("malformed", pointer="fields/3")


def test_what_is_not_in_the_table_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="table"):
        Problem("teapot")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="seconds"):
        Problem("unavailable", retry_after=-1)


def test_extra_headers_go_out_with_the_document() -> None:
    headers = {"WWW-Authenticate": 'DPoP error="invalid_token"', "DPoP-Nonce": "n"}
    response = problem_response(Problem("unauthenticated", headers=headers), "r-1")
    assert response.headers["www-authenticate"] == 'DPoP error="invalid_token"'
    assert response.headers["dpop-nonce"] == "n"


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (ValueError(CANARY), "internal"),
        (HTTPException(418, CANARY, {"X": CANARY}), "internal"),
        (HTTPException(400, CANARY), "malformed"),
        (HTTPException(404, CANARY), "not-found"),
        (RequestValidationError([{"loc": ("body", CANARY), "msg": CANARY, "input": CANARY}]), "malformed"),
    ],
    ids=["unforeseen", "unknown status", "parsing", "routing", "validation"],
)
def test_of_anothers_failure_only_the_kind_is_told(error: Exception, slug: Slug) -> None:
    response = problem_response(error, "r-1")
    assert document(error) == document(Problem(slug))
    assert CANARY not in str(response.headers.raw)


def test_of_a_wrong_method_the_right_ones_are_told() -> None:
    problem = problem_of(HTTPException(405, CANARY, {"Allow": "GET, HEAD", "X": "y"}))
    assert (problem.slug, problem.headers) == ("method-not-allowed", {"Allow": "GET, HEAD"})
