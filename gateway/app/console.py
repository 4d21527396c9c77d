"""The staff listener: its application on the stores, and the sessions' secrets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.adapters.telemetry import Diagnostics
from gateway.app.members import members_of
from gateway.app.office import files_for_drafts, office_of
from gateway.app.oversight import oversight_of
from gateway.app.storage import Stores
from gateway.control_plane.people.credentials import nobodys_hash, open_totp, totp_key, verify_password
from gateway.data_plane.snapshots import POLL_S
from gateway.oversight.log import searching
from gateway.ports import Source, Telemetry, Unavailable
from gateway.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from gateway.console.desk import Organisation
    from gateway.web.guard import Guard


def staff_listener(
    settings: Settings,
    stores: Stores,
    telemetry: Telemetry | None = None,
    *,
    sources: Mapping[str, Source] | None = None,
    refuse_after_s: float = 0.5,
    alone: bool = False,
) -> "Guard":
    """Return the guarded application of the console. Raises ValueError where the settings name none.

    With the co-ops' member systems it counts whom a proposal would reach; a process for staff alone has none.
    Where it serves `alone`, beside no partner listener, it also makes the log searchable.
    `refuse_after_s` is the pace at which sign-ins are refused, so that their reason cannot be told from it.
    """
    from gateway.console.app import staff_app
    from gateway.console.desk import StaffDesk

    if settings.console is None:
        raise ValueError("no console is configured: set GATEWAY_CONSOLE to the origin that staff reach it by")
    told = telemetry or Diagnostics()
    desk = StaffDesk(
        origin=settings.console,
        coops={coop: settings.coop_names.get(coop, coop) for coop in settings.coops},
        clock=stores.clock,
        staff=stores.staff,
        proposals=stores.proposals,
        current=stores.snapshots.current,
        office=office_of(settings, stores, sources),
        oversight=oversight_of(settings, stores),
        members=members_of(settings, stores),
        files_on_server=files_for_drafts(settings),
        telemetry=told,
        nobodys_hash=nobodys_hash(),
        verify_password=verify_password,
        open_totp=open_totp,
        totp_key=lambda coop: totp_key(stores.keys.coop_secrets(coop)),
        organisations=organisations_of(settings),
        fonts=settings.fonts,
        demo=settings.demo,
        refuse_after_s=refuse_after_s,
    )

    @asynccontextmanager
    async def following(_: "Starlette") -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_again(told, "staff snapshot", POLL_S, stores.snapshots.refresh_all))]
        if alone:
            folding = searching.Folding(stores.log, stores.search, settings.coops)
            tasks.append(asyncio.create_task(_again(told, "search", searching.EVERY_S, folding.round)))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await desk.overseeing.verifications.close()
        for organisation in desk.organisations.values():
            await organisation.provider.close()

    return staff_app(desk, hosts=frozenset({urlsplit(settings.console).netloc}), lifespan=following)


def organisations_of(settings: Settings) -> "dict[str, Organisation]":
    """Return the identity providers of the co-ops that have one; nothing is asked of them yet. Raises OSError."""
    if not settings.oidc:
        return {}
    from gateway.adapters.bounded_post import client
    from gateway.adapters.oidc_http import HttpProvider
    from gateway.console.desk import Organisation
    from gateway.ports import OrganisationSignIn

    return {
        coop: Organisation(
            sign_in=OrganisationSignIn(
                issuer=one.issuer,
                client_id=one.client_id,
                acr=one.acr,
                amr=one.amr,
                scope=one.scope,
                claim=one.claim,
                max_age_s=60 * one.max_age_minutes,
                local=one.local,
            ),
            provider=HttpProvider(
                one.issuer,
                client_id=one.client_id,
                secret=one.secret_file.read_text(encoding="utf-8").strip(),
                http=client(None if one.ca_file is None else ssl.create_default_context(cafile=one.ca_file)),
                plain_http=settings.demo,
            ),
        )
        for coop, one in settings.oidc.items()
    }


async def _again(telemetry: Telemetry, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Keep what is in force, or what is searched by, at hand: a process that serves staff alone needs both too."""
    while True:
        try:
            await work()
        except Unavailable as fault:
            telemetry.note("job failed", job=name, fault=str(fault))
        except Exception as fault:  # noqa: BLE001  # a job must outlive whatever befalls one round of it
            telemetry.note("job failed", job=name, fault=type(fault).__name__)
        await asyncio.sleep(seconds)
