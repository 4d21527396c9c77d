"""Who vouches for a co-op's log from outside, as the settings name them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.oversight.log import anchors
from gateway.ports import Clock, Telemetry
from gateway.settings import Settings

if TYPE_CHECKING:
    import httpx2

from gateway.app.storage import Stores


@asynccontextmanager
async def anchorings(
    settings: Settings, stores: Stores, telemetry: Telemetry, *, held_back: set[str]
) -> AsyncIterator[dict[str, anchors.Anchoring]]:
    """Give what has others vouch for the log of each co-op that is configured so; on one HTTP client."""
    if not settings.anchors:
        yield {}
        return
    from gateway.adapters import bounded_post

    async with bounded_post.client() as http:
        yield {
            coop: anchors.Anchoring(
                coop,
                anchors_of(settings, coop, http=http, clock=stores.clock),
                log=stores.log,
                publications=stores.publications,
                coverage=stores.coverage,
                clock=stores.clock,
                telemetry=telemetry,
                held_back=held_back,
            )
            for coop in settings.anchors
        }


def anchors_of(settings: Settings, coop: str, *, http: "httpx2.AsyncClient", clock: Clock) -> anchors.Anchors:
    """Return who vouches for a co-op's log, as configured."""
    from gateway.adapters.anchors.timestamp_http import HttpTimestamps
    from gateway.adapters.anchors.witness_http import HttpWitness
    from gateway.tlog.cosignature import parse_witness_vkey
    from gateway.tlog.timestamp import read_authority

    told, stamps = settings.anchors[coop], settings.anchors[coop].timestamp
    timestamps: HttpTimestamps | None = None
    if stamps is not None:
        authority = read_authority(stamps.ca_file.read_bytes(), policy=stamps.policy)
        timestamps = HttpTimestamps(stamps.url, authority=authority, http=http, clock=clock)
    return anchors.Anchors(
        witnesses=tuple(
            HttpWitness(one.url, key=parse_witness_vkey(one.vkey), http=http, clock=clock) for one in told.witnesses
        ),
        quorum=told.quorum or len(told.witnesses),
        timestamps=timestamps,
        interval=timedelta(minutes=stamps.interval_minutes if stamps else 60),
        overdue=timedelta(hours=told.overdue_hours),
        stop_releases=told.stop_releases,
    )
