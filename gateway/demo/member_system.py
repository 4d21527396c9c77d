"""The synthetic co-op's member system: the JSON service of docs/source-http.md, well-behaved or, on demand, not.

It is what a co-op's IT department would put in front of the core system. It trusts its one caller, the gateway, whom
the secret proves, and answers with the columns asked and no other. With Faults it becomes the ill-behaved member
system of the tests.
"""

import argparse
import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.core.days import jst_day
from gateway.demo.member_table import BadPositionError, Condition, Table, UnknownColumnError
from gateway.demo.people import Member, make_members

Product = Annotated[str, msgspec.Meta(pattern=r"\AG[1-5]\Z")]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of /v1/members/query."""

    members: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1000)]
    fields: tuple[str, ...]
    product: Product | None = None


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of /v1/members/page."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    fields: tuple[str, ...]
    after: str | None = None
    product: Product | None = None
    population: tuple[Condition, ...] = ()


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How the member system misbehaves towards its authorised caller; the default is not at all."""

    delay_seconds: float = 0
    """How long it waits before it answers, or before any of the following."""
    drop: bool = False
    """Whether it ends the connection without a byte."""
    status: int | None = None
    """A status of 400 or more to answer instead of records."""
    malformed: bool = False
    """Whether the answer's JSON lacks its end."""
    truncated: bool = False
    """Whether the connection ends in the middle of the answer."""
    times: int | None = None
    """How many calls are affected, counted from the application's start; None: all."""


NO_FAULTS = Faults()

_QUERY = msgspec.json.Decoder(Query)
_PAGE = msgspec.json.Decoder(Page)

Reply = Callable[[Table, bytes], tuple[tuple[str, ...], bytes]]
"""Table and request body → the columns asked, and the answer's body."""


def member_system(table: Callable[[], Table], *, secret: str, faults: Faults = NO_FAULTS) -> Starlette:
    """Return the service over the table that `table` gives for each call, open to whoever has `secret`.

    `app.state.asked` is the tuple of columns asked last, `app.state.calls` the number of authorised calls,
    `app.state.faults` the faults in force, which a test or the story may replace.
    """
    if not secret:
        raise ValueError("the member system needs a secret")

    def door(reply: Reply) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not _authorized(request, secret):
                raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
            state = request.app.state
            state.calls += 1
            asked = await request.body()
            fault: Faults = state.faults
            if fault.times is not None and state.calls > fault.times:
                fault = NO_FAULTS
            if fault.delay_seconds:
                await asyncio.sleep(fault.delay_seconds)
            if fault.drop:
                return await _hang_up(request)
            if fault.status is not None:
                raise HTTPException(fault.status)
            state.asked, body = reply(table(), asked)
            answered = _Truncated if fault.truncated else Response
            return answered(body[:-1] if fault.malformed else body, media_type="application/json")

        return answer

    app = Starlette(
        routes=[
            Route("/v1/members/query", door(_query), methods=["POST"]),
            Route("/v1/members/page", door(_page), methods=["POST"]),
            Route("/healthz", _healthz, methods=["GET"]),
        ],
        exception_handlers=dict.fromkeys(
            (HTTPException, UnknownColumnError, BadPositionError, msgspec.DecodeError, UnicodeDecodeError), _refused
        ),
    )
    app.state.asked = ()
    app.state.calls = 0
    app.state.faults = faults
    return app


def nightly(make: Callable[[date], Iterable[Member]], *, today: Callable[[], date]) -> Callable[[], Table]:
    """Return what gives the day's table: made anew with the first call of each day, as a nightly batch would.

    Without it a demo left running would grow stale, and every member with it.
    """
    of_the_day: dict[date, Table] = {}

    def table() -> Table:
        day = today()
        if day not in of_the_day:
            of_the_day.clear()
            of_the_day[day] = Table(make(day))
        return of_the_day[day]

    return table


class Line(HttpToolsProtocol):
    """A connection that the application itself may cut, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        """Begin a request, and lend the application the scissors as an extension of the scope."""
        super().on_message_begin()
        self.scope["extensions"] = {"gateway.demo.abort": {"abort": self.transport.abort}}


def server(app: Starlette, *, host: str, port: int) -> uvicorn.Server:
    """Return the server to run the service with; only on it can a connection be dropped."""
    return uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, http=Line, access_log=False, server_header=False, log_level="error")
    )


def main(arguments: list[str] | None = None) -> None:
    """Serve the synthetic co-op's member system until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m gateway.demo.member_system", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8402)
    parser.add_argument("--members", type=int, default=5000, help="how many synthetic members")
    parser.add_argument("--secret-file", type=Path, required=True, help="file with the gateway's secret, one line")
    options = parser.parse_args(arguments)
    table = nightly(lambda day: make_members(options.members, today=day), today=lambda: jst_day(datetime.now(UTC)))
    app = member_system(table, secret=options.secret_file.read_text(encoding="utf-8").strip())
    table()  # before the first call, and before the port is open
    server(app, host=options.host, port=options.port).run()


def _query(table: Table, body: bytes) -> tuple[tuple[str, ...], bytes]:
    asked = _QUERY.decode(body)
    return asked.fields, table.query(asked.members, asked.fields, product=asked.product)


def _page(table: Table, body: bytes) -> tuple[tuple[str, ...], bytes]:
    asked = _PAGE.decode(body)
    page = table.page(
        asked.fields, limit=asked.limit, after=asked.after, product=asked.product, population=asked.population
    )
    return asked.fields, page


async def _healthz(_: Request) -> Response:
    return Response(b'{"status":"ok"}', media_type="application/json")


def _authorized(request: Request, secret: str) -> bool:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    # Constant time, so that how long the answer takes does not spell the secret.
    return scheme.lower() == "bearer" and secrets.compare_digest(shown.encode(), secret.encode())


async def _refused(_: Request, error: Exception) -> Response:
    """Answer a problem document (RFC 9457); its detail names columns and places in the body, never a value."""
    problem: dict[str, Any] = {"type": "about:blank", "status": 400, "detail": str(error)}
    headers = None
    match error:
        case HTTPException():
            problem |= {"status": error.status_code, "detail": error.detail}
            headers = error.headers
        case UnknownColumnError():
            problem["column"] = error.column
        case UnicodeDecodeError():  # what msgspec raises for text that is not UTF-8; its own text would show a byte
            problem["detail"] = "the body is not UTF-8"
    problem["title"] = HTTPStatus(problem["status"]).phrase
    return JSONResponse(problem, problem["status"], headers, "application/problem+json")


async def _hang_up(request: Request) -> Response:
    abort = request.scope.get("extensions", {}).get("gateway.demo.abort")
    if abort is None:
        raise ConnectionResetError("this server cannot drop a connection")
    abort["abort"]()
    await request.receive()  # the disconnect; after it nothing can be sent any more
    return Response()


class _Truncated(Response):
    """An answer that promises its whole length, sends half, and ends the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


if __name__ == "__main__":
    main()
