"""What may be sent to the staff API: JSON of a closed shape, read once and strictly; the revision that was seen."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request

from gateway.console.api.problems import Malformed, NotJson
from gateway.jose.intake import Malformed as NotStrict, strict_json

_JSON: Final = re.compile(r'application/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?', re.IGNORECASE | re.ASCII)
_ETAG: Final = re.compile(r'"([1-9][0-9]{0,17})"', re.ASCII)
_POINTED: Final = re.compile(r" - at `\$((?:\.[a-z_]+|\[\.\.\.\]|\[[0-9]+\])+)`\Z", re.ASCII)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and direction characters, halves of characters, separators of lines: they would stand in the log for ever."""
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)

Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
DigestBegins = Annotated[str, Meta(pattern=r"\A[0-9a-f]{8,64}\Z")]
Effective = Annotated[datetime, Meta(tz=True)] | None
Files = dict[str, str]


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any body: a key that is not of it is refused."""


class SigningIn(Body, frozen=True, kw_only=True):
    """Who signs in, with what."""

    coop: str
    person: str
    password: str
    code: str

    def __repr__(self) -> str:
        """A password does not print itself."""
        return "<SigningIn>"


class Beginning(Body, frozen=True, kw_only=True):
    """A new proposal: its files, or `base` to begin with those of the version published last."""

    title: str
    department: str
    reason: str
    effective: Effective = None
    files: Files | None = None
    base: bool = False


class Amending(Body, frozen=True, kw_only=True):
    """Everything that a proposal is to say from now on; nothing is kept by leaving it out."""

    title: str
    department: str
    reason: str
    effective: Effective
    files: Files
    revision: int | None = None


class Returning(Body, frozen=True, kw_only=True):
    """A roll-back to the version whose digest begins so."""

    version: DigestBegins
    department: str
    reason: str


class Seen(Body, frozen=True, kw_only=True):
    """A step by somebody who has seen the preview."""

    preview: Digest
    revision: int | None = None


class Said(Body, frozen=True, kw_only=True):
    """A step with a reason."""

    reason: str
    revision: int | None = None


class Reviewing(Body, frozen=True, kw_only=True):
    """A signature on the roles as they were seen."""

    digest: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
    reason: str


class Meant(Body, frozen=True, kw_only=True):
    """A step with nothing said beside it."""

    revision: int | None = None


class Challenging(Body, frozen=True, kw_only=True):
    """The public keys that a partner handed in, for which a challenge is to be made."""

    client: str
    jwks: Any


class Asking(Body, frozen=True, kw_only=True):
    """What takes two people: a resumption, or keys with the partner's answer to its challenge."""

    kind: Literal["keys", "resume"]
    reason: str
    challenge: Any = None
    answer: Any = None


class Reasoned(Body, frozen=True, kw_only=True):
    """A step with a reason, of what has no revisions."""

    reason: str


class EndingKey(Body, frozen=True, kw_only=True):
    """The end of a client's key."""

    client: str
    kid: str
    reason: str


_B = TypeVar("_B", bound=Body)


async def read(request: Request, kind: type[_B]) -> _B:
    """Return the body of a request. Raises NotJson, Malformed."""
    sent = request.headers.get("content-type")
    if sent is None or not _JSON.fullmatch(sent):
        raise NotJson
    try:
        body = msgspec.convert(strict_json(await request.body()), type=kind)
    except NotStrict:
        raise Malformed(
            "本文がJSONとして読めないか、同じキーが2度あるか、入れ子が深すぎます。1つのオブジェクトを送ってください",
            "the body is not JSON, or repeats a key, or is nested too deeply; send one object",
        ) from None
    except msgspec.ValidationError as fault:
        raise _malformed(str(fault)) from None
    for name in kind.__struct_fields__:
        # A password is not shown or kept; files are checked as files.
        if name != "password" and isinstance(value := getattr(body, name), str):
            _check_line(name, value)
    return body


def whole(effective: datetime | None) -> datetime | None:
    """Return an effective time in UTC. Raises Malformed for one that no calendar of ours reaches."""
    try:
        when = None if effective is None else effective.astimezone(UTC)
    except OverflowError:
        when = _LAST
    if when is not None and when >= _LAST:
        raise Malformed(
            "施行日時は9998年までにしてください", "name an effective time before the year 9999", pointer="/effective"
        )
    return when


def etag(revision: int) -> str:
    """Return the entity tag of a revision."""
    return f'"{revision}"'


def revision_seen(request: Request, named: int | None) -> int:
    """Return the revision that an act is decided on: of the body or of `If-Match`, and of both alike. Raises Malformed."""
    sent = request.headers.getlist("if-match")
    tags = [found for found in map(_ETAG.fullmatch, sent) if found is not None]
    if len(sent) > 1 or len(tags) != len(sent):
        raise Malformed(
            'If-Match には、見た ETag を1つだけ、"3" の形で書いてください',
            'If-Match takes the one ETag that you saw, like "3"',
        )
    seen = {int(tag[1]) for tag in tags} | ({named} if named is not None else set())
    if len(seen) != 1:
        raise Malformed(
            "見た revision を本文か If-Match で示してください。両方なら同じ値です",
            "name the revision that you saw, in the body or in If-Match; in both it is the same",
            pointer="/revision",
        )
    return seen.pop()


def only(request: Request, *names: str) -> None:
    """Refuse a query that names anything else, or one thing twice. Raises Malformed."""
    sent = [name for name, _ in request.query_params.multi_items()]
    if not set(sent) <= set(names) or len(sent) != len(set(sent)):
        allowed = ", ".join(names)
        raise Malformed(
            f"URLの ? の後に書けるのは {allowed} を1度ずつだけです" if names else "URLに ? は付けられません",
            f"the query takes {allowed}, each once" if names else "this path takes no query",
        )


def flag(request: Request, name: str) -> bool:
    """Return whether the query says `name=1`. Raises Malformed for any other value."""
    value = request.query_params.get(name)
    if value not in {None, "1"}:
        raise Malformed(f"{name} は 1 だけです。不要なら書かないでください", f"{name} is 1 or left out")
    return value == "1"


def _check_line(name: str, value: str) -> None:
    if any(unicodedata.category(char) in _UNSEEN for char in value):
        raise Malformed(
            "制御文字や改行は使えません。1行で書いてください",
            "it holds a control character or a line break; write one line",
            pointer=f"/{name}",
        )


def _malformed(fault: str) -> Malformed:
    """Say what is wrong with a shape; msgspec's text names our own keys, but an unknown key is the sender's word."""
    found = _POINTED.search(fault)
    pointer = "" if found is None else re.sub(r"\.|\[", "/", found[1].replace("[...]", "")).replace("]", "")
    if fault.startswith("Object contains unknown field"):
        return Malformed(
            "知らないキーがあります。取り除いてください", "a key is not known; take it out", pointer=pointer
        )
    missing = re.match(r"Object missing required field `([a-z_]+)`", fault)
    if missing is not None:
        name = missing[1]
        return Malformed(f"`{name}` がありません。入れてください", f"`{name}` is missing; add it", pointer=pointer)
    return Malformed(
        "値の型か形が違います。/api/openapi.json で確かめてください",
        "the value is not of the type or form that is taken; see /api/openapi.json",
        pointer=pointer,
    )
