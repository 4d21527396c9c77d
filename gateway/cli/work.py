"""gateway work."""

import asyncio
import logging
import signal

from gateway.adapters.database import migrate as migrate_database
from gateway.app.working import work as work_until
from gateway.cli.output import explained, say, settings
from gateway.settings import Settings


def work() -> None:
    """一括提供を作る / Make the parts of exports beside the processes that serve, on PostgreSQL, until SIGTERM or SIGINT."""
    configured = settings()
    import uvloop

    with explained():
        uvloop.run(_work(configured))


async def _work(configured: Settings) -> None:
    from gateway.web.server import collect_seldom, keep_large_buffers

    def ready() -> None:
        collect_seldom()
        keep_large_buffers()
        say("working")

    # The database driver's own tracebacks say less than the note that whoever needed the database writes.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await migrate_database(configured.database_url)
    await work_until(configured, stop=stop, ready=ready)
