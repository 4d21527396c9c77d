"""The people who act for a co-op: who they are, what they may do, how they sign in."""

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from gateway.core.staff import RoleHeld

IDLE: Final = timedelta(minutes=15)
WHOLE: Final = timedelta(hours=8)
"""After so long unused, or altogether, a session is over (security-profile §8)."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a co-op's staff; `id` is what entries of the log name, and is never given to another person."""

    id: str
    name: str
    active: bool = True
    signed_in: datetime | None = None
    """When they last signed in; sessions themselves are forgotten."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How a local account signs in: an argon2id hash in PHC form, and the TOTP secret, encrypted; empty: not yet set."""

    password: str = ""
    totp: bytes = b""
    counter: int = 0
    """The last TOTP time step that was accepted: none is accepted twice."""
    failures: int = 0
    locked_until: datetime | None = None

    def __repr__(self) -> str:
        """Credentials do not print themselves."""
        return "<Credentials>"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser: known by the hash of its cookie alone."""

    token_hash: bytes
    coop: str
    person: str
    csrf: str
    began: datetime
    seen: datetime

    def __repr__(self) -> str:
        """A session does not print itself."""
        return f"<Session {self.coop}/{self.person}>"


class Staff(Protocol):
    """People, roles and sessions of every co-op. People and roles are changed by entries of the log alone
    (`Submission.change`); credentials and sessions are no evidence and are written directly, each call one transaction.

    Every method raises Unavailable where the database fails. Nobody retries.
    """

    async def people(self, coop: str) -> list[Person]:
        """Return everybody of a co-op, by id."""
        ...

    async def roles(self, coop: str) -> list[RoleHeld]:
        """Return every role that was ever held, the ended ones too."""
        ...

    async def credentials(self, coop: str, person: str) -> Credentials | None:
        """Return how a person signs in; None for nobody of this co-op."""
        ...

    async def set_credentials(self, coop: str, person: str, credentials: Credentials, *, was: Credentials) -> bool:
        """Replace credentials if they are still what they were; tell whether they were."""
        ...

    async def linked(self, coop: str, issuer: str, subject: str) -> str | None:
        """Return the id of the person whom an identity of the co-op's identity provider belongs to."""
        ...

    async def open_session(self, session: Session) -> None:
        """Store a session, and with it that the person signed in; expired ones of the same person go."""
        ...

    async def session(self, token_hash: bytes) -> Session | None:
        """Return a session, whatever its age: the caller judges it."""
        ...

    async def touch_session(self, token_hash: bytes, seen: datetime) -> None:
        """Note that a session was used."""
        ...

    async def close_session(self, token_hash: bytes) -> None:
        """Forget a session."""
        ...

    async def close_sessions_of(self, coop: str, person: str) -> None:
        """Forget all sessions of a person."""
        ...
