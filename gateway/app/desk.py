"""The desk of one process: sources, telemetry, limits, keys."""

from typing import TYPE_CHECKING

from gateway.app.follow_ups import follow_up_rules
from gateway.app.incidents import incidents_taken
from gateway.app.storage import Stores, origin_of
from gateway.control_plane import subject_key
from gateway.data_plane.desk import Coop, Desk
from gateway.data_plane.limits import Buckets, Rate, Summaries
from gateway.oauth.rfc9449 import Nonces
from gateway.ports import Clock, OpenSource, Source, Telemetry
from gateway.settings import AnySource, FileSourceSettings, Settings, SourceSettings, SqlSourceSettings

if TYPE_CHECKING:
    from gateway.adapters.telemetry import Diagnostics


def telemetry_of(settings: Settings) -> "Diagnostics":
    """Return telemetry as configured: diagnostics alone, or OpenTelemetry too."""
    if not settings.telemetry:
        from gateway.adapters.telemetry import Diagnostics

        return Diagnostics()
    from gateway.adapters.open_telemetry import OpenTelemetry

    return OpenTelemetry()


def sources_of(settings: Settings, *, clock: Clock) -> "dict[str, OpenSource]":
    """Return the member system of every co-op, as it is configured. Raises ValueError."""
    return {coop: _source(settings.sources[coop], clock) for coop in settings.coops}


def _source(one: AnySource, clock: Clock) -> "OpenSource":
    match one:
        case SqlSourceSettings():
            from gateway.adapters.sources.sql import SqlSource

            return SqlSource(
                one.url_file.read_text().strip(), clock=clock, timeout_s=one.timeout_s, connections=one.connections
            )
        case FileSourceSettings():
            from gateway.adapters.sources.files import FileSource

            return FileSource(one.folder, clock=clock, every_s=one.every_s)
        case SourceSettings():
            import stamina

            from gateway.adapters.sources.http import HttpSource

            # A source that fails is noted once, by the step that asked; each retry's own line would say it again.
            stamina.instrumentation.set_on_retry_hooks(())
            return HttpSource(
                one.url,
                secret=one.secret_file.read_text().strip(),
                clock=clock,
                timeout_s=one.timeout_s,
                connections=one.connections,
            )


def build_desk(settings: Settings, stores: Stores, sources: dict[str, Source], telemetry: Telemetry) -> Desk:
    """Return the desk of one process. Raises KeysRefused."""
    rate = Rate(settings.requests_per_second, settings.burst)
    return Desk(
        issuer=settings.issuer,
        resource=settings.resource,
        clock=stores.clock,
        log=stores.log,
        publications=stores.publications,
        side_rows=stores.side_rows,
        follow_ups=stores.follow_ups,
        overruns=stores.overruns,
        walks=stores.walks,
        exports=stores.exports,
        kept_requests=stores.kept_requests,
        snapshots=stores.snapshots,
        coops={
            coop: Coop(
                id=coop,
                origin=origin_of(settings, coop),
                source=sources[coop],
                secrets=stores.keys.coop_secrets(coop),
                duties=follow_up_rules(settings, coop),
            )
            for coop in settings.coops
        },
        response_signer=stores.keys.signers("response")[-1],
        token_signer=stores.keys.signers("token")[-1],
        token_keys=stores.keys.verifiers("token"),
        nonces=Nonces(stores.keys.nonce_master()),
        proxies=frozenset(settings.proxies),
        # A partner's systems may share an address; what all of one network send is bounded at twice a client's rate.
        per_prefix=Buckets(Rate(2 * settings.requests_per_second, 2 * settings.burst)),
        per_client=Buckets(rate),
        per_purpose=Buckets(rate),
        summaries=Summaries(),
        telemetry=telemetry,
        take_incident=incidents_taken(settings, stores),
        rewritten=stores.log.refused,
    )


async def withdraw_strangers(desk: Desk) -> None:
    """Take out each co-op whose member key in memory is no longer the one in force.

    Where another process has begun a new one, stops are set with that; one that was destroyed is to tag nobody any more.
    """
    for coop, one in list(desk.coops.items()):
        said = await subject_key.known(desk.log, coop)
        if said.destroyed or said.check not in {None, subject_key.check_value(one.secrets.subject)}:
            desk.telemetry.note("member key replaced", coop=coop)
            del desk.coops[coop]
