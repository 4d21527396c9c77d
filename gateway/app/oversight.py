"""What the third door works with, on the stores."""

from functools import partial

from gateway.app.storage import Stores, origin_of
from gateway.oversight.desk import OversightDesk
from gateway.settings import Settings


def oversight_of(settings: Settings, stores: Stores) -> OversightDesk:
    """Return the desk of the third door; `stores` are open as long as it is used."""
    return OversightDesk(
        log=stores.log,
        publications=stores.publications,
        side_rows=stores.side_rows,
        held_sets=stores.held_sets,
        erasable=stores.erasable,
        dossiers=stores.dossiers,
        staff=stores.staff,
        current=stores.snapshots.current,
        origin=partial(origin_of, settings),
        secrets=stores.keys.coop_secrets,
        clock=stores.clock,
    )
