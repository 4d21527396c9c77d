"""The changes of the notice that a page shows: what the law asks for because of them, and what of it is open."""

from functools import partial
from typing import Final

from gateway.console.visit import Visit
from gateway.control_plane.notices.change_words import SaidChange, say
from gateway.control_plane.notices.changes import changes_published, purpose_names, words_published
from gateway.core.notices.change import Words
from gateway.core.policy import Policy
from gateway.ports import PolicyFiles, Unavailable

_RECENT: Final[dict[tuple[str, str], Words]] = {}
"""Words by co-op and digest of the policy, which never change."""
_RECENTLY: Final = 16


async def changes_shown(visit: Visit, policy: Policy) -> list[SaidChange]:
    """Return what the notices of a published policy change, in the reader's words, the newest first."""
    snapshot = visit.desk.current(visit.coop)
    changes = await changes_published(snapshot, policy, worded=partial(_worded, visit), now=visit.now)
    return [say(one, english=visit.texts.language == "en") for one in changes]


async def purposes_shown(visit: Visit, policy: Policy) -> dict[str, str]:
    """Return the published names of purposes by code, as Japanese as they are published; none without the files."""
    return {code: both[0] for code, both in purpose_names(await _worded(visit, policy)).items()}


async def open_tasks(visit: Visit) -> list[SaidChange]:
    """Return what is still to be done about the notices of the version in force, what is late first."""
    policy = visit.policy
    if policy is None:
        return []
    found = [one for one in await changes_shown(visit, policy) if one.change.state == "open"]
    return sorted(found, key=lambda one: not one.change.late)


async def _worded(visit: Visit, policy: Policy) -> Words:
    key = (policy.coop, policy.digest)
    if key not in _RECENT:
        policy_files = _policy_files(visit)
        found = {} if policy_files is None else await words_published(visit.desk.proposals, policy_files, policy)
        if not found:
            return found
        _RECENT[key] = found
        while len(_RECENT) > _RECENTLY:
            del _RECENT[next(iter(_RECENT))]
    return _RECENT[key]


def _policy_files(visit: Visit) -> PolicyFiles | None:
    try:
        return visit.desk.policy_files
    except Unavailable:  # a console that only reads
        return None
