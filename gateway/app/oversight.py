"""What the third door works with, on the stores."""

from functools import partial

from gateway.app.follow_ups import follow_up_rules
from gateway.app.members import masters_of
from gateway.app.storage import Stores, origin_of
from gateway.oversight.desk import OversightDesk
from gateway.oversight.log.verification import Verifications
from gateway.settings import Settings


def oversight_of(settings: Settings, stores: Stores) -> OversightDesk:
    """Return the desk of the third door; `stores` are open as long as it is used."""
    return OversightDesk(
        log=stores.log,
        publications=stores.publications,
        side_rows=stores.side_rows,
        reached=stores.reached,
        held_sets=stores.held_sets,
        erasable=stores.erasable,
        dossiers=stores.dossiers,
        follow_ups=stores.follow_ups,
        follow_up_rules=partial(follow_up_rules, settings),
        member_events=stores.member_events,
        masters=partial(masters_of, settings),
        saved_views=stores.saved_views,
        kept_requests=stores.kept_requests,
        search=stores.search,
        deliveries=stores.deliveries,
        staff=stores.staff,
        current=stores.snapshots.current,
        origin=partial(origin_of, settings),
        secrets=stores.keys.coop_secrets,
        clock=stores.clock,
        coverage=stores.coverage,
        verifications=Verifications(
            log=stores.log,
            publications=stores.publications,
            key=lambda coop: stores.keys.note_signer(coop, origin_of(settings, coop)).key,
            clock=stores.clock,
        ),
        rights_fees=settings.rights_fees,
        fonts=settings.fonts,
    )
