"""A co-op's own identity provider (OpenID Connect): where it is asked, and what it must say of a person."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class OrganisationSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """How the people of one co-op sign in with their organisation's account."""

    issuer: str
    """Compared exactly with `iss` and with what the provider says of itself."""
    client_id: str
    acr: tuple[str, ...] = ()
    """Of these one must be the ID token's `acr`: what the provider calls a sign-in with more than one factor."""
    amr: tuple[str, ...] = ()
    """Where there are any, one of these in `amr` does as well."""
    scope: str = "openid"
    claim: str = "sub"
    """The claim that tells who it is; its value is what `gateway staff link` names."""
    max_age_s: int = 3_600
    """The sign-in at the provider is no older; the provider asks anew for one that is."""
    local: bool = True
    """Whether the co-op's people may sign in with a password as well."""


class ProviderMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider answers; read from it, checked to be of the configured issuer."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_issuer: bool = False
    """Whether it says in each answer who it is (RFC 9207)."""


class CodeRefused(Exception):
    """The provider does not give a token for a code: used, over, of somebody else, or never given."""


class IdentityProvider(Protocol):
    """One identity provider. Every method raises Unavailable where it does not answer as it should; nobody retries."""

    @property
    def host(self) -> str:
        """Return the host of its issuer, to tell people whom to wait for."""
        ...

    async def metadata(self) -> ProviderMetadata:
        """Return where it answers, from memory while that is fresh."""
        ...

    async def keys(self, *, fresh: bool = False) -> tuple[Mapping[str, Any], ...]:
        """Return its published keys (JWKs) from memory; with `fresh` they are asked for anew, if not just now."""
        ...

    async def close(self) -> None:
        """Close the connections; nothing is asked of it any more."""
        ...

    async def redeem(self, code: str, *, verifier: str, redirect_uri: str) -> str:
        """Return the ID token for a code, once. Raises CodeRefused."""
        ...
