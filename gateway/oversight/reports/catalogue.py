"""Names of partners and fields for reports, over all versions: the newest name, and that of what is no longer there."""

from gateway.core.state import Snapshot
from gateway.sheets.tables import Said


def partner_names(snapshot: Snapshot) -> dict[str, str]:
    """Return the name of every partner that a version ever named."""
    return {one.id: one.name for version in snapshot.versions for one in version.policy.partners.values()}


def field_names(snapshot: Snapshot) -> dict[str, Said]:
    """Return what every field that a version ever had is called."""
    return {
        one.id: Said(one.ja, one.en, one.id) for version in snapshot.versions for one in version.policy.fields.values()
    }
