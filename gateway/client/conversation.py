"""One client's conversation with the gateway, without I/O: what to send next, and what came of it.

Every call is a generator that yields requests (answered by their responses) and waits (answered by None) and
returns its result; `sync.py` and `aio.py` carry them out. The order of a transfer:

    metadata once → token for this purpose and these fields (cached until 30 s before its end) → signed request
    with a fresh proof → open → the gateway's keys (once more if a `kid` is unknown) → check → Transfer

A `use_dpop_nonce` challenge is answered once; `invalid_token` costs one new token; 429 and 503 with Retry-After
are waited out within the caller's budget. The signed request is repeated as it was, its proof never.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client import answer, discovery, duties, exports, incident, log_proof, protocol
from gateway.client.answer import Opened
from gateway.client.claims import GatewayKeys
from gateway.client.config import Ask, Config
from gateway.client.discovery import Metadata, Token
from gateway.client.errors import ExportGone, NotPermitted, Refused, UsageError
from gateway.client.exports import FORMS, Export, Manifest, Part, Progress
from gateway.client.keys import Keys
from gateway.client.protocol import MEMBERS_PER_TRANSFER, SignedRequest
from gateway.client.results import Grant, LogProof, Page, Receipt, Transfer

TOKEN_MARGIN = 30  # seconds before its end at which a token is no longer used
KEYS_SECONDS = 3_600  # how long the published keys are believed without looking again
MARK_LENGTH = 2_048
RESIGN_MARGIN = 30  # a signed request this close to its end is signed anew before it is repeated


@dataclass(frozen=True, slots=True)
class Wait:
    """The gateway asked for patience: send nothing for so many seconds."""

    seconds: int


@dataclass(slots=True)
class Patience:
    """The seconds one call may still spend waiting."""

    left: float


T = TypeVar("T")
Flow: TypeAlias = Generator[httpx2.Request | Wait, httpx2.Response | None, T]


class Conversation:
    """What one client remembers between calls: metadata, published keys, tokens, nonces and its DPoP key.

    `clock` gives Unix seconds; `retry_budget` is the seconds one call may wait in all. The DPoP key is made here,
    never stored: a token taken from memory or a log is useless without it.
    """

    def __init__(self, config: Config, keys: Keys, *, clock: Callable[[], float], retry_budget: float) -> None:
        self.config = config
        self.clock_offset: float | None = None  # the gateway's clock minus ours, by its last Date header
        self._keys = keys
        self._clock = clock
        self._retry_budget = retry_budget
        self._dpop = ec.generate_private_key(ec.SECP256R1())
        self._metadata: Metadata | None = None
        self._published: GatewayKeys = {}
        self._published_until = 0.0
        self._tokens: dict[Ask, Token] = {}
        self._nonces: dict[tuple[str, str], str] = {}

    @property
    def now(self) -> float:
        """Seconds of Unix time, by this side's clock."""
        return self._clock()

    # The calls.

    def pull(self, ask: Ask, members: Iterable[str]) -> Flow[Transfer]:
        """Up to 1,000 members in one transfer."""
        codes = protocol.check_members(members)
        if len(codes) > MEMBERS_PER_TRANSFER:
            raise UsageError(f"one transfer takes at most {MEMBERS_PER_TRANSFER} members; pull_many takes any number")
        sent, opened = yield from self._transfer(ask, members=codes)
        return answer.accept(opened, sent=sent, keys=self._published, config=self.config, now=self._clock())

    def page(self, ask: Ask, *, limit: int, cursor: str | None, since: str | None) -> Flow[Page]:
        """One page of the granted population: from the start, from a cursor, or what changed `since`."""
        if not 1 <= limit <= MEMBERS_PER_TRANSFER:
            raise UsageError(f"limit must be between 1 and {MEMBERS_PER_TRANSFER}")
        if cursor is not None and since is not None:
            raise UsageError("a page is asked for by cursor or since, not by both")
        place = {name: text for name, text in (("cursor", cursor), ("since", since)) if text is not None}
        sent, opened = yield from self._transfer(ask, page={"limit": limit, **place})
        return answer.accept_page(opened, sent=sent, keys=self._published, config=self.config, now=self._clock())

    def export(self, ask: Ask, *, form: str, since: str | None) -> Flow[Export]:
        """Order the granted population, or what changed `since`, as parts."""
        if form not in FORMS:
            raise UsageError("form must be ndjson or csv")
        if since is not None and not 0 < len(since) <= MARK_LENGTH:
            raise UsageError("since must be the text that an earlier walk ended with")
        wanted = {"form": form} | ({"since": since} if since is not None else {})
        sent, response = yield from self._order(ask, wanted, Patience(self._retry_budget))
        return exports.ordered(response, sent=sent, form=FORMS[form])

    def export_progress(self, export: Export) -> Flow[Progress]:
        """How far an export is. Raises ExportGone."""
        return exports.progress((yield from self._of_export(export, "")), export=export)

    def export_part(self, export: Export, n: int) -> Flow[Part | None]:
        """The part of that number, from 1; None where it was not sealed within the time that a call may wait. Raises ExportGone."""
        if n < 1:
            raise UsageError("parts are counted from 1")
        patience = Patience(self._retry_budget)
        while True:
            began = self._clock()
            response = yield from self._of_export(export, f"/parts/{n}", ok=frozenset({200, 202}), patience=patience)
            if response.status_code == 200:
                break
            pause = max(discovery.retry_after(response) or 0, 1)
            if pause > patience.left:
                return None
            patience.left -= pause
            yield Wait(pause)
        opened = answer.unseal(response, keys=self._keys.enc, config=self.config)
        yield from self._publish(opened.kids, patience)
        return exports.accept_part(
            opened,
            n,
            export=export,
            keys=self._published,
            config=self.config,
            size=len(response.content),
            began=began,
            now=self._clock(),
        )

    def export_manifest(self, export: Export) -> Flow[Manifest]:
        """The signed list of an export's parts. Raises ExportGone."""
        patience = Patience(self._retry_budget)
        response = yield from self._of_export(export, "/manifest", patience=patience)
        yield from self._publish({exports.manifest_kid(response)}, patience)
        return exports.accept_manifest(
            response, export=export, keys=self._published, config=self.config, now=self._clock()
        )

    def end_export(self, export: Export) -> Flow[None]:
        """Confirm an export of which every part was taken, or cancel it; its parts are deleted. Raises ExportGone."""
        yield from self._of_export(export, "", method="DELETE", ok=frozenset({204}))

    def grants(self) -> Flow[tuple[Grant, ...]]:
        """What the agreement grants this client now."""
        return discovery.grants((yield from self._look_up("/grants")))

    def grant_schema(self, grant_id: str) -> Flow[dict[str, Any]]:
        """The JSON Schema that every record released under a grant satisfies."""
        if not grant_id.strip("."):
            raise UsageError("the id of a grant is what grants() calls `id`")
        return discovery.schema((yield from self._look_up(f"/grants/{quote(grant_id, safe=':@')}/schema")))

    def proof(self, receipt: Receipt, vkey: str) -> Flow[LogProof]:
        """The proof that a receipt's entry is in the log, checked with the log's key."""
        key = log_proof.log_key(vkey)
        response = yield from self._look_up(f"/transfers/{quote(receipt.transfer_id, safe='')}/proof")
        return log_proof.accept(response, receipt=receipt, key=key)

    def report_incident(self, report: incident.Report) -> Flow[incident.IncidentReceipt]:
        """Report a leak at this side; what is sent again is the same report."""
        incident.check_report(report)
        sent = incident.signed_report(self.config, report, key=self._keys.sig, now=int(self._clock()))

        def body() -> str:
            nonlocal sent
            if sent.expires - self._clock() < RESIGN_MARGIN:
                now = int(self._clock())
                sent = incident.signed_report(self.config, report, key=self._keys.sig, now=now, jti=sent.jti)
            return sent.jws

        return incident.accept((yield from self._look_up("/incidents", body=body)), sent=sent)

    def follow_ups(self) -> Flow[tuple[duties.FollowUp, ...]]:
        """What this side must do with data that it holds, and what it has done: open ones first."""
        found: list[duties.FollowUp] = []
        cursor: str | None = None
        while True:
            query = "" if cursor is None else f"?cursor={quote(cursor, safe='')}"
            response = yield from self._look_up(f"/follow-ups{query}")
            opened = duties.unseal(response, keys=self._keys.enc, config=self.config)
            yield from self._publish({opened.header["kid"]}, Patience(self._retry_budget))
            listed = duties.accept(opened, keys=self._published, config=self.config, now=self._clock())
            found += listed.follow_ups
            if listed.next is None or not listed.follow_ups:
                return tuple(found)
            cursor = listed.next

    def answer_follow_up(self, follow_up: str, certificate: str | None) -> Flow[duties.Acknowledged]:
        """Sign that a follow-up was received, or with a certificate that it is done; answered again, it is as it was."""

        def signed() -> duties.SignedAnswer:
            now = int(self._clock())
            return duties.signed_answer(self.config, follow_up, certificate, key=self._keys.sig, now=now)

        sent = signed()

        def body() -> str:
            nonlocal sent
            if sent.expires - self._clock() < RESIGN_MARGIN:
                sent = signed()
            return sent.jws

        path = f"/follow-ups/{quote(follow_up, safe='')}/ack"
        return duties.taken((yield from self._look_up(path, body=body)), sent=sent)

    def discover(self) -> Flow[Metadata]:
        """The gateway's metadata, fetched once."""
        return self._discover(Patience(self._retry_budget))

    def authorize(self, ask: Ask) -> Flow[Token]:
        """A token for this ask: the one at hand while it lasts, else a new one."""
        return self._token(ask, Patience(self._retry_budget))

    def default_asks(self) -> list[Ask]:
        """Every configured purpose with all its fields (and its first product class)."""
        return [Ask(p.purpose, p.fields, p.products[0] if p.products else None) for p in self.config.purposes]

    # What they are made of.

    def _transfer(
        self, ask: Ask, *, members: tuple[str, ...] | None = None, page: dict[str, Any] | None = None
    ) -> Flow[tuple[SignedRequest, Opened]]:
        """Send one signed request and open its answer, with the published keys at hand that it names."""
        patience = Patience(self._retry_budget)
        yield from self._publish(set(), patience)  # first: an answer nobody can check would be a release for nothing
        signed = self._sign(ask, members, page)

        def body() -> str:
            nonlocal signed
            if signed.expires - self._clock() < RESIGN_MARGIN:
                signed = self._sign(ask, members, page)
            return signed.jws

        url = f"{self.config.resource}/transfers"
        response = yield from self._resource(ask, method="POST", url=url, body=body, patience=patience)
        opened = answer.unseal(response, keys=self._keys.enc, config=self.config)
        yield from self._publish(opened.kids, patience)
        return signed, opened

    def _order(
        self, ask: Ask, wanted: dict[str, str], patience: Patience
    ) -> Flow[tuple[SignedRequest, httpx2.Response]]:
        yield from self._publish(set(), patience)  # first: parts that nobody can check would be releases for nothing

        def sign() -> SignedRequest:
            now = int(self._clock())
            return protocol.signed_request(self.config, ask, key=self._keys.sig, now=now, export=wanted)

        signed = sign()

        def body() -> str:
            nonlocal signed
            if signed.expires - self._clock() < RESIGN_MARGIN:
                signed = sign()
            return signed.jws

        url = f"{self.config.resource}/exports"
        response = yield from self._resource(
            ask, method="POST", url=url, body=body, patience=patience, ok=frozenset({202})
        )
        return signed, response

    def _of_export(
        self,
        export: Export,
        path: str,
        *,
        method: str = "GET",
        ok: frozenset[int] = frozenset({200}),
        patience: Patience | None = None,
    ) -> Flow[httpx2.Response]:
        """An answer about one export, under a token of its purpose and fields."""
        patience = patience or Patience(self._retry_budget)
        yield from self._publish(set(), patience)
        url = f"{self.config.resource}/exports/{export.id}{path}"
        try:
            return (yield from self._resource(export.ask, method=method, url=url, patience=patience, ok=ok))
        except Refused as refused:
            if refused.slug == "not-found":
                raise ExportGone(slug=refused.slug, status=refused.status, request_id=refused.request_id) from None
            raise

    def _sign(self, ask: Ask, members: tuple[str, ...] | None, page: dict[str, Any] | None) -> SignedRequest:
        now = int(self._clock())
        return protocol.signed_request(self.config, ask, key=self._keys.sig, now=now, members=members, page=page)

    def _look_up(self, path: str, *, body: Callable[[], str] | None = None) -> Flow[httpx2.Response]:
        """GET, or POST a signed body, under /v1 with a token of any purpose.

        A purpose refused as a whole is tried with its first field.
        """
        method, url = "GET" if body is None else "POST", self.config.resource + path
        patience = Patience(self._retry_budget)
        asks = self.default_asks()
        refused: NotPermitted | None = None
        for ask in (*self._tokens, *asks, *(replace(ask, fields=ask.fields[:1]) for ask in asks)):
            try:
                return (yield from self._resource(ask, method=method, url=url, patience=patience, body=body))
            except NotPermitted as error:
                refused = refused or error
        raise refused or UsageError("client.json has no purpose")

    def _resource(
        self,
        ask: Ask,
        *,
        method: str,
        url: str,
        patience: Patience,
        body: Callable[[], str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Flow[httpx2.Response]:
        """An answer from under /v1 of an expected status, or Refused; a token that is no longer accepted is replaced once."""
        response = yield from self._present((yield from self._token(ask, patience)), method, url, body, patience)
        if discovery.challenge(response) == "invalid_token":
            self._tokens.pop(_token_key(ask), None)
            response = yield from self._present((yield from self._token(ask, patience)), method, url, body, patience)
        if response.status_code not in ok:
            raise discovery.refusal(response)
        return response

    def _present(
        self, token: Token, method: str, url: str, body: Callable[[], str] | None, patience: Patience
    ) -> Flow[httpx2.Response]:
        def build(nonce: str | None) -> httpx2.Request:
            now = int(self._clock())
            target = url.partition("?")[0]  # RFC 9449 §4.2: without the query
            dpop = protocol.proof(self._dpop, method=method, url=target, now=now, nonce=nonce, token=token.value)
            jws = body() if body is not None else None
            return protocol.resource_request(method, url, token=token.value, dpop=dpop, jws=jws)

        return (yield from self._exchange(url, build, patience))

    def _token(self, ask: Ask, patience: Patience) -> Flow[Token]:
        key = _token_key(ask)
        held = self._tokens.get(key)
        if held is not None and self._clock() < held.expires - TOKEN_MARGIN:
            return held
        url = (yield from self._discover(patience)).token_endpoint

        def build(nonce: str | None) -> httpx2.Request:
            now = int(self._clock())
            client_assertion = protocol.assertion(self.config, key=self._keys.sig, now=now)
            dpop = protocol.proof(self._dpop, method="POST", url=url, now=now, nonce=nonce)
            return protocol.token_request(self.config, key, url=url, client_assertion=client_assertion, dpop=dpop)

        response = yield from self._exchange(url, build, patience)
        token = discovery.token(response, config=self.config, ask=key, now=self._clock())
        self._tokens[key] = token
        return token

    def _discover(self, patience: Patience) -> Flow[Metadata]:
        if self._metadata is None:
            response = yield from self._fetch(protocol.metadata_url(self.config.issuer), patience)
            self._metadata = discovery.metadata(response, config=self.config)
        return self._metadata

    def _publish(self, kids: Iterable[str], patience: Patience) -> Flow[None]:
        """Fetch the gateway's keys if they are old or lack a `kid`; once, so that a strange `kid` costs one look."""
        if self._clock() < self._published_until and set(kids) <= self._published.keys():
            return
        url = (yield from self._discover(patience)).jwks_uri
        self._published = discovery.gateway_keys((yield from self._fetch(url, patience)))
        self._published_until = self._clock() + KEYS_SECONDS

    def _fetch(self, url: str, patience: Patience) -> Flow[httpx2.Response]:
        return (yield from self._exchange(url, lambda _: protocol.plain_request(url), patience))

    def _exchange(
        self, url: str, build: Callable[[str | None], httpx2.Request], patience: Patience
    ) -> Flow[httpx2.Response]:
        """Send what `build` makes, made anew for a nonce challenge (once) and after each wait within the budget."""
        server = discovery.origin(url)
        challenged = False
        while True:
            response = yield build(self._nonces.get(server))
            assert response is not None
            self._note_date(response)
            nonce, error = response.headers.get("dpop-nonce"), discovery.challenge(response)
            if nonce and (response.is_success or error == "use_dpop_nonce"):
                self._nonces[server] = nonce
            if nonce and error == "use_dpop_nonce" and not challenged:
                challenged = True
                continue
            asked = discovery.retry_after(response) if response.status_code in {429, 503} else None
            pause = max(asked or 0, 1)
            if asked is None or pause > patience.left:
                return response
            patience.left -= pause
            yield Wait(pause)
            challenged = False  # the nonce may have grown old meanwhile

    def _note_date(self, response: httpx2.Response) -> None:
        try:
            self.clock_offset = parsedate_to_datetime(response.headers["date"]).timestamp() - self._clock()
        except (KeyError, ValueError):
            return


def _token_key(ask: Ask) -> Ask:
    """Asks that one token serves: the order of fields and the case number make no difference to it."""
    return replace(ask, fields=tuple(sorted(ask.fields)), case=None)
