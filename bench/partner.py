"""The one partner that asks every build: its keys, requests signed before the clock starts, and samples opened.

Token, signed requests and opening are those of the typed client; only the sending is the load generator's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client import Client, Config, Keys, Purpose, Transfer, generate_keys
from gateway.client.answer import accept, accept_page, unseal
from gateway.client.config import Ask
from gateway.client.discovery import gateway_keys, token as read_token
from gateway.client.keys import thumbprint
from gateway.client.protocol import SignedRequest, assertion, proof, signed_request, token_request
from gateway.client.results import Page

COOP, PARTNER, AGREEMENT, CLIENT = "kyoritsusha", "sunnet", "kyoritsusha-sunnet-01", "sunnet-demo"
PURPOSE, PRODUCT = "P4", "G1"
FIELDS = (
    "member_code", "name", "name_kana", "postal_code", "address_line", "phone", "order_course", "delivery_day",
)  # fmt: skip
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One signed request with its fresh proof: what a door, or a step in this process, is given."""

    sent: SignedRequest = field(repr=False)
    authorization: str
    proof: str

    def on_the_wire(self, host: str) -> bytes:
        """Return the HTTP request."""
        body = self.sent.jws.encode()
        head = (
            f"POST /v1/transfers HTTP/1.1\r\nHost: {host}\r\nAuthorization: {self.authorization}\r\n"
            f"DPoP: {self.proof}\r\nContent-Type: application/jwt\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Partner:
    """A client of this gateway's partner コープ東北サンネット."""

    def __init__(self, issuer: str, folder: Path) -> None:
        purposes = (Purpose(PURPOSE, FIELDS, (PRODUCT,)),)
        self.config = Config(issuer, issuer + "/v1", CLIENT, COOP, AGREEMENT, purposes)
        self.keys: Keys = generate_keys(folder)
        self._dpop = ec.generate_private_key(ec.SECP256R1())
        self._ask: Ask = self.config.ask(PURPOSE)
        self._http = httpx2.Client(timeout=30, trust_env=False)

    def sign(self, *, members: Sequence[tuple[str, ...]] = (), pages: int = 0) -> list[Asked]:
        """Sign a request for each group of codes, then for so many first pages, under a new token and nonce.

        A proof is good for a minute and a token for five: they are made for one round and fired at once.
        """
        token, nonce = self._token()
        return self.sign_under(token, nonce, members=members, pages=pages)

    @property
    def jkt(self) -> str:
        """The thumbprint of the key that its proofs are made with."""
        return thumbprint(self._dpop.public_key())

    def sign_under(
        self, token: str, nonce: str | None, *, members: Sequence[tuple[str, ...]] = (), pages: int = 0
    ) -> list[Asked]:
        """Sign the same under a token of whoever else trusts these keys."""
        wanted: list[dict[str, Any]] = [{"members": codes} for codes in members]
        wanted += [{"page": {"limit": PAGE}}] * pages
        url = self.config.resource + "/transfers"
        now = int(time.time())
        return [
            Asked(
                sent=signed_request(self.config, self._ask, key=self.keys.sig, now=now, **what),
                authorization=f"DPoP {token}",
                proof=proof(self._dpop, method="POST", url=url, now=now, nonce=nonce, token=token),
            )
            for what in wanted
        ]

    def open(self, asked: Asked, answer: httpx2.Response) -> Transfer:
        """Decrypt an answer and check everything a partner checks. Raises AnswerRejected."""
        opened = unseal(answer, keys=self.keys.enc, config=self.config)
        published = gateway_keys(self._http.get(self.config.issuer + "/oauth/jwks"))
        read = accept if asked.sent.members is not None else accept_page
        got: Transfer | Page = read(opened, sent=asked.sent, keys=published, config=self.config, now=time.time())
        return got.transfer if isinstance(got, Page) else got

    def walk(self) -> tuple[str, ...]:
        """Return the codes of all members that are released to this partner."""
        with Client(self.config, self.keys) as client:
            return tuple(code for page in client.pages(PURPOSE) for code in page.transfer.released)

    def _token(self) -> tuple[str, str]:
        """Return an access token and a nonce; the first answer only brings the nonce."""
        url = self.config.issuer + "/oauth/token"
        nonce: str | None = None
        for _ in range(2):
            now = int(time.time())
            request = token_request(
                self.config,
                self._ask,
                url=url,
                client_assertion=assertion(self.config, key=self.keys.sig, now=now),
                dpop=proof(self._dpop, method="POST", url=url, now=now, nonce=nonce),
            )
            response = self._http.send(request)
            nonce = response.headers.get("dpop-nonce")
        return read_token(response, config=self.config, ask=self._ask, now=time.time()).value, nonce or ""
