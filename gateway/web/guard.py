"""No request reaches framework code unless its head is unambiguous and its body complete, in time and within limits.

Layer (b) of security profile §1: pure ASGI, the outermost middleware. Layer (a), http_protocol.py, refuses what ASGI
does not show and keeps the time. A refusal is a problem document, is counted, and ends the connection.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.headers import Header, with_fixed_headers
from gateway.web.problems import Problem, Slug, problem_response

TARGET_LIMIT: Final = 2 * 1024
HEADERS_LIMIT: Final = 16 * 1024
HEADER_LIMIT: Final = 8 * 1024
CLOSE: Final = {"Connection": "close"}
CLIENT_LEFT: Final = "gateway.client_left"
"""Put into a request's scope by the connection where an answer had nobody to go to any more (http_cycle.py)."""

_SINGLE: Final = (b"host", b"authorization", b"dpop", b"content-type", b"content-length")
# `bytes.translate` scans a kilobyte of values in 1 µs; the same character class as a pattern takes ten times that.
_CONTROLS: Final = bytes([*range(0x20), 0x7F])
# Spellings two programs may read as different paths: encoded `/ \ .`, controls and non-ASCII (what is not UTF-8 decodes
# to one replacement character for all), empty and dot segments, parameters.
_AMBIGUOUS_PATH: Final = re.compile(
    rb"%(?:2[ef]|5c|7f|[0189a-f])|//|[\\;]|/\.\.?(?:/|\Z)|[^\x21-\x7e]|\A(?!/)", re.IGNORECASE
)


def head_fault(headers: list[Header], *, raw_path: bytes, query: bytes, hosts: frozenset[bytes]) -> Slug | None:
    """A request head that two programs could read differently, or that is too large, is refused by name.

    `headers` are ASGI pairs, names in lower case; sizes are in bytes, four of them per header for `: ` and CRLF.
    """
    if len(raw_path) + len(query) + 1 > TARGET_LIMIT:
        return "uri-too-long"
    names = [name for name, _ in headers]
    joined_names = b"".join(names)
    joined_values = b"".join([value for _, value in headers])
    size = len(joined_names) + len(joined_values) + 4 * len(headers)
    # One header over its limit needs a total over it, so the usual head is never walked for this.
    if size > HEADERS_LIMIT or (size > HEADER_LIMIT and any(len(n) + len(v) > HEADER_LIMIT for n, v in headers)):
        return "headers-too-large"
    fields = dict(headers)
    if (
        b"_" in joined_names  # some back ends read `_` as `-`
        or len(joined_values.translate(None, _CONTROLS)) != len(joined_values)
        or (len(fields) != len(names) and any(names.count(name) > 1 for name in _SINGLE))
        or fields.get(b"host", b"").lower() not in hosts
        or (b"content-length" in fields and b"transfer-encoding" in fields)
        or not fields.get(b"content-length", b"0").isdigit()
        or _AMBIGUOUS_PATH.search(raw_path)
    ):
        return "malformed"
    if b"content-encoding" in fields:  # `identity` included: nothing here is ever unpacked
        return "unsupported-media-type"
    return None


class Guard:
    """The outermost ASGI application: it alone decides that a request may go further, and it answers for every failure.

    `hosts` is the allow-list of `Host` values, ports included. `body_limit` maps method and path to bytes, 0 for paths
    it does not know. `count` receives the slug of every refusal. `log` receives the type name of an unforeseen
    exception and the request id, never its text. `linger` seconds are given to a refused client to stop sending.

    INVARIANT: the application starts with the whole body at hand, so that no early answer of its own can leave bytes
    on the connection for the next request to begin with.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str],
        body_limit: Callable[[str, str], int],
        count: Callable[[str], None],
        log: Callable[[str, str], None],
        linger: float = 1.0,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().encode("ascii") for host in hosts)
        self._body_limit = body_limit
        self._count = count
        self._log = log
        self._linger = linger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        try:
            await self._handle(scope, exchange)
        except asyncio.CancelledError:
            # The server is stopping and has waited long enough; this is the last frame of the task.
            await exchange.fail(Problem("unavailable"))
        except Exception as error:  # noqa: BLE001 -- whatever the application let out ends here, its text with it
            if not isinstance(error, Problem):
                self._log(type(error).__name__, exchange.request_id)
            await exchange.fail(error)

    async def _handle(self, scope: Scope, exchange: "_Exchange") -> None:
        try:
            receive = await self._admit(scope, exchange)
        except Problem as refusal:
            self._count(refusal.slug)
            await exchange.refuse(refusal, linger=self._linger)
            return
        if receive is None:
            return
        await self._app(scope, receive, exchange.send)
        if not exchange.started:
            raise RuntimeError("the application gave no answer")

    async def _admit(self, scope: Scope, exchange: "_Exchange") -> Receive | None:
        """What the application may read from, or None when the client has left."""
        headers: list[Header] = scope["headers"]
        slug = head_fault(headers, raw_path=scope["raw_path"], query=scope["query_string"], hosts=self._hosts)
        if slug is not None:
            raise Problem(slug, headers=CLOSE)
        fields = dict(headers)
        length = fields.get(b"content-length", b"0").lstrip(b"0")
        if not length and b"transfer-encoding" not in fields:
            return exchange.receive
        limit = self._body_limit(scope["method"], scope["path"])
        if len(length) > len(str(limit)) or int(length or b"0") > limit:
            raise Problem("too-large", headers=CLOSE)
        body = await self._read(exchange, limit)
        return None if body is None else _replay(body, exchange.receive)

    async def _read(self, exchange: "_Exchange", limit: int) -> bytes | None:
        body = bytearray()
        while exchange.unread:
            message = await exchange.receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit:
                raise Problem("too-large", headers=CLOSE)
        return bytes(body)


class _Exchange:
    """One request on its way in and its answer on its way out."""

    __slots__ = ("_receive", "_send", "request_id", "started", "unread")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.request_id = os.urandom(16).hex()
        self.started = False
        self.unread = True

    async def receive(self) -> Message:
        message = await self._receive()
        self.unread = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message = {**message, "headers": with_fixed_headers(message.get("headers", ()), self.request_id)}
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """The failure's document, unless an answer has begun: then the server cuts the connection short of its end."""
        if not self.started:
            response = problem_response(error, self.request_id)
            await self.send(_start(response.status_code, response.raw_headers))
            await self.send(_body(bytes(response.body)))

    async def refuse(self, refusal: Problem, *, linger: float) -> None:
        """The refusal's document at once; the connection ends when the client stops sending, or after `linger`.

        Closing over unread bytes would reset the connection, and the reset can overtake the document.
        """
        response = problem_response(refusal, self.request_id)
        await self.send(_start(response.status_code, response.raw_headers))
        await self.send(_body(bytes(response.body), more=True))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(linger):
                while self.unread:
                    await self.receive()
        await self.send(_body(b""))


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever the server reports: the client's leaving."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _start(status: int, headers: list[Header]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _body(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
