"""What the law makes of the notices of a published version: its words read for core/notices/change.py, and compared.

The words stand in the files alone, so a version whose files were not kept is compared without them: then it is not told
that only a text changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Final

from gateway.control_plane.notices.document import Dated, NoticeFile, Responsible, read_document
from gateway.core.days import jst_day
from gateway.core.notices.change import Words, between_versions, within_versions
from gateway.core.notices.matters import DatedWord, NoticeChange, NoticeWords, Party
from gateway.core.policy import Policy
from gateway.core.state import Snapshot
from gateway.ports import PolicyFiles, Proposals

Worded = Callable[[Policy], Awaitable[Words]]
"""A published policy → the words of its notices, none where its files were not kept; raises Unavailable."""


def words_of(document: bytes | None) -> Words:
    """Return the words of every version of the notice that a canonical document holds."""
    if document is None:
        return {}
    read = read_document(document)
    return {version: _words(notice) for version, notice in read.notices.items()}


def purpose_names(words: Words) -> dict[str, tuple[str, str]]:
    """Return the published names of purposes, (Japanese, English), by code: those of the newest version that has one.

    They are published in Japanese, and quoted so to an English reader.
    """
    names: dict[str, tuple[str, str]] = {}
    for _, one in sorted(words.items()):
        names |= {code: (text, text) for code, text in one.purposes.items() if text}
    return names


_KNOWN: Final[dict[str, Words]] = {}
"""Digest of a document → the words of its notices; of the documents asked for last."""
_MOST: Final = 32


async def words_published(proposals: Proposals, policy_files: PolicyFiles, policy: Policy) -> Words:
    """Return the words that a version was published with; none where its files were not kept. Raises Unavailable."""
    files = await proposals.files_of_version(policy.coop, policy.digest)
    if files is None:
        return {}
    known = _KNOWN.get(policy.digest)
    if known is not None:
        return known
    # Reading all files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(policy_files.check, policy.coop, files)
    # Rules may have grown since it was published: only what was published may be taken for its words.
    if checked.digest != policy.digest:
        return {}
    known = _KNOWN[policy.digest] = words_of(checked.document)
    while len(_KNOWN) > _MOST:
        del _KNOWN[next(iter(_KNOWN))]
    return known


async def changes_published(
    snapshot: Snapshot, policy: Policy, *, worded: Worded, now: datetime
) -> tuple[NoticeChange, ...]:
    """Return what the notices of a published policy change, the newest version of the notice first.

    Each version is held against the one before it, and against what it said when it was published first. Raises
    Unavailable.
    """
    today, says = jst_day(now), await worded(policy)
    found = list(between_versions(policy, words=says, today=today))
    for version, first in _first_published(snapshot, policy):
        found += within_versions(first, policy, said=await worded(first), says=says, today=today, only={version})
    return tuple(sorted(found, key=lambda one: one.notice, reverse=True))


async def rewritten_versions(snapshot: Snapshot, policy: Policy, *, worded: Worded, says: Words) -> tuple[str, ...]:
    """Return the versions of the notice whose text is another one than was published first. Raises Unavailable."""
    found = []
    for version, first in _first_published(snapshot, policy):
        said = (await worded(first)).get(version)
        if said is not None and version in says and said.text != says[version].text:
            found.append(version)
    return tuple(found)


def _first_published(snapshot: Snapshot, policy: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield each version of the notice with the policy that published it first, where that is another one."""
    for notice in policy.notices:
        holding = (
            one.policy
            for one in snapshot.versions
            if any(each.version == notice.version and each.held for each in one.policy.notices)
        )
        first = next(holding, policy)
        if notice.held and first.digest != policy.digest:
            yield notice.version, first


def _words(notice: NoticeFile) -> NoticeWords:
    joint = notice.joint_use
    purposes = {code: one.text for code, one in notice.purposes.items()}
    for code, one in notice.purposes.items():
        purposes |= {f"{code}.{use}": f"{one.text} ({its.label})" for use, its in (one.uses or {}).items()}
    return NoticeWords(
        text=notice.source.sha256,
        joint_purpose=joint.purpose.text if joint.purpose is not None else "",
        purposes=purposes,
        items={name: one.label for name, one in (joint.items or {}).items()},
        users={one.partner: one.label for one in joint.users.values() if one.partner is not None},
        parties=tuple(map(_party, joint.responsible_parties)),
    )


def _party(said: Responsible) -> Party:
    return Party(
        name=_dated(said.name),
        address=_dated(said.address),
        representative=_dated(said.representative),
        corporate_number=said.corporate_number,
    )


def _dated(said: Dated | None) -> DatedWord | None:
    return None if said is None else DatedWord(text=said.text, start=said.start)
