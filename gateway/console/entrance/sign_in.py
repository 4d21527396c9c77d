"""Signing in with a local account: co-op, person, password, and a code of the moment.

1. the person         unknown, inactive or without credentials: the steps go on with a stand-in, which never succeeds
2. not locked         after failures in a row one waits, longer each time
3. counted            the attempt is a failure until it has succeeded, so that guesses sent at once are counted as well
4. the password       argon2id, off the event loop, few at a time: each takes much memory
5. the code           of this moment, and of a step later than the one accepted last
6. accepted           the step is noted, the failures are forgotten: compare-and-set, so one code makes one session
7. the session        a new one; the one that the browser came with ends

A refusal says the same, and takes as long, whatever the reason. Source: security-profile §8.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from gateway.console.desk import StaffDesk
from gateway.console.entrance.sessions import open_session
from gateway.console.entrance.totp import accepted_step
from gateway.ports import Credentials, Unavailable

FREE_FAILURES: Final = 5
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
AT_ONCE: Final = 4
"""Passwords verified at the same time."""
MOST_WAITING: Final = 64
"""Sign-ins in hand at the same time: beyond, one is told to come again rather than left to wait."""
_TRIES: Final = 20
"""How often a compare-and-set is repeated against others' before the attempt is given up."""


class SignIn:
    """The counter at which staff sign in; one per process."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk
        self._verifying = asyncio.Semaphore(AT_ONCE)
        self._in_hand = 0
        self._stand_in = Credentials(password=desk.nobodys_hash)

    async def sign_in(self, coop: str, person: str, *, password: str, code: str) -> str | None:
        """Return the token of a new session, None for a refusal. Raises Unavailable."""
        with self.taking():
            return await self._sign_in(coop, person, password=password, code=code)

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take a sign-in in hand, of whatever kind. Raises Unavailable where there are too many."""
        if self._in_hand >= MOST_WAITING:
            raise Unavailable("more sign-ins at once than are taken")
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    async def _sign_in(self, coop: str, person: str, *, password: str, code: str) -> str | None:
        loop = asyncio.get_running_loop()
        earliest = loop.time() + self._desk.refuse_after_s
        if await self._accepted(coop, person, password=password, code=code):
            self._desk.telemetry.count("staff_signed_in", coop=coop)
            return await open_session(self._desk, coop, person)
        self._desk.telemetry.count("staff_sign_in_refused")
        await asyncio.sleep(max(0.0, earliest - loop.time()))
        return None

    async def _accepted(self, coop: str, person: str, *, password: str, code: str) -> bool:
        # 1, 2, 3
        found = await self._counted(coop, person)
        # 4
        standing = found or self._stand_in
        async with self._verifying:
            right = await asyncio.to_thread(self._desk.verify_password, standing.password, password)
        if found is None or not right:
            return False
        # 5, 6
        return await self._spent(coop, person, code=code)

    async def _counted(self, coop: str, person: str) -> Credentials | None:
        """Count an attempt and return the credentials it is made against; None where it cannot succeed."""
        for _ in range(_TRIES):
            was = await self._credentials(coop, person)
            if was is None:
                # As much is asked of the database as for a person whom there is; nothing is found, so nothing is written.
                await self._desk.staff.set_credentials(coop, person, self._stand_in, was=self._stand_in)
                return None
            now = self._desk.clock()
            if was.locked_until is not None and now < was.locked_until:
                return None
            failures = was.failures + 1
            counted = replace(was, failures=failures, locked_until=locked_until(failures, now))
            if await self._desk.staff.set_credentials(coop, person, counted, was=was):
                return counted
        return None

    async def _credentials(self, coop: str, person: str) -> Credentials | None:
        if coop not in self._desk.coops or not self._desk.takes_passwords(coop):
            return None
        credentials = await self._desk.staff.credentials(coop, person)
        people = await self._desk.staff.people(coop)
        if credentials is None or not credentials.password or not credentials.totp:
            return None
        return credentials if any(one.id == person and one.active for one in people) else None

    async def _spent(self, coop: str, person: str, *, code: str) -> bool:
        """Spend the code if it is right; tell whether it was this attempt that spent it."""
        for _ in range(_TRIES):
            was = await self._credentials(coop, person)
            if was is None:
                return False
            try:
                secret = self._desk.open_totp(was.totp, self._desk.totp_key(coop))
            except ValueError:
                self._desk.telemetry.note("staff totp secret does not open", coop=coop)
                return False
            step = accepted_step(secret, code, at=self._desk.clock(), after=was.counter)
            if step is None:
                return False
            signed_in = replace(was, counter=step, failures=0, locked_until=None)
            if await self._desk.staff.set_credentials(coop, person, signed_in, was=was):
                return True
        return False


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when nobody signs in after so many failures in a row: 1, 2, 4, 8, then always 15 minutes."""
    if failures < FREE_FAILURES:
        return None
    doublings: int = 2 ** min(failures - FREE_FAILURES, 10)
    return now + min(FIRST_WAIT * doublings, LONGEST_WAIT)
