"""Partners that pull without a pause while something happens, and remember what came of every request."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

import httpx2

from tests.e2e.exported_log import Log, assert_logged
from tests.e2e.independent_client import Client, digest, verified

Claims = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """A question that is asked again and again."""

    name: str
    client: Client
    purpose: str
    fields: list[str]
    members: list[str]


@dataclass(frozen=True)
class Sent:
    """One request and what was answered, with the time of both; status 0 where the connection was lost."""

    ask: str
    request: str
    status: int
    began: float
    ended: float
    receipt: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def rqh(self) -> str:
        return digest(self.request.encode())


async def pull_during(
    asks: Sequence[Ask], happening: Callable[[list[Sent]], Awaitable[None]], *, each: int
) -> list[Sent]:
    """Let `each` workers ask each question while `happening(sent)` runs; `sent` grows under its eyes."""
    sent: list[Sent] = []
    over = asyncio.Event()
    for ask in asks:
        await ask.client.token(ask.purpose, ask.fields, "G1")
    workers = [asyncio.create_task(_work(ask, sent, over)) for ask in asks for _ in range(each)]
    try:
        await happening(sent)
    finally:
        over.set()
        await asyncio.gather(*workers)
    return sent


async def _work(ask: Ask, sent: list[Sent], over: asyncio.Event) -> None:
    refused = 0
    while not over.is_set():
        request = ask.client.request(ask.purpose, ask.fields, "G1", members=ask.members)
        token = await ask.client.token(ask.purpose, ask.fields, "G1")
        began, status, receipt, body = time(), 0, "", b""
        try:
            response = await ask.client.send(request, token)
        except httpx2.TransportError:
            pass
        else:
            status, receipt, body = response.status_code, response.headers.get("Transfer-Receipt", ""), response.content
        sent.append(Sent(ask.name, request, status, began, time(), receipt, body))
        # Whoever is refused waits, and longer each time: beyond 60 denials a minute the log only counts them.
        refused = 0 if status == 200 else refused + 1
        if refused:
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), min(2.0**refused / 4, 8))


async def reached(condition: Callable[[], bool], what: str, *, sent: Sequence[Sent] = (), seconds: float = 60) -> None:
    """Wait until something is so while others go on; a failure tells how the requests `sent` were answered."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"{what} within {seconds} s; {Counter(one.status for one in sent)}"
        await asyncio.sleep(0.02)


def receipts(sent: Sequence[Sent], keys: dict[str, Any]) -> list[Claims]:
    """Return the verified receipts of all that was answered, each for its request and body."""
    held = []
    for one in sent:
        if one.status == 200:
            told = verified(one.receipt, keys).claims
            assert (told["rqh"], told["body"]) == (one.rqh, digest(one.body))
            held.append(told)
    return held


def assert_all_logged(sent: Sequence[Sent], log: Log, keys: dict[str, Any]) -> None:
    """I1: every answer stands in the log at its receipt's index; and no request, answered or not, has two entries."""
    held = receipts(sent, keys)
    assert held
    for told in held:
        assert_logged(log, told)
    entries = Counter(entry.get("request") for entry in log.entries)
    assert max(entries[one.rqh] for one in sent) == 1
