"""A co-op's identity provider over HTTP: discovery, its keys, a code for a token (OpenID Connect Core and Discovery 1.0).

What it says of itself must be of the configured issuer, and every address of it https, but for the demo's loopback.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx2
import msgspec

from gateway.adapters.bounded_post import WITHIN_S, Answered, exchange
from gateway.ports import CodeRefused, ProviderMetadata, Unavailable

MAX_ANSWER: Final = 256 * 1024
FRESH_S: Final = 3_600.0
"""Discovery and keys are asked for again after so long."""
REFETCH_S: Final = 60.0
"""An unknown key is looked for at the provider no more often than so."""
LONGEST_URL: Final = 2_000
MOST_KEYS: Final = 100
PAUSE_S: Final = 3.0
"""After it failed it is left alone for so long: a crowd that signs in does not wait for it one by one."""


_JSON: Final = frozenset({"application/json", "application/jwk-set+json"})
_T = TypeVar("_T")
_S = TypeVar("_S", bound=msgspec.Struct)


class _Discovered(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Token(msgspec.Struct):
    id_token: str


class _Fault(msgspec.Struct):
    error: str


class HttpProvider:
    """The IdentityProvider port over HTTP."""

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str,
        secret: str,
        http: httpx2.AsyncClient,
        plain_http: bool = False,
        within_s: float = WITHIN_S,
        refetch_s: float = REFETCH_S,
    ) -> None:
        """Take the issuer and what the gateway is to it; `plain_http` admits http on the loopback address (the demo)."""
        self._issuer = issuer
        # RFC 6749 §2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        self._authorization = f"Basic {b64encode(pair.encode()).decode()}"
        self._http = http
        self._plain_http = plain_http
        self._within_s = within_s
        self._refetch_s = refetch_s
        self._metadata: _Remembered[ProviderMetadata] = _Remembered()
        self._keys: _Remembered[tuple[Mapping[str, Any], ...]] = _Remembered()

    @property
    def host(self) -> str:
        """Return the host of its issuer."""
        return urlsplit(self._issuer).netloc

    async def metadata(self) -> ProviderMetadata:
        """Return where it answers."""
        return await self._metadata.get(self._discover, younger_than_s=FRESH_S)

    async def keys(self, *, fresh: bool = False) -> tuple[Mapping[str, Any], ...]:
        """Return its keys, with `fresh` those of the last minute."""
        return await self._keys.get(self._fetch_keys, younger_than_s=self._refetch_s if fresh else FRESH_S)

    async def redeem(self, code: str, *, verifier: str, redirect_uri: str) -> str:
        """Return the ID token for a code; the access token that comes with it is dropped unread."""
        endpoint = (await self.metadata()).token_endpoint
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        answered = await self._exchange("POST", endpoint, headers=headers, body=urlencode(form).encode())
        if answered.status == 400 and _read(answered, _Fault).error == "invalid_grant":
            raise CodeRefused
        return _read(_good(answered), _Token).id_token

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _discover(self) -> ProviderMetadata:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        said = _read(_good(await self._get(url)), _Discovered)
        if said.issuer != self._issuer:
            raise Unavailable("it says that it is another issuer than the one configured")
        for endpoint in (said.authorization_endpoint, said.token_endpoint, said.jwks_uri):
            self._check(endpoint)
        return ProviderMetadata(
            authorization_endpoint=said.authorization_endpoint,
            token_endpoint=said.token_endpoint,
            jwks_uri=said.jwks_uri,
            names_issuer=said.authorization_response_iss_parameter_supported,
        )

    async def _fetch_keys(self) -> tuple[Mapping[str, Any], ...]:
        keys = _read(_good(await self._get((await self.metadata()).jwks_uri)), _Keys).keys
        if len(keys) > MOST_KEYS:
            raise Unavailable(f"it publishes more than {MOST_KEYS} keys")
        return tuple(keys)

    async def _get(self, url: str) -> Answered:
        return await self._exchange("GET", url, headers={"Accept": "application/json"})

    async def _exchange(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None) -> Answered:
        self._check(url)
        return await exchange(
            self._http, method, url, headers=headers, body=body, most=MAX_ANSWER, within_s=self._within_s
        )

    def _check(self, url: str) -> None:
        """Refuse an address that nobody should be sent to, or a secret sent to. Raises Unavailable."""
        try:
            parts = urlsplit(url)
            local = self._plain_http and parts.hostname in {"127.0.0.1", "localhost", "::1"}
            plain = len(url) <= LONGEST_URL and url.isascii() and url.isprintable() and " " not in url
        except ValueError:
            raise Unavailable("an address of it cannot be read") from None
        if not plain or not parts.hostname or parts.fragment or "@" in parts.netloc:
            raise Unavailable("an address of it is none")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise Unavailable("an address of it is not https")


class _Remembered(Generic[_T]):
    """Something that is fetched now and then: of many who miss it at once the first asks, and a failure is remembered."""

    def __init__(self) -> None:
        self._value: _T | None = None
        self._fetched = 0.0
        self._again_at = 0.0
        self._fault = ""
        self._asking = asyncio.Lock()

    async def get(self, fetch: Callable[[], Awaitable[_T]], *, younger_than_s: float) -> _T:
        """Return it if it is young enough, or fetch it. Raises Unavailable."""
        clock = asyncio.get_running_loop().time
        async with self._asking:
            if self._value is not None and clock() < self._fetched + younger_than_s:
                return self._value
            if clock() < self._again_at:
                raise Unavailable(self._fault)
            try:
                self._value = await fetch()
            except Unavailable as fault:
                self._again_at, self._fault = clock() + PAUSE_S, str(fault)
                raise
            self._fetched = clock()
            return self._value


def _good(answered: Answered) -> Answered:
    if answered.status != 200:
        raise Unavailable(f"it answered {answered.status}")
    return answered


def _read(answered: Answered, kind: type[_S]) -> _S:
    if answered.media_type not in _JSON:
        raise Unavailable("its answer is not JSON")
    try:
        return msgspec.json.decode(answered.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unavailable("its answer is not the JSON it should be") from None
