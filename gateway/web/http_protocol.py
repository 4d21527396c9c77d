"""What ASGI no longer shows is refused on the wire: odd targets, framings and versions, and requests that never end.

Layer (a) of security profile §1, on uvicorn's httptools protocol. One request at a time has the connection: bytes of a
second one that arrive before the first is answered are never read, and the connection ends with the first answer. So
a request smuggled behind another has nobody to answer it. (RFC 9112 §9.3.2 lets a server close; clients then retry.)
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import Enum
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.web.guard import CLOSE, HEADERS_LIMIT, TARGET_LIMIT
from gateway.web.headers import with_fixed_headers
from gateway.web.http_cycle import Cycle
from gateway.web.problems import Problem, Slug, problem_response

HEAD_LIMIT: Final = TARGET_LIMIT + HEADERS_LIMIT + 64
"""Bytes a head may have while it is incomplete: target and headers, and the rest of the request line."""

MESSAGE_LIMIT: Final = 256 * 1024
"""Bytes a message may have on the wire while it is incomplete: the largest body, and chunk framing around it."""


class _Stage(Enum):
    BETWEEN = 0
    HEAD = 1
    BODY = 2


class GuardedProtocol(HttpToolsProtocol):
    """A connection on which a request is either understood in exactly one way or refused and cut off.

    `count` receives the slug of every refusal sent. `head_timeout` seconds are given for a head, from the opening of the
    connection or its first byte on a kept one; then `body_timeout` for the body; `linger` to a refused client to stop
    sending. `message_limit` is in bytes.

    A callback that raises stops the parser, and uvicorn then calls `send_400_response`, as for the parser's own errors.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        count: Callable[[str], None],
        head_timeout: float = 10.0,
        body_timeout: float = 10.0,
        linger: float = 1.0,
        message_limit: int = MESSAGE_LIMIT,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._count = count
        self._head_timeout = head_timeout
        self._body_timeout = body_timeout
        self._linger = linger
        self._message_limit = message_limit
        self._stage = _Stage.BETWEEN
        self._size = 0
        self._over = False
        self._deadline: asyncio.TimerHandle | None = None
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self._wait_for_more(0, seconds=self._head_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        super().data_received(data)
        # For a request that came whole, the usual case, nothing below is to be done.
        if self._stage is _Stage.BODY:
            self._wait_for_more(len(data), seconds=self._body_timeout)
            if self._size > self._message_limit:
                self._refuse("too-large")
        elif not self._in_flight():
            self._wait_for_more(len(data), seconds=self._head_timeout)
            if self._size > HEAD_LIMIT:
                self._refuse("uri-too-long" if len(self.url) > TARGET_LIMIT else "headers-too-large")

    def on_message_begin(self) -> None:
        if self._in_flight():
            raise ValueError("a request before the answer to the last one")
        super().on_message_begin()
        self._stage = _Stage.HEAD

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/") or b"#" in self.url:
            raise ValueError("the target is not in origin form (RFC 9112 §3.2.1)")
        if self.parser.get_http_version() != "1.1":
            raise ValueError("the version is not HTTP/1.1")
        if self.parser.should_upgrade():
            # The parser takes what follows an upgrade for another protocol and would let a body pass as a request.
            raise ValueError("an upgrade")
        encodings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if encodings and encodings != [b"chunked"]:
            raise ValueError("the transfer encoding is not `chunked`, once")
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = target.path
        scope["query_string"] = target.query or b""
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self._start_asgi_task(self.cycle, self.app)
        self.headers = []  # the request keeps its own list: trailers must not join headers that were checked
        self._stage = _Stage.BODY
        self._stop_waiting()

    def on_message_complete(self) -> None:
        if self.headers:
            raise ValueError("trailers")
        super().on_message_complete()
        self._stage = _Stage.BETWEEN
        self._stop_waiting()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's text is not ours
        self._refuse("malformed")

    def _in_flight(self) -> bool:
        return not getattr(self.cycle, "response_complete", True)  # uvicorn has None here before the first request

    def _wait_for_more(self, received: int, *, seconds: float) -> None:
        self._size += received
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self._overdue)

    def _stop_waiting(self) -> None:
        self._size = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _overdue(self) -> None:
        if self._size:
            self._refuse("request-timeout")
        else:
            self.transport.close()  # nobody spoke: nobody to answer

    def _refuse(self, slug: Slug) -> None:
        if self._over or self.transport.is_closing():
            return
        self._over = True
        if self._in_flight():
            if self._stage is not _Stage.BODY or self.cycle.response_started:
                # An answer is due or on its way: it goes out whole, and the connection ends with it.
                self.cycle.keep_alive = False
                return
            # The refused request is the one in hand: for its reader the client has left.
            self.cycle.disconnected = True
            self.cycle.waiting_for_100_continue = False
            self.cycle.message_event.set()
        self._count(slug)
        self._stop_waiting()
        self.transport.write(self._document(slug))
        # Closing over unread bytes would reset the connection, and the reset can overtake the document.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline = self.loop.call_later(self._linger, self.transport.close)

    def _document(self, slug: Slug) -> bytes:
        request_id = secrets.token_hex(16)
        response = problem_response(Problem(slug, headers=CLOSE), request_id)
        headers = [*self.server_state.default_headers, *with_fixed_headers(response.raw_headers, request_id)]
        lines = [b"%b: %b\r\n" % header for header in headers]
        return b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", response.body])
