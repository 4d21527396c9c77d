"""The desk (窓口) that staff come to: what the console's pages work with, in one process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.members.desk import MemberDesk
from gateway.control_plane.office import Office
from gateway.control_plane.refusals import refused
from gateway.core.changes.proposal import Proposal
from gateway.core.state import Snapshot
from gateway.oversight.desk import OversightDesk
from gateway.ports import (
    Clock,
    Files,
    IdentityProvider,
    OrganisationSignIn,
    PolicyFiles,
    Proposals,
    Staff,
    Telemetry,
    Unavailable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A co-op's own identity provider, and what it must say of whoever signs in there."""

    sign_in: OrganisationSignIn
    provider: IdentityProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDesk:
    """Everything the pages need; assembled by app/, immutable."""

    origin: str
    """`https://console.example.coop`, without a path: what a browser's `Origin` must be. Never derived from a request."""
    coops: Mapping[str, str]
    """Co-op → the name it is shown by."""
    clock: Clock
    staff: Staff
    proposals: Proposals
    current: Callable[[str], Snapshot]
    """What is in force for a co-op, as this process knows it now."""
    telemetry: Telemetry
    nobodys_hash: str
    """A password hash that is nobody's, verified where there is no person, so that both take as long."""
    verify_password: Callable[[str, str], bool]
    """(PHC hash, password) → whether it is the one; slow by design, so it is called off the event loop."""
    open_totp: Callable[[bytes, bytes], bytes]
    """(sealed secret, key) → the secret's bytes. Raises ValueError where it was not sealed with this key."""
    totp_key: Callable[[str], bytes] = field(repr=False)
    """Co-op → the key that its TOTP secrets are sealed with."""
    office: Office | None = None
    """What acts are done with; None: this console only reads."""
    oversight: OversightDesk | None = None
    """What compliance works with; None: this console does not have it."""
    members: MemberDesk | None = None
    """What member events are taken in with; None: this console takes none in."""
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    """Co-op → its identity provider, for those that have one."""
    files_on_server: Callable[[str], Files] | None = None
    """Co-op → its files and the partners' on this server's disk, read off the event loop; None: there are none.

    Raises Refused for what cannot be taken in."""
    fonts: Path | None = None
    """The folder with the fonts of documents (PDF); None: the usual folders."""
    demo: bool = False
    """Everything shown is test data (試験), and is marked as such."""
    refuse_after_s: float = 0.5
    """A refused sign-in is answered no earlier than this, so that its reason cannot be told from its duration."""

    @property
    def policy_files(self) -> PolicyFiles:
        """What files of policies mean. Raises Unavailable where this console only reads."""
        return self._acting().policy_files

    async def amend(self, coop: str, proposal: str, revision: int, files: Files, *, by: str) -> Proposal:
        """Change what a proposal says, as of the revision that its editor saw. Raises Refused, Unavailable."""
        stored = await self.proposals.get(coop, proposal)
        if stored is None:
            raise refused("revision")
        wish = Wish(
            files=files,
            title=stored.title,
            department=stored.department,
            effective=stored.effective,
            reason=stored.reason,
        )
        return await steps.amend(self._acting(), replace(stored, revision=revision), wish, by=by)

    def _acting(self) -> Office:
        if self.office is None:
            raise Unavailable("this console only reads")
        return self.office

    @property
    def overseeing(self) -> OversightDesk:
        """What compliance works with. Raises Unavailable where this console does not have it."""
        if self.oversight is None:
            raise Unavailable("this console does not have the log")
        return self.oversight

    @property
    def taking_in(self) -> MemberDesk:
        """What member events are taken in with. Raises Unavailable where this console takes none in."""
        if self.members is None:
            raise Unavailable("this console takes no member events in")
        return self.members

    def takes_passwords(self, coop: str) -> bool:
        """Tell whether a co-op's people may sign in with a password of this console."""
        organisation = self.organisations.get(coop)
        return organisation is None or organisation.sign_in.local

    @property
    def secure(self) -> bool:
        """Whether the console is reached over https; only the demo may be reached otherwise."""
        return self.origin.startswith("https://")
