"""What the second door works with, on the stores."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from gateway.app.emergencies import DossierRecords
from gateway.app.oversight import oversight_of
from gateway.app.quotas import dismissed
from gateway.app.storage import Stores
from gateway.control_plane.changes import reach
from gateway.control_plane.changes.preview import preview
from gateway.control_plane.changes.reach import Counted
from gateway.control_plane.notices.changes import purpose_names, words_of, words_published
from gateway.control_plane.office import Office
from gateway.control_plane.partners.possession import possession_key
from gateway.core.changes.proposal import Proposal
from gateway.core.identity import tagger
from gateway.core.notices.change import Words
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.core.state import Snapshot
from gateway.oversight.measures import check_trained
from gateway.oversight.members.held import held
from gateway.ports import Checked, Files, Source
from gateway.settings import Settings


def office_of(settings: Settings, stores: Stores, sources: Mapping[str, Source] | None = None) -> Office:
    """Return the office of the second door; `stores` are open as long as it is used.

    With the co-ops' member systems it counts whom a proposal would reach.
    """
    from gateway.adapters.policy_files.in_memory import CheckedFiles

    policy_files = CheckedFiles(samples=settings.demo)

    async def foresee(proposal: Proposal, checked: Checked, snapshot: Snapshot) -> bytes:
        assert checked.policy is not None
        proposed = words_of(checked.document)

        async def worded(policy: Policy) -> Words:
            if policy.digest == checked.digest:
                return proposed
            return await words_published(stores.proposals, policy_files, policy)

        made = await preview(
            stores.log,
            snapshot,
            checked.policy,
            findings=checked.findings,
            held=partial(count, proposal.coop),
            now=stores.clock(),
            effective=proposal.effective,
            purposes=purpose_names(proposed),
            worded=worded,
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

    async def reached(proposal: Proposal, checked: Checked, snapshot: Snapshot) -> Counted:
        assert sources is not None
        assert checked.policy is not None
        tag_of = tagger(stores.keys.coop_secrets(proposal.coop).subject, proposal.coop)
        source = sources[proposal.coop]
        return await reach.count(source, snapshot, checked.policy, proposal, clock=stores.clock, tag_of=tag_of)

    async def check_approver(coop: str, person: str) -> None:
        if coop in settings.training_required:
            await check_trained(oversight_of(settings, stores), coop, person)

    return Office(
        count=None if sources is None else reached,
        log=stores.log,
        proposals=stores.proposals,
        staff=stores.staff,
        policy_files=policy_files,
        partner_requests=stores.partner_requests,
        overruns=stores.overruns,
        possession_key=lambda coop: possession_key(stores.keys.coop_secrets(coop)),
        in_force=stores.snapshots,
        foresee=foresee,
        clock=stores.clock,
        check_approver=check_approver if settings.training_required else None,
        emergencies=DossierRecords(oversight_of(settings, stores)),
        dismiss=partial(dismissed, oversight_of(settings, stores)),
    )


def files_of(policies: Path, partners: Path, coop: str) -> Files:
    """Return a co-op's files and the partners', as they stand on the disk. Raises ValueError for one that is not UTF-8."""
    from gateway.adapters.policy_files.folder import files_of as read

    return read(policies, partners, coop)


def files_for_drafts(settings: Settings) -> Callable[[str], Files]:
    """Return how the files of the settings' folders come into a draft: co-op → files; it raises Refused for bad ones."""
    from gateway.adapters.policy_files.folder import FileRefused

    def read(coop: str) -> Files:
        try:
            return files_of(settings.policies, settings.partners, coop)
        except FileRefused as fault:
            raise Refused("files:unread", fault.ja, fault.en) from None
        except OSError as fault:
            raise Refused(
                "files:unread",
                f"サーバーのファイルを読めません({fault.strerror})。policies/ と partners/ を読めるようにしてください",
                f"the files on the server cannot be read ({fault.strerror}); let it read policies/ and partners/",
            ) from None

    return read


def write_files(files: Files, policies: Path, partners: Path) -> None:
    """Write files to two folders, byte for byte. Raises ValueError for a name that leads out of them."""
    from gateway.adapters.policy_files.folder import write_files as write

    write(files, policies, partners)
