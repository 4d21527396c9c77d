"""What the staff API tells whoever is refused: the rule and how to mend it, in both languages.

Staff may be told, unlike partners (web/problems.py, whose table of kinds and statuses this keeps to). INVARIANT: no text
is taken from an error that is not ours to tell, and no value of a request but the name of a file of policies is told.
Source: RFC 9457, RFC 6901 (pointers), RFC 6750 §3 (the challenge of a 401).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.refusal import Refusal
from gateway.control_plane.members.faults import RowsRefused
from gateway.control_plane.refusals import FilesRefused, refused
from gateway.core.refused import Refused
from gateway.ports import Unavailable
from gateway.web.problems import TABLE, Slug, problem_of

OF_THE_PERSON: Final = frozenset({"role", "department", "own", "author", "source"})
"""Rules that say who may act: 403. All others say how things stand: 409."""

OF_THE_FILE: Final = "file:"
"""Rules of a whole file of member events begin so: what was sent is wrong, 400."""

_WORDS: Final[Mapping[Slug, tuple[str, str]]] = {
    "unauthenticated": (
        "トークンがないか、終わっています。POST /api/sessions でサインインし、Authorization: Bearer で送ってください",
        "there is no token, or it has ended; sign in with POST /api/sessions and send it as Authorization: Bearer",
    ),
    "malformed": (
        "要求の形が違います。/api/openapi.json で確かめてください",
        "see /api/openapi.json for what is taken",
    ),
    "not-found": (
        "ここには何もありません。パスと番号を確かめてください",
        "there is nothing here; check the path and the id",
    ),
    "method-not-allowed": (
        "このパスではそのメソッドは使えません。Allow ヘッダーのものを使ってください",
        "this path does not take the method; use one that the Allow header names",
    ),
    "unsupported-media-type": (
        "本文は application/json(UTF-8)で送ってください",
        "send the body as application/json, in UTF-8",
    ),
    "unavailable": (
        "今は応じられません。少し待って、もう一度送ってください",
        "it cannot answer now; try again in a moment",
    ),
    "internal": (
        "ゲートウェイの内部で失敗しました。request_id を添えて管理者に連絡してください",
        "it failed inside the gateway; tell the operators, with the request_id",
    ),
}
_RETRY_S: Final = 1


class Malformed(Exception):
    """A request is not what the API takes; `pointer` (RFC 6901) names the part, of our own names alone."""

    def __init__(self, ja: str, en: str, *, pointer: str | None = None) -> None:
        super().__init__(en)
        self.ja = ja
        self.en = en
        self.pointer = pointer


class NotSignedIn(Exception):
    """A request has no token that stands for a person, or a sign-in was refused."""

    def __init__(self, *, challenge: str = "Bearer", words: tuple[str, str] = _WORDS["unauthenticated"]) -> None:
        super().__init__("not signed in")
        self.challenge = challenge
        self.words = words


class NotJson(Exception):
    """The body's media type is not JSON."""


async def answer_problem(request: Request, error: Exception) -> Response:
    """Turn what a route lets out into its problem document."""
    match error:
        case FilesRefused():
            return _refused(request, error, status=400, findings=error.findings)
        case RowsRefused():
            return _refused(request, error, status=400, faults=error.faults)
        case Refused() if error.rule.startswith(OF_THE_FILE):
            return _refused(request, error, status=400)
        case Refused():
            return _refused(request, error, status=403 if error.rule in OF_THE_PERSON else 409)
        case Refusal(status=403):
            return _refused(request, refused("role"), status=403)
        case Refusal(status=404):
            return _problem(request, "not-found")
        case Malformed():
            more = {} if error.pointer is None else {"pointer": error.pointer}
            return _problem(request, "malformed", words=(error.ja, error.en), more=more)
        case NotSignedIn():
            headers = {"WWW-Authenticate": error.challenge}
            return _problem(request, "unauthenticated", words=error.words, headers=headers)
        case NotJson():
            return _problem(request, "unsupported-media-type")
        case Unavailable():
            request.app.state.desk.telemetry.note("staff api unavailable", fault=str(error))
            headers = {"Retry-After": str(_RETRY_S)}
            return _problem(request, "unavailable", headers=headers, more={"retry_after": _RETRY_S})
        case _:
            known = problem_of(error)
            return _problem(request, known.slug, headers=known.headers)


def _problem(
    request: Request,
    slug: Slug,
    *,
    words: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    status, title = TABLE[slug]
    ja, en = words or _WORDS[slug]
    return _document(request, slug, title, status=status, more={"ja": ja, "en": en, **(more or {})}, headers=headers)


def _refused(request: Request, told: Refused, *, status: int, **listed: object) -> Response:
    more: dict[str, object] = {"rule": told.rule, "ja": told.ja, "en": told.en, **listed}
    return _document(request, "refused", "A rule of the co-op refuses this", status=status, more=more)


def _document(
    request: Request,
    slug: str,
    title: str,
    *,
    status: int,
    more: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> Response:
    document = {
        "type": f"urn:joint-use:problem:{slug}",
        "title": title,
        "status": status,
        "request_id": request.state.request_id,
        **more,
    }
    return Response(msgspec.json.encode(document), status, headers, media_type="application/problem+json")


HANDLERS: Final[Mapping[Any, Any]] = dict.fromkeys(
    (Refused, Refusal, Malformed, NotSignedIn, NotJson, Unavailable, HTTPException, Exception), answer_problem
)
"""For `Starlette(exception_handlers=…)`."""
