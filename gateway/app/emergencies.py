"""Where urgent provisions are kept: the dossiers of compliance, handed to the second door, which asks for and approves them."""

from gateway.control_plane.emergencies.record import Emergency, State, Who
from gateway.core.dossier import Dossier, Event
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk

_STATEMENTS: dict[Who, str] = {
    "admin": "emergency_withdrawn",
    "another": "emergency_decided",
    "third": "emergency_closed",
}


class DossierRecords:
    """The Records of control_plane/emergencies on dossiers."""

    def __init__(self, desk: OversightDesk) -> None:
        self._desk = desk

    def new_id(self) -> str:
        """Return an id that is nobody's yet."""
        return dossiers.new_id("emergency")

    async def begin(self, coop: str, said: Emergency, *, by: str, reason: str) -> Dossier:
        """Open the dossier."""
        return await dossiers.begin(
            self._desk,
            coop,
            "emergency",
            said,
            state="asked",
            by=by,
            reason=reason,
            partner=said.partner,
            dossier=said.agreement,
            statement="emergency_asked",
        )

    async def step(
        self, dossier: Dossier, said: Emergency, *, event: Event, state: State, who: Who, by: str, reason: str
    ) -> Dossier:
        """Write the next revision."""
        return await dossiers.change(
            self._desk,
            dossier,
            said,
            event=event,
            by=by,
            reason=reason,
            state=state,
            partner=dossier.partner,
            statement=_STATEMENTS[who],
        )

    def read(self, dossier: Dossier) -> Emergency:
        """Return what is written."""
        return dossiers.read(self._desk, dossier, Emergency)

    async def get(self, coop: str, dossier: str) -> Dossier | None:
        """Return an emergency's dossier."""
        found = await self._desk.dossiers.get(coop, dossier)
        return found if found is not None and found.matter == "emergency" else None

    async def all(self, coop: str) -> list[Dossier]:
        """Return all of a co-op."""
        return await self._desk.dossiers.all(coop, "emergency")
