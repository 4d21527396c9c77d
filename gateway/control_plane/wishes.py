"""What somebody wants a version to say: checked whole before it is kept, and nothing of it kept otherwise."""

import asyncio
import re
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from typing import Final

from gateway.control_plane.office import Office
from gateway.control_plane.refusals import FilesRefused, Refused, refused
from gateway.core.proposal import Proposal, owners
from gateway.ports import Checked, Files, Unavailable

TITLE, REASON = 120, 2_000
"""Characters that a title and a reason may have."""
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a version to say, and why."""

    files: Files
    title: str
    department: str
    effective: datetime | None
    reason: str


async def accepted(office: Office, coop: str, wish: Wish, *, base: str | None) -> str:
    """Return the content that a wish is kept as, having checked all that it says. Raises Refused, FilesRefused, Unavailable.

    `base` is the version that it changes.
    """
    if not wish.reason.strip() or not wish.title.strip():
        raise refused("reason")
    if _UNWRITABLE.search(wish.reason + wish.title) or "\n" in wish.title:
        raise Refused(
            "text",
            "件名と理由に制御文字は使えません。件名は1行で入れてください",
            "no control characters in title and reason, and the title in one line",
        )
    if len(wish.title) > TITLE or len(wish.reason) > REASON:
        raise Refused(
            "text",
            f"件名は{TITLE}字、理由は{REASON}字までです。短くしてください",
            f"a title has at most {TITLE} characters and a reason {REASON}: make them shorter",
        )
    # The last year of the calendar has instants that no other zone can write.
    if wish.effective is not None and (wish.effective.year >= MAXYEAR or wish.effective < office.clock()):
        raise refused("effective")
    _check_owners(office, coop, wish, await _sound(office, coop, wish.files), base=base)
    return await office.proposals.keep_files(coop, wish.files)


def _check_owners(office: Office, coop: str, wish: Wish, checked: Checked, *, base: str | None) -> None:
    """Raise Refused where agreements of another department change: their own managers approve that."""
    assert checked.policy is not None
    old = next((one.policy for one in office.in_force.current(coop).versions if one.policy.digest == base), None)
    others = {name: of for name, of in owners(old, checked.policy).items() if name != wish.department}
    if not others:
        return
    ja = "、".join(f"{name}の {'・'.join(sorted(of))}" for name, of in sorted(others.items()))
    en = "; ".join(f"{', '.join(sorted(of))} of {name}" for name, of in sorted(others.items()))
    raise Refused(
        "department",
        f"所管が「{wish.department}」でない契約も変わります({ja})。部署ごとに申請を分けてください",
        f"agreements that `{wish.department}` does not own change too ({en}); propose them by department",
    )


async def _sound(office: Office, coop: str, files: Files) -> Checked:
    # Reading all files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(office.policy_files.check, coop, files)
    if checked.document is None:
        raise FilesRefused(checked.findings)
    return checked


async def checked_files(office: Office, proposal: Proposal) -> Checked:
    """Return what a proposal's files say. Raises FilesRefused, and Unavailable where they are not there."""
    files = await office.proposals.files(proposal.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    return await _sound(office, proposal.coop, files)
