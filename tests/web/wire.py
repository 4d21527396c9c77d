"""A real server on 127.0.0.1 and a client that writes raw bytes and reads until the server closes."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.web.guard import Guard
from gateway.web.problems import HANDLERS, TABLE, Problem, Slug
from gateway.web.server import bind, serve

HOST = "gw.example.coop"
CANARY = "鈴木花子-0042"
LIMIT = 64 * 1024


async def things(request: Request) -> Response:
    return JSONResponse({"request_id": request.state.request_id})


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"x-seen": ",".join(sorted(request.headers.keys()))})


async def cached(request: Request) -> Response:
    return Response(
        b"{}",
        headers={
            "Cache-Control": "max-age=300",
            "Content-Security-Policy": "default-src 'self'",
            "X-Content-Type-Options": "sniff",
            "X-Request-Id": "chosen-by-the-route",
        },
    )


async def limited(request: Request) -> Response:
    raise Problem("rate-limited", retry_after=7, headers={"X-Extra": "yes"})


async def broken(request: Request) -> Response:
    raise LookupError(CANARY)


async def half(request: Request) -> Response:
    async def parts():
        yield b"the first half"
        raise LookupError(CANARY)

    return StreamingResponse(parts())


async def slow(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params["seconds"]))
    return Response(b"slow")


ROUTES = [
    Route("/v1/things", things),
    Route("/v1/echo", echo, methods=["POST"]),
    Route("/v1/cached", cached),
    Route("/v1/limited", limited),
    Route("/v1/broken", broken),
    Route("/v1/half", half),
    Route("/v1/slow", slow),
]


def body_limit(method: str, path: str) -> int:
    return LIMIT if (method, path) == ("POST", "/v1/echo") else 0


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Edge:
    """A running server, and what it has counted and logged."""

    port: int = 0
    counted: list[str] = field(default_factory=list)
    logged: list[tuple[str, str]] = field(default_factory=list)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def send(self, *pieces: bytes) -> Answer:
        """The one answer to these bytes; that the server then closes is part of what it says."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return one_answer(read_to_end(connection))

    def get(self, path: str, *headers: str) -> Answer:
        return self.send(request("GET", path, "Connection: close", *headers))

    def refused(self, *pieces: bytes, slug: Slug) -> Answer:
        """Assert that these bytes are answered by this refusal, whole and alone, and that the connection ends."""
        before = len(self.counted)
        answer = self.send(*pieces)
        assert_problem(answer, slug)
        assert answer.headers["connection"] == "close"
        assert self.counted[before:] == [slug]
        return answer


def request(method: str, target: str, *headers: str, body: bytes = b"", host: str | None = HOST) -> bytes:
    """A request as bytes; `Content-Length` is the caller's to state."""
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *headers]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def read_to_end(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(65536):
        received += piece
    return bytes(received)


def one_answer(raw: bytes) -> Answer:
    """Exactly one response with a Content-Length, and not a byte more."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs), "no header twice"
    assert int(headers["content-length"]) == len(body), "one answer, no more and no less"
    return Answer(int(status_line.split(" ")[1]), headers, body)


def assert_fixed_headers(answer: Answer) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert len(answer.headers["x-request-id"]) == 32
    assert "server" not in answer.headers
    assert "date" in answer.headers


def assert_problem(answer: Answer, slug: Slug, **members: object) -> None:
    status, title = TABLE[slug]
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert_fixed_headers(answer)
    assert answer.document == {
        "type": f"urn:joint-use:problem:{slug}",
        "title": title,
        "status": status,
        "request_id": answer.headers["x-request-id"],
        **members,
    }


def guarded(edge: Edge, *, app: ASGIApp | None = None) -> Guard:
    return Guard(
        app or Starlette(routes=ROUTES, exception_handlers=HANDLERS),
        hosts=frozenset({HOST}),
        body_limit=body_limit,
        count=edge.counted.append,
        log=lambda kind, request_id: edge.logged.append((kind, request_id)),
        linger=0.2,
    )


@contextmanager
def running(
    *,
    head_timeout: float = 5.0,
    body_timeout: float = 5.0,
    tls: ssl.SSLContext | None = None,
    app: ASGIApp | None = None,
) -> Iterator[Edge]:
    """A server in a thread of its own, under uvloop as in production."""
    edge = Edge()
    listener = bind("127.0.0.1", 0)
    edge.port = listener.getsockname()[1]
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    served = serve(
        guarded(edge, app=app),
        listener=listener,
        stop=stop,
        count=edge.counted.append,
        tls=tls,
        head_timeout=head_timeout,
        body_timeout=body_timeout,
        linger=0.2,
        grace=1,
    )
    thread = threading.Thread(target=loop.run_until_complete, args=(served,))
    thread.start()
    try:
        yield edge
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
