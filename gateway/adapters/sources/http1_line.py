"""One connection of the HTTP/1.1 client: a request is written, and bytes become its answer (RFC 9112).

An answer is whole when its own framing says so (§6.3, §8): by its length, by its last chunk, or, where it has neither,
by an orderly end of the connection, which cannot tell a whole body from a shorter one; for a JSON object that is
enough, since no part of one is one. A header is looked at only where it frames or encodes the body. No error's text
holds a byte that was sent or received.
"""

import asyncio
from typing import cast

import httptools

MAX_HEAD = 64 * 1024

Answer = tuple[int, bytes]
"""Status and body."""


class Broken(Exception):
    """The connection ended before the answer did, or the answer is no HTTP; another attempt may fare better."""


class Unanswered(Broken):
    """The connection ended before the first byte of an answer."""


class TooLarge(Exception):
    """The answer is larger than the caller takes, by its declared length or by the bytes that came."""


class Encoded(Exception):
    """The answer has a Content-Encoding, which was not asked for."""


class Line(asyncio.Protocol):
    """One connection, one exchange at a time. The parser calls the methods named on_…."""

    __slots__ = (
        "_answer",
        "_framed",
        "_head",
        "_headed",
        "_most",
        "_parser",
        "_parts",
        "_received",
        "_timer",
        "_transport",
        "_until",
        "on_body",
        "reusable",
        "since",
    )

    _transport: asyncio.Transport

    def __init__(self, most: int) -> None:
        self._most = most
        self._answer: asyncio.Future[Answer] | None = None
        self._parts: list[bytes] = []
        self.on_body = self._parts.append
        self.reusable = True
        self.since = self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._received = self._head = 0
        self._framed = self._headed = False
        # One parser reads all answers of the connection, as it would read pipelined ones.
        self._parser = httptools.HttpResponseParser(self)

    async def exchange(self, loop: asyncio.AbstractEventLoop, request: bytes, until: float) -> Answer:
        """Send a request and return the answer to it; whatever is raised, the connection is closed."""
        if not self.reusable:
            raise Unanswered
        self._answer = loop.create_future()
        self._received = self._head = 0
        self._headed = False
        self._watch(loop, until)
        try:
            self._transport.write(request)
            return await self._answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._answer = None  # an idle connection keeps nothing of a member

    def close(self) -> None:
        """End the connection in order; nothing is under way."""
        self.reusable = False
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self.reusable = False
        self._transport.abort()

    def _watch(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        # The timer outlives the exchange and is set again when it rings: one for each call would cost a sixth of it.
        self._until = until
        if self._timer is not None:
            if self._timer.when() <= until:
                return
            self._timer.cancel()
        self._timer = loop.call_at(until, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._answer is None:
            return
        if loop.time() < self._until:
            self._watch(loop, self._until)
        else:
            self._fail(TimeoutError())

    def _fail(self, fault: BaseException) -> None:
        self.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault)

    # ── called by the event loop ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's have all its methods, not its class

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # nobody asked for these bytes, and the next answer must not begin with them
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
            # What a callback raised is the context of what the parser raises.
            why = fault.__context__
            self._fail(why if isinstance(why, TooLarge | Encoded) else Broken())
        if (not self._headed and self._received > MAX_HEAD) or self._received > self._most + MAX_HEAD:
            self._fail(TooLarge())

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self._headed and not self._framed:
            self._complete()
        self._fail(Broken() if self._received else Unanswered())
        self._parts.clear()
        if self._timer is not None:
            self._timer.cancel()

    # ── called by the parser, which refuses conflicting framing itself ──

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            raise Broken  # an answer that nobody asked for
        self._framed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise TooLarge
        match name.lower():
            case b"content-length":
                self._framed = True
                if int(value) > self._most:
                    raise TooLarge
            case b"transfer-encoding":
                self._framed = True
                if value.strip().lower() != b"chunked":
                    raise Broken
            case b"content-encoding":
                if value.strip().lower() != b"identity":
                    raise Encoded

    def on_headers_complete(self) -> None:
        self._headed = self._parser.get_status_code() >= 200

    def on_message_complete(self) -> None:
        if self._headed:  # otherwise an interim answer (RFC 9110 §15.2), and the final one follows
            self.reusable = self.reusable and self._parser.should_keep_alive()
            self._complete()

    def _complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._parts)))
        self._parts.clear()
