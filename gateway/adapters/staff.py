"""People, roles, sign-in and sessions, on either database; see gateway.ports.Staff for the contract.

People and roles are only read here: the log's entries write them (log/changes.py).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, cast, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import PersonRow, StaffRoleRow, StaffSessionRow
from gateway.core.days import Span
from gateway.core.staff import RoleHeld
from gateway.ports import IDLE, WHOLE, Credentials, Person, Session

_person = metadata.tables[PersonRow.__tablename__]
_role = metadata.tables[StaffRoleRow.__tablename__]
_session = metadata.tables[StaffSessionRow.__tablename__]

_TOTP = cast(_person.c.totp, LargeBinary)
"""SQLite keeps the column's default as an empty text, which equals no empty bytes."""


class StoredStaff:
    """The Staff port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def people(self, coop: str) -> list[Person]:
        """Return everybody, by id."""
        columns = _person.c.id, _person.c.name, _person.c.active, _person.c.signed_in
        query = select(*columns).where(_person.c.origin == self._origin(coop))
        async with asking(self._engine) as db:
            rows = (await db.execute(query)).all()
        # Sorted here: the databases do not order text alike.
        return sorted((_known(row) for row in rows), key=lambda one: one.id)

    async def roles(self, coop: str) -> list[RoleHeld]:
        """Return every role, in the order in which they begin."""
        query = select(_role).where(_role.c.origin == self._origin(coop))
        async with asking(self._engine) as db:
            rows = (await db.execute(query)).all()
        return [_held(row) for row in sorted(rows, key=lambda row: (row.starts, row.id))]

    async def credentials(self, coop: str, person: str) -> Credentials | None:
        """Return how a person signs in."""
        async with asking(self._engine) as db:
            row = (await db.execute(select(_person, _TOTP.label("sealed")).where(self._is(coop, person)))).first()
        if row is None:
            return None
        return Credentials(
            password=row.password,
            totp=bytes(row.sealed),
            counter=int(row.counter),
            failures=int(row.failures),
            locked_until=instants.read_if_any(row.locked_until),
        )

    async def set_credentials(self, coop: str, person: str, credentials: Credentials, *, was: Credentials) -> bool:
        """Replace credentials that are still what they were."""
        columns = {**_person.c, "totp": _TOTP}
        still = [columns[name].is_not_distinct_from(value) for name, value in _columns(was).items()]
        async with writing(self._engine) as db:
            done = await db.execute(
                update(_person).where(self._is(coop, person), *still).values(**_columns(credentials))
            )
        return done.rowcount == 1

    async def linked(self, coop: str, issuer: str, subject: str) -> str | None:
        """Return whom an identity belongs to."""
        query = select(_person.c.id).where(
            _person.c.origin == self._origin(coop),
            _person.c.issuer == issuer,
            _person.c.subject == subject,
            _person.c.subject != "",
        )
        async with asking(self._engine) as db:
            found = (await db.execute(query)).scalars().all()
        return found[0] if len(found) == 1 else None

    async def open_session(self, session: Session) -> None:
        """Store a session, and when the person signed in; those of the same person that are over go."""
        over = or_(
            _session.c.began <= instants.stored(session.began - WHOLE),
            _session.c.seen <= instants.stored(session.began - IDLE),
        )
        row = {
            "token_hash": session.token_hash,
            "coop": session.coop,
            "person": session.person,
            "csrf": session.csrf,
            "began": instants.stored(session.began),
            "seen": instants.stored(session.seen),
        }
        async with writing(self._engine) as db:
            await db.execute(delete(_session).where(_of(session.coop, session.person), over))
            await db.execute(insert(_session).values(**row))
            await db.execute(
                update(_person).where(self._is(session.coop, session.person)).values(signed_in=row["began"])
            )

    async def session(self, token_hash: bytes) -> Session | None:
        """Return a session."""
        async with asking(self._engine) as db:
            row = (await db.execute(select(_session).where(_session.c.token_hash == token_hash))).first()
        if row is None:
            return None
        return Session(
            token_hash=bytes(row.token_hash),
            coop=row.coop,
            person=row.person,
            csrf=row.csrf,
            began=instants.read(row.began),
            seen=instants.read(row.seen),
        )

    async def touch_session(self, token_hash: bytes, seen: datetime) -> None:
        """Note that a session was used; what another request noted later stays."""
        at = instants.stored(seen)
        this = (_session.c.token_hash == token_hash) & (_session.c.seen < at)
        async with writing(self._engine) as db:
            await db.execute(update(_session).where(this).values(seen=at))

    async def close_session(self, token_hash: bytes) -> None:
        """Forget a session."""
        async with writing(self._engine) as db:
            await db.execute(delete(_session).where(_session.c.token_hash == token_hash))

    async def close_sessions_of(self, coop: str, person: str) -> None:
        """Forget all sessions of a person."""
        async with writing(self._engine) as db:
            await db.execute(delete(_session).where(_of(coop, person)))

    def _is(self, coop: str, person: str) -> ColumnElement[bool]:
        return (_person.c.origin == self._origin(coop)) & (_person.c.id == person)


def _of(coop: str, person: str) -> ColumnElement[bool]:
    return (_session.c.coop == coop) & (_session.c.person == person)


def _known(row: Any) -> Person:
    return Person(id=row.id, name=row.name, active=bool(row.active), signed_in=instants.read_if_any(row.signed_in))


def _held(row: Any) -> RoleHeld:
    return RoleHeld(
        id=row.id,
        person=row.person,
        role=row.role,
        department=row.department,
        span=Span(instants.read(row.starts), instants.read_if_any(row.ends)),
        deputy_for=row.deputy_for,
    )


def _columns(credentials: Credentials) -> dict[str, Any]:
    return {
        "password": credentials.password,
        "totp": credentials.totp,
        "counter": credentials.counter,
        "failures": credentials.failures,
        "locked_until": None if credentials.locked_until is None else instants.stored(credentials.locked_until),
    }
