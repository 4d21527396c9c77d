"""送信完了: which answers were handed to their connection whole is noted beside the log, and nothing waits for it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from gateway.data_plane.handed_over import HandedOver
from gateway.demo.awkward import AWKWARD
from gateway.ports import Query, Unavailable
from gateway.tlog.entries import Release
from gateway.web.server import bind, serve
from tests.house import COOP, House
from tests.simulators.partner import Partner

CODE = AWKWARD["takasaki"]


async def noted(house: House) -> set[int]:
    await house.desk.handed_over.note(house.stores.deliveries)
    return await house.stores.deliveries.delivered(COOP, range(1_000))


async def releases(house: House) -> list[int]:
    return [index for index, entry in enumerate(await house.entries()) if isinstance(entry, Release)]


async def test_what_was_answered_is_noted_and_a_denial_is_no_delivery(house: House, sunnet: Partner) -> None:
    first = await sunnet.pull("P4", ["member_code"], [CODE])
    assert await house.stores.deliveries.delivered(COOP, range(1_000)) == set(), "no request waits for it"
    assert await noted(house) == {first.receipt["index"]}
    assert (await sunnet.ask("P4", ["member_code"], ["*"])).status_code == 400
    assert (await house.denial()).transfer is not None
    second = await sunnet.pull("P4", ["member_code"], [CODE])
    assert await noted(house) == {first.receipt["index"], second.receipt["index"]} == set(await releases(house))


async def test_whoever_left_before_the_answer_was_sent_nothing_though_it_was_authorised(
    house: House, sunnet: Partner
) -> None:
    async with on_the_wire(house) as wire:
        sunnet.http = wire.client
        sent = await sunnet.pull("P4", ["member_code"], [CODE])
        asking = asyncio.Event()

        async def leaves(_: Query) -> None:
            asking.set()
            while (await wire.receive[-1]())["type"] != "http.disconnect":
                pass

        house.sources[COOP].hold = leaves
        leaving = asyncio.create_task(sunnet.pull("P4", ["member_code"], [CODE]))
        await asking.wait()
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        await wire.answered[-1].wait()
    authorised = await releases(house)
    assert len(authorised) == 2
    # Serving has ended, which notes what it had marked.
    assert await house.stores.deliveries.delivered(COOP, range(1_000)) == {sent.receipt["index"]}
    assert await noted(house) == {authorised[0]}


async def test_what_cannot_be_noted_now_is_noted_later_up_to_a_bound() -> None:
    marks, stored = HandedOver(most=3), Deliveries()
    for index in range(5):
        marks.add(COOP, index)
    stored.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await marks.note(stored)
    marks.add(COOP, 5)
    stored.down = False
    await marks.note(stored)
    assert stored.kept == {COOP: [2, 3, 4, 5]}
    await marks.note(stored)
    assert stored.kept == {COOP: [2, 3, 4, 5]}


@dataclass
class Deliveries:
    """What was noted; `down` takes it away."""

    down: bool = False
    kept: dict[str, list[int]] = field(default_factory=dict)

    async def add(self, coop: str, indexes: Collection[int]) -> None:
        if self.down:
            raise Unavailable("down")
        self.kept.setdefault(coop, []).extend(indexes)

    async def delivered(self, coop: str, indexes: Collection[int]) -> set[int]:
        return set(indexes) & set(self.kept.get(coop, ()))


@dataclass
class Wire:
    """A gateway that serves a port, and a client of it."""

    client: httpx2.AsyncClient
    receive: list[Receive] = field(default_factory=list)
    answered: list[asyncio.Event] = field(default_factory=list)


class Port(httpx2.AsyncHTTPTransport):
    """Leads every request to one port of this machine, by the name that it asks for."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@asynccontextmanager
async def on_the_wire(house: House) -> AsyncIterator[Wire]:
    listener = bind("127.0.0.1", 0)
    stop = asyncio.Event()
    async with httpx2.AsyncClient(transport=Port(listener.getsockname()[1])) as client:
        wire = Wire(client)

        async def seen(scope: Scope, receive: Receive, send: Send) -> None:
            """The guard, with what the test waits for."""
            if scope["type"] != "http":
                await house.guard(scope, receive, send)
                return
            wire.receive.append(receive)
            done = asyncio.Event()
            wire.answered.append(done)
            await house.guard(scope, receive, send)
            done.set()

        serving = asyncio.create_task(serve(seen, listener=listener, stop=stop, count=lambda _: None))
        try:
            yield wire
        finally:
            stop.set()
            await serving
