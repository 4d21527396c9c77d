"""A partner's system reports a leak: its signed report becomes an incident, received by rule, for compliance to take on.

The co-op knows from the day on which the report came in, whenever the partner knew: that day is day 1 of its terms. The
same report sent again is the same incident. Its name says nothing of the partner and cannot be guessed from outside.
"""

import hmac
from hashlib import sha256
from typing import Final

from gateway.core.days import jst_day
from gateway.core.incidents.report import IncidentReport
from gateway.core.refused import Refused
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.file import MATTER, IncidentFile, Told, due
from gateway.oversight.incidents.intake import Intake

_ID: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH: Final = 12


async def report_incident(
    desk: OversightDesk, report: IncidentReport, *, partner: str, client: str, signed: str
) -> str:
    """Open an incident for a partner's report and return its id; `signed` is the digest of what was signed.

    Raises Unavailable.
    """
    coop, today = report.coop, jst_day(desk.clock())
    identifier = _identifier(desk.secrets(coop).requests, client, report.jti)
    if await desk.dossiers.get(coop, identifier) is not None:
        return identifier
    intake = Intake(
        title=report.title,
        what=report.what,
        # A partner that says a day to come discovered it, for us, no later than it told us.
        discovered=min(report.discovered, today),
        known=today,
        known_by="提供先からの報告を受け付けた日",
        source="partner",
        partner=partner,
        wrongful=report.wrongful,
        safe="unknown" if report.encrypted == "yes" else report.encrypted,
    )
    told = Told(
        client=client,
        report=report.jti,
        signed=signed,
        known=report.known,
        contact=report.contact,
        persons=report.persons,
    )
    made = IncidentFile(intake=intake, told=told)
    try:
        await dossiers.begin(
            desk,
            coop,
            MATTER,
            made,
            state="received",
            by=client,
            reason="提供先の報告",
            partner=partner,
            due=due(made),
            dossier=identifier,
            of_partner=True,
        )
    except Refused:
        # Another process took the same report a moment before.
        if await desk.dossiers.get(coop, identifier) is None:
            raise
    return identifier


def _identifier(key: bytes, client: str, report: str) -> str:
    """Return the incident's id: from the report alone, so that two processes name it the same."""
    number = int.from_bytes(hmac.digest(key, f"incident/{client}/{report}".encode(), sha256))
    letters = []
    for _ in range(_LENGTH):
        number, at = divmod(number, len(_ID))
        letters.append(_ID[at])
    return f"{MATTER}-{''.join(letters)}"
