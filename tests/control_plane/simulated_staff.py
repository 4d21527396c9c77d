"""A co-op's people in memory, behind the ports: the Log that changes them by four statements, the Staff that reads them.

The statements do what adapters/log/changes.py says of them, and the contract tests of the stores run on this as well.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gateway.core.days import Span
from gateway.core.staff import RoleHeld
from gateway.core.state import Effect
from gateway.ports import Bounced, Change, Committed, Credentials, Head, Person, Session, Submission, Unchanged, Verdict
from gateway.tlog.entries import Entry, decode
from gateway.tlog.merkle import Frontier

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _at(milliseconds: Any) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


class SimulatedStaff:
    """The Staff port, and what the statements change."""

    def __init__(self) -> None:
        self.persons: dict[tuple[str, str], Person] = {}
        self.held: dict[tuple[str, str], RoleHeld] = {}
        self.signing_in: dict[tuple[str, str], Credentials] = {}
        self.sessions: dict[bytes, Session] = {}
        self.identities: dict[tuple[str, str], tuple[str, str]] = {}

    async def people(self, coop: str) -> list[Person]:
        return [self.persons[key] for key in sorted(self.persons) if key[0] == coop]

    async def roles(self, coop: str) -> list[RoleHeld]:
        mine = [one for key, one in self.held.items() if key[0] == coop]
        return sorted(mine, key=lambda one: (one.span.start or _EPOCH, one.id))

    async def credentials(self, coop: str, person: str) -> Credentials | None:
        return self.signing_in.get((coop, person))

    async def set_credentials(self, coop: str, person: str, credentials: Credentials, *, was: Credentials) -> bool:
        same = self.signing_in.get((coop, person)) == was
        if same:
            self.signing_in[coop, person] = credentials
        return same

    async def linked(self, coop: str, issuer: str, subject: str) -> str | None:
        found = [key[1] for key, one in self.identities.items() if key[0] == coop and one == (issuer, subject)]
        return found[0] if found else None

    async def open_session(self, session: Session) -> None:
        key = session.coop, session.person
        if key in self.persons:
            self.persons[key] = msgspec.structs.replace(self.persons[key], signed_in=session.began)
        for one in list(self.sessions.values()):
            over = one.began <= session.began - timedelta(hours=8) or one.seen <= session.began - timedelta(minutes=15)
            if (one.coop, one.person) == (session.coop, session.person) and over:
                del self.sessions[one.token_hash]
        self.sessions[session.token_hash] = session

    async def session(self, token_hash: bytes) -> Session | None:
        return self.sessions.get(token_hash)

    async def touch_session(self, token_hash: bytes, seen: datetime) -> None:
        known = self.sessions.get(token_hash)
        if known is not None and known.seen < seen:
            self.sessions[token_hash] = msgspec.structs.replace(known, seen=seen)

    async def close_session(self, token_hash: bytes) -> None:
        self.sessions.pop(token_hash, None)

    async def close_sessions_of(self, coop: str, person: str) -> None:
        self.sessions = {key: one for key, one in self.sessions.items() if (one.coop, one.person) != (coop, person)}

    def changed(self, coop: str, change: Change, now: datetime) -> bool:
        """Do what a statement says; tell whether the row was as it demands."""
        values: dict[str, Any] = dict(change.values)
        key = coop, values["id"]
        match change.statement:
            case "person_added":
                if key in self.persons:
                    return False
                self.persons[key] = Person(id=values["id"], name=values["name"])
                self.signing_in[key] = Credentials()
            case "person_left":
                if key not in self.persons or not self.persons[key].active:
                    return False
                others = any(of[0] == coop and of != key and one.active for of, one in self.persons.items())
                if not others and any(of[0] == coop for of in self.held):
                    return False
                self.identities.pop(key, None)
                self.persons[key] = msgspec.structs.replace(self.persons[key], active=False)
                self.signing_in[key] = msgspec.structs.replace(self.signing_in[key], password="")
                for of, one in self.held.items():
                    if of[0] == coop and one.person == values["id"]:
                        self._end(of, now)
            case "person_linked":
                identity = values["issuer"], values["subject"]
                taken = any(of[0] == coop and one == identity for of, one in self.identities.items())
                if taken or key not in self.persons or not self.persons[key].active:
                    return False
                self.identities[key] = identity
            case "person_unlinked":
                return self.identities.pop(key, None) is not None
            case "role_given":
                person = self.persons.get((coop, values["person"]))
                if key in self.held or person is None or not person.active:
                    return False
                span = Span(_at(values["starts"]), None if values["ends"] is None else _at(values["ends"]))
                rest = {name: values[name] for name in ("id", "person", "role", "department", "deputy_for")}
                self.held[key] = RoleHeld(**rest, span=span)
            case "role_ended":
                return key in self.held and self._end(key, _at(values["ends"]))
            case unknown:
                raise KeyError(unknown)
        return True

    def _end(self, key: tuple[str, str], at: datetime) -> bool:
        one = self.held[key]
        running = one.span.end is None or one.span.end > at
        if running:
            self.held[key] = msgspec.structs.replace(one, span=Span(one.span.start, at))
        return running


class SimulatedStaffLog:
    """The Log port over it: entries in a list, nothing but changes of staff decided."""

    def __init__(self, staff: SimulatedStaff) -> None:
        self._staff = staff
        self._entries: dict[str, list[bytes]] = {}
        self.bounces = False
        """While set, every entry is refused as stale."""

    async def append(self, coop: str, submission: Submission) -> Verdict:
        if self.bounces:
            return Bounced(7)
        change = submission.change
        if change is not None and not self._staff.changed(coop, change, submission.time):
            return Unchanged()
        kept = self._entries.setdefault(coop, [])
        kept.append(submission.entry)
        return Committed(len(kept) - 1)

    async def head(self, coop: str) -> Head:
        return Head(next_index=len(self._entries.get(coop, [])), gov=-1, frontier=Frontier())

    async def effects(self, coop: str, after: int) -> tuple[int, list[tuple[int, Effect]]]:
        return -1, []

    async def entries(self, coop: str, first: int, count: int) -> list[bytes]:
        return self._entries.get(coop, [])[first : first + count]

    async def of_kind(self, coop: str, kind: str) -> list[bytes]:
        return [entry for entry in self._entries.get(coop, []) if decode(entry).kind == kind]

    async def seen(self, keys: Sequence[tuple[bytes, datetime]]) -> list[bool]:
        return [False] * len(keys)

    async def quota_used(self, coop: str, grant: str, day: str) -> int:
        return 0

    async def skew(self) -> float:
        return 0.0

    def told(self, coop: str) -> list[Entry]:
        """Every entry of a co-op's log."""
        return [decode(entry) for entry in self._entries.get(coop, [])]
