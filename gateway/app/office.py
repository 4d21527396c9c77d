"""What the second door works with, on the stores."""

from functools import partial
from pathlib import Path

from gateway.app.storage import Stores
from gateway.control_plane.office import Office
from gateway.control_plane.preview import preview
from gateway.core.proposal import Proposal
from gateway.core.state import Snapshot
from gateway.oversight.held import held
from gateway.ports import Checked, Files
from gateway.settings import Settings


def office_of(settings: Settings, stores: Stores) -> Office:
    """Return the office of the second door; `stores` are open as long as it is used."""
    from gateway.adapters.policy_files.in_memory import CheckedFiles

    async def foresee(proposal: Proposal, checked: Checked, snapshot: Snapshot) -> bytes:
        assert checked.policy is not None
        made = await preview(
            stores.log,
            snapshot,
            checked.policy,
            findings=checked.findings,
            held=partial(count, proposal.coop),
            now=stores.clock(),
            effective=proposal.effective,
        )
        return made.canonical()

    async def count(coop: str, partner: str, agreement: str, purpose: str) -> int:
        return len(
            await held(
                stores.log,
                stores.side_rows,
                stores.held_sets,
                coop,
                partner=partner,
                agreement=agreement,
                purpose=purpose,
            )
        )

    return Office(
        log=stores.log,
        proposals=stores.proposals,
        staff=stores.staff,
        policy_files=CheckedFiles(samples=settings.demo),
        in_force=stores.snapshots,
        foresee=foresee,
        clock=stores.clock,
    )


def files_of(policies: Path, partners: Path, coop: str) -> Files:
    """Return a co-op's files and the partners', as they stand on the disk. Raises ValueError for one that is not UTF-8."""
    from gateway.adapters.policy_files.folder import files_of as read

    return read(policies, partners, coop)


def write_files(files: Files, policies: Path, partners: Path) -> None:
    """Write files to two folders, byte for byte. Raises ValueError for a name that leads out of them."""
    from gateway.adapters.policy_files.folder import write_files as write

    write(files, policies, partners)
