"""Why a daily limit is not raised: a dossier of compliance, handed to the second door, whose admins say so."""

from gateway.control_plane.quotas.record import Dismissed
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk


async def dismissed(desk: OversightDesk, coop: str, said: Dismissed, *, by: str, reason: str) -> None:
    """Keep it, in the transaction that settles what was asked for. Raises Refused, Unavailable."""
    await dossiers.begin(
        desk,
        coop,
        "quota",
        said,
        state="dismissed",
        by=by,
        reason=reason,
        partner=said.partner,
        statement="overrun_dismissed",
        more={"grant": said.grant, "department": said.department, "said": reason},
    )
