"""Every refusal a client sees is one entry of a closed table, and says nothing more.

Source: security profile §6 "Problems"; RFC 9457 (problem documents), RFC 6901 (pointers), RFC 9110 §10.2.3 (Retry-After).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

Slug = Literal[
    "unauthenticated",
    "invalid-request-object",
    "malformed",
    "not-permitted",
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "replayed",
    "too-large",
    "uri-too-long",
    "unsupported-media-type",
    "rate-limited",
    "headers-too-large",
    "unavailable",
    "internal",
]

TABLE: Final[Mapping[Slug, tuple[int, str]]] = {
    "unauthenticated": (401, "The caller could not be authenticated"),
    "invalid-request-object": (401, "The signed request was not accepted"),
    "malformed": (400, "The request is malformed"),
    "not-permitted": (403, "This release is not permitted"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "request-timeout": (408, "The request was not complete in time"),
    "replayed": (409, "The proof was used before"),
    "too-large": (413, "The request body is too large"),
    "uri-too-long": (414, "The request target is too long"),
    "unsupported-media-type": (415, "The media type or encoding is not supported"),
    "rate-limited": (429, "Too many requests"),
    "headers-too-large": (431, "The request headers are too large"),
    "unavailable": (503, "The service is unavailable for now"),
    "internal": (500, "The request failed inside the gateway"),
}

# What the framework itself raises while it routes and parses; anything else it invents is `internal`.
_OF_FRAMEWORK: Final[Mapping[int, Slug]] = {400: "malformed", 404: "not-found", 405: "method-not-allowed"}


class Problem(Exception):
    """A refusal or failure, in the words the client may know.

    `retry_after` is in whole seconds. `pointer` names the offending part of a `malformed` request as an RFC 6901
    pointer of claim names and array indexes, never a value. `headers` are sent beside the document.

    Errors: ValueError for a slug outside the table, or a member its slug does not carry.
    """

    def __init__(
        self,
        slug: Slug,
        *,
        retry_after: int | None = None,
        pointer: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if slug not in TABLE:
            raise ValueError("the slug is not in the table of problems")
        if pointer is not None and (slug != "malformed" or not (pointer == "" or pointer.startswith("/"))):
            raise ValueError("only `malformed` carries a pointer, and it is an RFC 6901 one")
        if retry_after is not None and retry_after < 0:
            raise ValueError("`retry_after` counts seconds from now on")
        super().__init__(slug)
        self.slug: Slug = slug
        self.retry_after = retry_after
        self.pointer = pointer
        self.headers: Mapping[str, str] = headers or {}


def problem_of(error: Exception) -> Problem:
    """Any failure becomes the one problem the client may know; an unforeseen one becomes `internal`.

    The framework's own errors keep their kind and `Allow`, never their text: it may echo the input.
    """
    match error:
        case Problem():
            return error
        case HTTPException() if error.status_code in _OF_FRAMEWORK:
            allow = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
            return Problem(_OF_FRAMEWORK[error.status_code], headers=allow)
        case RequestValidationError():
            return Problem("malformed")
        case _:
            return Problem("internal")


def problem_response(error: Exception, request_id: str) -> Response:
    """The problem document of a failure: the members of security profile §6, and nothing of the failure's text."""
    problem = problem_of(error)
    status, title = TABLE[problem.slug]
    document: dict[str, str | int] = {
        "type": f"urn:joint-use:problem:{problem.slug}",
        "title": title,
        "status": status,
        "request_id": request_id,
    }
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        document["retry_after"] = problem.retry_after
        headers["Retry-After"] = str(problem.retry_after)
    if problem.pointer is not None:
        document["pointer"] = problem.pointer
    return Response(msgspec.json.encode(document), status, headers, media_type="application/problem+json")


async def answer_problem(request: Request, error: Exception) -> Response:
    """What a route lets out becomes its problem document, with the request id the guard has made."""
    return problem_response(error, request.state.request_id)


HANDLERS: Final[Mapping[int | type[Exception], Any]] = dict.fromkeys(
    (Problem, HTTPException, RequestValidationError, Exception), answer_problem
)
"""For `Starlette(exception_handlers=…)` and `FastAPI(exception_handlers=…)`: no text of theirs reaches a client."""
