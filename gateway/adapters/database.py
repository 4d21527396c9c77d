"""Which database a URL names, and bringing it to the newest schema.

Alembic and SQLAlchemy are imported where they work: every command asks which database it is, few migrate it.
"""

from pathlib import Path
from urllib.parse import urlsplit

from gateway.ports import Unavailable

UNMIGRATED = "its schema is not this gateway's; run `gateway migrate`"
"""What is said of a database that lacks a table or column."""


def sqlite_path(url: str) -> Path | None:
    """Return the file a `sqlite:///` URL names; None for another database."""
    parts = urlsplit(url)
    return Path(parts.path.removeprefix("/")) if parts.scheme == "sqlite" and parts.path != "/" else None


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; a database already there is left as it is. Raises Unavailable."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine

    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}")
        try:
            with engine.begin() as connection:
                _upgrade(connection)
        finally:
            engine.dispose()
        return
    postgres = create_async_engine(url)
    try:
        try:
            await (await postgres.connect()).close()
        except DBAPIError as fault:
            # Before anything was asked: which role or database there is not, and nothing of a member.
            raise Unavailable(f"the database does not let us in: {fault.orig}") from None
        async with postgres.begin() as connection:
            await connection.run_sync(_upgrade)
    except OSError as fault:
        raise Unavailable(f"the database does not answer: {type(fault).__name__}") from None
    finally:
        await postgres.dispose()


def _upgrade(connection: object) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
