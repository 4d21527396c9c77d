"""What partners report of leaks, kept where compliance works on it."""

from gateway.app.oversight import oversight_of
from gateway.app.storage import Stores
from gateway.core.incidents.report import IncidentReport
from gateway.data_plane.desk import TakeIncident
from gateway.oversight.incidents.reported import report_incident
from gateway.settings import Settings


def incidents_taken(settings: Settings, stores: Stores) -> TakeIncident:
    """Return what the partners' desk hands a report to."""
    desk = oversight_of(settings, stores)

    async def take(report: IncidentReport, partner: str, client: str, signed: str) -> str:
        return await report_incident(desk, report, partner=partner, client=client, signed=signed)

    return take
