"""What somebody wants a version to say: checked whole before it is kept, and nothing of it kept otherwise."""

import asyncio
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from functools import partial

from gateway.control_plane.notices.changes import rewritten_versions, words_of, words_published
from gateway.control_plane.office import Office
from gateway.control_plane.refusals import FilesRefused, refused
from gateway.core.changes.proposal import Proposal, owners, partner_owners
from gateway.core.days import Moment
from gateway.core.plain_text import one_line, writable
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.core.state import Snapshot
from gateway.ports import Checked, Files, Unavailable

TITLE, REASON = 120, 2_000
"""Characters that a title and a reason may have."""


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
    if not writable(wish.reason) or not one_line(wish.title):
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
    checked = await _sound(office, coop, wish.files)
    _check_owners(office, coop, wish, checked, base=base)
    await _check_published_texts(office, coop, checked)
    return await office.proposals.keep_files(coop, wish.files)


def _check_owners(office: Office, coop: str, wish: Wish, checked: Checked, *, base: str | None) -> None:
    """Raise Refused where agreements or partners of another department change: their own managers approve that.

    Held against the version that it changes, and against the one that would be in force when it begins: what another
    department published for a later day is not to begin earlier by somebody else's act.
    """
    assert checked.policy is not None
    new, snapshot = checked.policy, office.in_force.current(coop)
    changed = next((one.policy for one in snapshot.versions if one.policy.digest == base), None)
    begins = office.clock() if wish.effective is None else wish.effective
    _check_numbers(snapshot, new)
    others: dict[str, set[str]] = {}
    for old in (changed, snapshot.policy_at(Moment(begins))):
        for department, names in owners(old, new).items():
            others.setdefault(department, set()).update(names)
        for partner, departments in partner_owners(old, new).items():
            if wish.department not in departments:
                for department in departments:
                    others.setdefault(department, set()).add(partner)
    others.pop(wish.department, None)
    if not others:
        return
    ja = "、".join(f"{name}の {'・'.join(sorted(of))}" for name, of in sorted(others.items()))
    en = "; ".join(f"{', '.join(sorted(of))} of {name}" for name, of in sorted(others.items()))
    raise Refused(
        "department",
        f"所管が「{wish.department}」でない契約や提供先も変わります({ja})。部署ごとに申請を分けてください。"
        "施行前の版があるときは、その施行日時以後の施行にしてください",
        f"agreements or partners that `{wish.department}` does not own change too ({en}); propose them by department. "
        "Where a version is yet to begin, begin no earlier than that one",
    )


def _check_numbers(snapshot: Snapshot, new: Policy) -> None:
    """Raise Refused where a partner would be another legal person: its keys and grants were given to the one it is.

    Held against every version but those that never came into force: a number left out in between is not forgotten.
    """
    known = [version.policy.partners for version in snapshot.versions if not snapshot.superseded(version)]
    for partner, now in new.partners.items():
        numbers = {partners[partner].corporate_number for partners in known if partner in partners}
        if now.corporate_number is None or numbers <= {None, now.corporate_number}:
            continue
        raise Refused(
            "partner",
            f"`{partner}` の法人番号は変えられません。別の法人は別の提供先です。新しいIDで加えてください",
            f"the corporate number of `{partner}` cannot change: another legal person is another partner; add it by "
            "another id",
        )


async def _check_published_texts(office: Office, coop: str, checked: Checked) -> None:
    """Raise Refused where what was published as a version of the notice would say something else by now."""
    assert checked.policy is not None
    rewritten = await rewritten_versions(
        office.in_force.current(coop),
        checked.policy,
        worded=partial(words_published, office.proposals, office.policy_files),
        says=words_of(checked.document),
    )
    if rewritten:
        names = ", ".join(rewritten)
        raise Refused(
            "published_text",
            f"公表した版({names})の本文は書き換えられません。新しい版の公表事項を加えてください",
            f"the text of a published version ({names}) cannot be rewritten; add a new version of the notice",
        )


async def _sound(office: Office, coop: str, files: Files, *, afresh: bool = False) -> Checked:
    # Reading all files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(office.policy_files.check, coop, files, afresh=afresh)
    if checked.document is None:
        raise FilesRefused(checked.findings)
    return checked


async def checked_files(office: Office, proposal: Proposal, *, afresh: bool = False) -> Checked:
    """Return what a proposal's files say, all of it judged `afresh` where that is asked.

    Raises FilesRefused, and Unavailable where they are not there.
    """
    files = await office.proposals.files(proposal.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    return await _sound(office, proposal.coop, files, afresh=afresh)
