"""One request and its answer on a connection, as the guard needs it: an answer's head leaves with the first of its body.

The event loop sends each write on its own: a system call, a packet and a waking of the client more. And what uvicorn
does header by header for whatever application there may be costs an answer more than deciding does.
"""

import re
from typing import Final

from uvicorn._types import ASGI3Application, ASGISendEvent, HTTPResponseBodyEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.web.guard import CLIENT_LEFT

_NOT_IN_A_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9a-z-]")
"""RFC 9110 §5.6.2, and lower case, as ASGI has it."""
_NOT_IN_A_VALUE: Final = bytes([*range(9), *range(10, 32), 127])


class Cycle(RequestResponseCycle):
    """What ASGI's `send` and `receive` act on for one request; receiving is uvicorn's own."""

    _head = b""

    async def run_asgi(self, app: ASGI3Application) -> None:
        """Run the guard, which answers for every failure; an answer that it left unfinished is cut off."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as fault:  # noqa: BLE001  # the last frame of the task; no text of it may reach a log
            self.logger.critical("the guard failed: %s", type(fault).__name__)
        if not self.response_complete and not self.disconnected:
            self._write(b"")
            self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        """Send the next part of the answer; after the client has left, nothing. Raises RuntimeError out of turn."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            self.scope[CLIENT_LEFT] = True  # type: ignore[typeddict-unknown-key]  # a key of our own
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._begin(message)
        elif message["type"] == "http.response.body" and self.response_started and not self.response_complete:
            self._go_on(message)
        else:
            raise RuntimeError(f"{message['type']} out of turn")

    def _begin(self, message: HTTPResponseStartEvent) -> None:
        headers = [*self.default_headers, *message.get("headers", ())]
        names, values = b"".join([name for name, _ in headers]), b"".join([value for _, value in headers])
        if _NOT_IN_A_NAME.search(names) or len(values.translate(None, _NOT_IN_A_VALUE)) != len(values):
            raise RuntimeError("a header with characters that would end it")
        self.response_started = True
        self.waiting_for_100_continue = False
        fields = dict(headers)
        lines = [b"%b: %b\r\n" % header for header in headers]
        if b"close" in fields.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        length = fields.get(b"content-length")
        if length is not None:
            self.expected_content_length = int(length)
        elif self.scope["method"] != "HEAD" and message["status"] not in {204, 304}:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        self._head = b"".join([STATUS_LINE[message["status"]], *lines, b"\r\n"])

    def _go_on(self, message: HTTPResponseBodyEvent) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self.scope["method"] == "HEAD":  # whose answer is a head alone
            body, self.expected_content_length = b"", 0
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body += b"" if more else b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("the body is not as long as its Content-Length says")
        self._write(body)
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def _write(self, body: bytes) -> None:
        if self._head:
            self.transport.writelines((self._head, body))
            self._head = b""
        elif body:
            self.transport.write(body)
