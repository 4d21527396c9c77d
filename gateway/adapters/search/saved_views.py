"""Saved views on either database; see gateway.ports.SavedViews for the contract."""

from collections.abc import Callable

from msgspec.structs import asdict
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.views import SavedViewRow
from gateway.ports.saved_views import MOST_VIEWS, SavedView

_view = metadata.tables[SavedViewRow.__tablename__]


class StoredViews:
    """The SavedViews port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def of(self, coop: str, person: str) -> list[SavedView]:
        """Return a person's own views and the shared ones."""
        mine = _view.c.origin == self._origin(coop), or_(_view.c.person == person, _view.c.shared)
        async with asking(self._engine) as db:
            rows = (await db.execute(select(_view).where(*mine).order_by(_view.c.name, _view.c.id))).all()
        return [
            SavedView(
                id=row.id,
                coop=coop,
                person=row.person,
                name=row.name,
                screen=row.screen,
                query=row.query,
                shared=bool(row.shared),
                made=instants.read(row.made),
            )
            for row in rows
        ]

    async def keep(self, view: SavedView) -> bool:
        """Store a view."""
        origin = self._origin(view.coop)
        values = {name: value for name, value in asdict(view).items() if name != "coop"}
        own = select(func.count()).where(_view.c.origin == origin, _view.c.person == view.person)
        async with writing(self._engine) as db:
            if (await db.scalar(own) or 0) >= MOST_VIEWS:
                return False
            try:
                async with db.begin_nested():
                    await db.execute(
                        insert(_view).values({**values, "origin": origin, "made": instants.stored(view.made)})
                    )
            except IntegrityError:
                return False
        return True

    async def drop(self, coop: str, view: str, *, person: str | None) -> bool:
        """Delete a view."""
        whose = _view.c.shared if person is None else _view.c.person == person
        async with writing(self._engine) as db:
            gone = delete(_view).where(_view.c.origin == self._origin(coop), _view.c.id == view, whose)
            return (await db.execute(gone)).rowcount == 1
