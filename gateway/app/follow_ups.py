"""What each co-op chose for its follow-ups, as the settings say."""

from gateway.core.follow_ups.follow_up import Rules
from gateway.settings import Settings


def follow_up_rules(settings: Settings, coop: str) -> Rules:
    """Return a co-op's rules; one that the settings do not name has the usual ones."""
    chosen = settings.follow_ups.get(coop)
    if chosen is None:
        return Rules()
    duties = Rules().duties if chosen.duties is None else chosen.duties
    return Rules(duties=duties, days=chosen.days, blocking=chosen.blocking, removal=chosen.removal)
