"""The client for ordinary code: one call, one answer. Threads may share one client."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from gateway.client.config import Config, load_config
from gateway.client.conversation import Conversation, Flow, Wait
from gateway.client.duties import Acknowledged, FollowUp
from gateway.client.errors import TransportError
from gateway.client.exports import Export, Form, Manifest, Part, Progress
from gateway.client.incident import IncidentReceipt, Report
from gateway.client.keys import Keys, load_keys
from gateway.client.protocol import MEMBERS_PER_TRANSFER, batches
from gateway.client.results import Grant, LogProof, Page, Receipt, Transfer

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)  # the gateway gives itself 20 s for a whole transfer

T = TypeVar("T")


class Client:
    """A partner's door to the gateway: pull members, walk the granted population, read one's grants.

    `http` replaces the built-in HTTP client, for a proxy or a private certificate authority, and is then closed by
    its owner; environment variables are not read. `retry_budget`: seconds one call may wait where the gateway says
    Retry-After. All calls raise `ClientError`s only.
    """

    def __init__(
        self,
        config: Config,
        keys: Keys,
        *,
        http: httpx2.Client | None = None,
        retry_budget: float = 30.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._conversation = Conversation(config, keys, clock=clock, retry_budget=retry_budget)
        self._http = httpx2.Client(timeout=TIMEOUT, trust_env=False) if http is None else http
        self._owns_http = http is None
        self._sleep = sleep

    @classmethod
    def from_folder(cls, folder: Path | str, *, http: httpx2.Client | None = None, retry_budget: float = 30.0) -> Self:
        """The client of a folder with `client.json`, `sig.jwk.json` and `enc.jwk.json`."""
        config, keys = load_config(Path(folder) / "client.json"), load_keys(folder)
        return cls(config, keys, http=http, retry_budget=retry_budget)

    @property
    def config(self) -> Config:
        """Which gateway, client and agreement, and what may be asked for."""
        return self._conversation.config

    @property
    def now(self) -> float:
        """Seconds of Unix time, by this client's clock."""
        return self._conversation.now

    def pull(
        self,
        purpose: str,
        members: Iterable[str],
        *,
        fields: Sequence[str] | None = None,
        product: str | None = None,
        case: str | None = None,
    ) -> Transfer:
        """Up to 1,000 members' data for a purpose: all configured fields, or those named."""
        ask = self._conversation.config.ask(purpose, fields=fields, product=product, case=case)
        return self._run(self._conversation.pull(ask, members))

    def pull_many(
        self,
        purpose: str,
        members: Iterable[str],
        *,
        fields: Sequence[str] | None = None,
        product: str | None = None,
        case: str | None = None,
    ) -> Iterator[Transfer]:
        """Any number of members, one transfer per 1,000, each made when the iterator comes to it.

        All codes are checked before the first is asked; a code given twice is asked once.
        """
        ask = self._conversation.config.ask(purpose, fields=fields, product=product, case=case)
        return (self._run(self._conversation.pull(ask, batch)) for batch in batches(members))

    def pages(
        self,
        purpose: str,
        *,
        limit: int = MEMBERS_PER_TRANSFER,
        fields: Sequence[str] | None = None,
        product: str | None = None,
        case: str | None = None,
        cursor: str | None = None,
        since: str | None = None,
    ) -> Iterator[Page]:
        """Walk the granted population to its end: all of it, on from a `cursor`, or what changed `since`."""
        ask = self._conversation.config.ask(purpose, fields=fields, product=product, case=case)
        while True:
            page = self._run(self._conversation.page(ask, limit=limit, cursor=cursor, since=since))
            yield page
            if page.next is None:
                return
            cursor, since = page.next, None

    def export(
        self,
        purpose: str,
        *,
        form: Form = "ndjson",
        fields: Sequence[str] | None = None,
        product: str | None = None,
        case: str | None = None,
        since: str | None = None,
    ) -> Export:
        """Order the granted population, or what changed `since`, as parts that the gateway seals one after another.

        Fetch `export_part(export, 1)`, 2, … up to the one that has `of`; hold them against `export_manifest`; then
        `end_export`. `download.download` does all of it and writes a file.
        """
        ask = self._conversation.config.ask(purpose, fields=fields, product=product, case=case)
        return self._run(self._conversation.export(ask, form=form, since=since))

    def export_progress(self, export: Export) -> Progress:
        """How far an export is: sealed and taken so far."""
        return self._run(self._conversation.export_progress(export))

    def export_part(self, export: Export, n: int) -> Part | None:
        """One part, fetched, checked and logged as a release; None while it is not sealed, after as long as one call may wait."""
        return self._run(self._conversation.export_part(export, n))

    def export_manifest(self, export: Export) -> Manifest:
        """The signed list of the parts: number, SHA-256 and size of each sealed body, and its records."""
        return self._run(self._conversation.export_manifest(export))

    def end_export(self, export: Export) -> None:
        """Say that all of it arrived, or that no more is wanted: the gateway deletes the sealed parts."""
        self._run(self._conversation.end_export(export))

    def grants(self) -> tuple[Grant, ...]:
        """What the agreement grants now: purposes, fields with their transforms, terms, quota left, key expiry."""
        return self._run(self._conversation.grants())

    def grant_schema(self, grant_id: str) -> dict[str, Any]:
        """The JSON Schema of exactly what a grant releases; every released record satisfies it."""
        return self._run(self._conversation.grant_schema(grant_id))

    def proof(self, receipt: Receipt, *, vkey: str) -> LogProof:
        """The proof that a transfer is in the log, held against its receipt and the log's key; keep it as evidence."""
        return self._run(self._conversation.proof(receipt, vkey))

    def follow_ups(self) -> tuple[FollowUp, ...]:
        """What this side must do with data that it holds, and what it has done: open ones first."""
        return self._run(self._conversation.follow_ups())

    def acknowledge(self, follow_up: str) -> Acknowledged:
        """Sign that a follow-up was received; signed again, nothing changes."""
        return self._run(self._conversation.answer_follow_up(follow_up, None))

    def certify(self, follow_up: str, certificate: str) -> Acknowledged:
        """Sign that a follow-up is done: the certificate says who did what and when, and names no member."""
        return self._run(self._conversation.answer_follow_up(follow_up, certificate))

    def report_incident(self, report: Report) -> IncidentReceipt:
        """Report a leak at this side to the co-op; no member's code or data is in a report."""
        return self._run(self._conversation.report_incident(report))

    def close(self) -> None:
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        return drive(flow, http=self._http, sleep=self._sleep)


def drive(flow: Flow[T], *, http: httpx2.Client, sleep: Callable[[float], None]) -> T:
    """Carry out a conversation: send what it yields, wait where it waits, return what it returns."""
    reply: httpx2.Response | None = None
    while True:
        try:
            step = flow.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(step, Wait):
            sleep(step.seconds)
            reply = None
        else:
            reply = _send(http, step)


def _send(http: httpx2.Client, request: httpx2.Request) -> httpx2.Response:
    try:
        return http.send(request, auth=None, follow_redirects=False)
    except httpx2.HTTPError as error:
        raise TransportError(f"{request.method} {request.url}: {type(error).__name__} {error}") from error
