"""A process that only works: it makes the parts of exports that wait, beside those that serve."""

import asyncio
from collections.abc import Callable

from gateway.adapters.clock import system_clock
from gateway.adapters.database import sqlite_path
from gateway.app.desk import withdraw_strangers
from gateway.app.serving import MEMBER_KEYS_S, Job, desk_of, going_on
from gateway.data_plane.exports import ending, making
from gateway.data_plane.snapshots import POLL_S
from gateway.ports import Clock
from gateway.settings import Settings


async def work(
    settings: Settings, *, stop: asyncio.Event, ready: Callable[[], None], clock: Clock = system_clock
) -> None:
    """Work until `stop` is set; `ready` is called once the stores are open.

    Raises ValueError on SQLite, where the serving process works, Unavailable, KeysRefused, SubjectKeyRefused.
    """
    if sqlite_path(settings.database_url) is not None:
        raise ValueError("on SQLite `gateway serve` makes the exports itself; `gateway work` needs PostgreSQL")
    async with desk_of(settings, clock=clock) as (desk, opened, _):
        worker = making.Worker(desk, members=settings.export_part_members)

        async def make() -> None:
            while not stop.is_set() and await worker.round():
                pass

        jobs: list[Job] = [
            ("snapshot", POLL_S, opened.snapshots.refresh_all),
            ("member keys", MEMBER_KEYS_S, lambda: withdraw_strangers(desk)),
            ("exports", making.EVERY_S, make),
            ("ended exports", ending.EVERY_S, lambda: ending.expire(desk)),
        ]
        async with going_on(desk, stop, jobs):
            ready()
            await stop.wait()
