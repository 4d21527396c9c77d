"""Which database a URL names, and bringing it to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

import gateway.adapters.migrations as scripts
from gateway.ports import Unavailable


def sqlite_path(url: str) -> Path | None:
    """Return the file a `sqlite:///` URL names; None for another database."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(scripts.__file__)).parent))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; a database already there is left as it is."""
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}")
        try:
            _upgrade(engine)
        finally:
            engine.dispose()
        return
    postgres = create_async_engine(url)
    try:
        async with postgres.begin() as connection:
            await connection.run_sync(_upgrade_on)
    except OSError as fault:
        raise Unavailable(f"the database does not answer: {type(fault).__name__}") from None
    finally:
        await postgres.dispose()


def _upgrade(engine: Engine) -> None:
    with engine.begin() as connection:
        _upgrade_on(connection)


def _upgrade_on(connection: object) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
