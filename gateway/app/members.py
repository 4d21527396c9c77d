"""What member events are taken in with, on the stores."""

from functools import partial

from gateway.app.storage import Stores
from gateway.control_plane.members.desk import MemberDesk
from gateway.core.members.masters import Masters
from gateway.settings import Settings


def masters_of(settings: Settings, coop: str) -> Masters:
    """Return which side is master of which kind of member event at a co-op."""
    return settings.masters.get(coop, {})


def members_of(settings: Settings, stores: Stores) -> MemberDesk:
    """Return the desk of member events; `stores` are open as long as it is used."""
    return MemberDesk(
        log=stores.log,
        events=stores.member_events,
        in_force=stores.snapshots,
        masters=partial(masters_of, settings),
        secrets=stores.keys.coop_secrets,
        clock=stores.clock,
    )
