"""The staff listener: its application on the stores, and the sessions' secrets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.adapters.telemetry import Diagnostics
from gateway.app.office import office_of
from gateway.app.storage import Stores
from gateway.control_plane.credentials import hash_password, open_totp, totp_key, verify_password
from gateway.data_plane.snapshots import POLL_S
from gateway.ports import Telemetry, Unavailable
from gateway.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from gateway.web.guard import Guard


def staff_listener(
    settings: Settings, stores: Stores, telemetry: Telemetry | None = None, *, refuse_after_s: float = 0.5
) -> "Guard":
    """Return the guarded application of the console. Raises ValueError where the settings name none.

    `refuse_after_s` is the pace at which sign-ins are refused, so that their reason cannot be told from it.
    """
    from gateway.console.app import staff_app
    from gateway.console.desk import StaffDesk

    if settings.console is None:
        raise ValueError("no console is configured: set GATEWAY_CONSOLE to the origin that staff reach it by")
    told = telemetry or Diagnostics()
    desk = StaffDesk(
        origin=settings.console,
        coops={coop: coop for coop in settings.coops},
        clock=stores.clock,
        staff=stores.staff,
        proposals=stores.proposals,
        current=stores.snapshots.current,
        office=office_of(settings, stores),
        telemetry=told,
        hash_password=hash_password,
        verify_password=verify_password,
        open_totp=open_totp,
        totp_key=lambda coop: totp_key(stores.keys.coop_secrets(coop)),
        demo=settings.demo,
        refuse_after_s=refuse_after_s,
    )

    @asynccontextmanager
    async def following(_: "Starlette") -> AsyncIterator[None]:
        task = asyncio.create_task(_follow(stores, told), name="staff snapshot")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return staff_app(desk, hosts=frozenset({urlsplit(settings.console).netloc}), lifespan=following)


async def _follow(stores: Stores, telemetry: Telemetry) -> None:
    """Keep what is in force at hand, for a process that serves staff alone too."""
    while True:
        try:
            await stores.snapshots.refresh_all()
        except Unavailable as fault:
            telemetry.note("job failed", job="staff snapshot", fault=str(fault))
        await asyncio.sleep(POLL_S)
