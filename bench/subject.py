"""This gateway, as it is run: migrated, keys made, the real policy published, one partner registered; then served.

Two things differ from a co-op's day: rate and daily limits are lifted, and the agreement and the supervision end a year
from today, so that the benchmark still runs when the sample's have ended.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.machine import ROOT, free_port, serving
from bench.partner import AGREEMENT, CLIENT, COOP, PARTNER, Partner
from gateway.adapters.clock import system_clock
from gateway.adapters.database import migrate
from gateway.adapters.policy_files.load import load
from gateway.app.storage import stores
from gateway.control_plane.changes.publish import publish
from gateway.control_plane.partners.acts import add_key, set_state
from gateway.core.days import jst_day
from gateway.jose.rfc7517 import accept_partner_set
from gateway.settings import PREFIX, Settings, SourceSettings, SqlSourceSettings

UNLIMITED = 10**9
_BY, _REASON = "運用", "計測"


def settings_for(folder: Path, *, database: str, source: SourceSettings | SqlSourceSettings, **more: Any) -> Settings:
    """Return the settings of a gateway with its own keys and a free port."""
    port = free_port()
    return Settings(
        name="bench.example.coop",
        issuer=f"http://127.0.0.1:{port}",
        port=port,
        database_url=database,
        keys=folder / "keys",
        policies=ROOT / "policies",
        partners=ROOT / "partners",
        coops=(COOP,),
        sources={COOP: source},
        demo=True,
        requests_per_second=UNLIMITED,
        burst=UNLIMITED,
        **more,
    )


async def set_up(settings: Settings, partner: Partner, *, sql: dict[str, Any] | None = None) -> None:
    """Make everything that is there before the first request; `sql` is where a database has the members."""
    await migrate(settings.database_url)
    async with stores(settings) as opened:
        opened.keys.create(settings.coops)
        coop, log, clock = opened.snapshots, opened.log, opened.clock
        document = load(settings.policies, settings.partners, COOP, samples=True).document.canonical()
        await publish(
            log,
            coop.current(COOP),
            _lifted(document, sql),
            proposer="起案",
            approver="承認",
            reason=_REASON,
            effective=None,
            clock=clock,
        )
        for key in accept_partner_set(partner.keys.public_jwks()):
            await coop.refresh(COOP)
            await add_key(log, coop.current(COOP), PARTNER, CLIENT, key, by=_BY, reason=_REASON, clock=clock)
        await set_state(log, COOP, PARTNER, active=True, by=_BY, reason=_REASON, clock=clock)


def _lifted(document: bytes, sql: dict[str, Any] | None) -> bytes:
    """Return the policy with this one agreement's daily limit lifted and its end a year from today."""
    policy: dict[str, Any] = json.loads(document)
    agreement = policy["agreements"][PARTNER][AGREEMENT]
    end = (jst_day(system_clock()) + timedelta(days=365)).isoformat()
    agreement["limits"]["members_per_day"] = UNLIMITED
    agreement["term"]["to"] = agreement["supervision"]["due"] = end
    if sql is not None:
        policy["source"]["sql"] = sql
    return json.dumps(policy, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@contextmanager
def served(settings: Settings, *, core: set[int]) -> Iterator[int]:
    """Run `gateway serve` with these settings; yield its process id."""
    with serving(["-m", "gateway", "serve"], port=settings.port, core=core, env=environment(settings)) as pid:
        yield pid


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the variables of a process."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {PREFIX + name.upper(): v if isinstance(v, str) else json.dumps(v) for name, v in values.items()}
