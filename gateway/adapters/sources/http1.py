"""POST over kept-alive HTTP/1.1 connections to one server: what the call to a member system needs, and no more.

No redirect is followed, no cookie kept, nothing unpacked.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.adapters.sources.http1_line import Answer, Line, Unanswered

IDLE_S = 4.0
"""Below the five seconds after which common servers close an idle connection."""


class Lines:
    """Kept-alive connections to one server, the one used last first.

    They belong to one event loop. Any number of calls may run at once; each has a connection to itself.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        most: int,
        tls: ssl.SSLContext | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        """Take the server's URL and the headers of every request; `most` is the largest answer, in bytes.

        `tls` is whom to trust instead of the machine's authorities. Raises ValueError, which names no header's value.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or {"@", "?", "#", " "} & set(url):
            raise ValueError("a server's URL is http[s]://host[:port][/path]")
        if not all(text.isascii() and text.isprintable() for text in (url, *headers, *headers.values())):
            raise ValueError("a URL and headers are printable ASCII")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._path = parts.path.rstrip("/")
        fixed = {"Host": parts.netloc, "Accept-Encoding": "identity", **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in fixed.items())
        self._heads: dict[str, bytes] = {}
        self._most = most
        self._idle_s = idle_s
        self._idle: deque[Line] = deque()
        self._retiring: asyncio.TimerHandle | None = None
        self._closed = False

    async def post(self, path: str, body: bytes, *, until: float) -> Answer:
        """Return the server's answer to one request, which must be one that may safely be repeated.

        `path` is one of a few, below the URL's; `until` is in the loop's time. A kept connection that the server closed
        without a word is replaced at once (RFC 9110 §9.2.2); nothing else is repeated. Raises Broken, TooLarge,
        Encoded, and OSError, TimeoutError included; whatever it raises, cancellation too, the connection is closed.
        """
        head = self._heads.get(path)
        if head is None:
            head = f"POST {self._path}{path} HTTP/1.1\r\n{self._headers}Content-Length: ".encode()
            self._heads[path] = head
        request = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        loop = asyncio.get_running_loop()
        while (now := loop.time()) < until:
            kept = self._kept(now)
            line = kept or await self._opened(loop, until)
            try:
                answer = await line.exchange(loop, request, until)
            except Unanswered:
                if not kept:
                    raise
                continue
            if line.reusable and not self._closed:
                self._keep(loop, line)
            else:
                line.close()
            return answer
        raise TimeoutError

    def close(self) -> None:
        """Close the idle connections; those in use close when their call ends."""
        self._closed = True
        if self._retiring is not None:
            self._retiring.cancel()
        while self._idle:
            self._idle.pop().abort()

    async def _opened(self, loop: asyncio.AbstractEventLoop, until: float) -> Line:
        async with asyncio.timeout_at(until):
            _, line = await loop.create_connection(lambda: Line(self._most), self._host, self._port, ssl=self._tls)
        return line

    def _kept(self, now: float) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if now - line.since < self._idle_s:
                return line
            line.close()
        return None

    def _keep(self, loop: asyncio.AbstractEventLoop, line: Line) -> None:
        line.since = loop.time()
        self._idle.append(line)
        if self._retiring is None:
            self._retiring = loop.call_at(line.since + self._idle_s, self._retire, loop)

    def _retire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._retiring = None
        before = loop.time() - self._idle_s
        while self._idle and self._idle[0].since <= before:
            self._idle.popleft().close()
        if self._idle:
            self._retiring = loop.call_at(self._idle[0].since + self._idle_s, self._retire, loop)
