"""What a notice may not put in force before it was announced, held against the version before it (法27条6項).

That a version takes effect before it is published is told by references.py; here is what only two versions tell.
"""

from collections.abc import Iterator

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.joint_use import DatedText, ResponsibleParty
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.core.ceiling import Breach
from gateway.core.notices.matters import DatedWord, Party
from gateway.core.notices.responsible_party import another_person


def announced(document: PolicyDocument) -> Iterator[Breach]:
    """Yield each responsible party that is another legal person from a day before its version is published."""
    for version, notice in document.notices.items():
        earlier = [one for one in document.notices.values() if one.version < version and _of_one(one, notice)]
        if not earlier:
            continue
        before = max(earlier, key=lambda one: one.version).joint_use.responsible_parties
        for was, now in zip(before, notice.joint_use.responsible_parties, strict=False):
            begins = now.name.start if now.name is not None else notice.effective.start
            if another_person(_party(was), _party(now)) is not None and begins < notice.published.start:
                at = ("notices", version, "joint_use", "responsible_parties")
                yield Breach(state="party_before_published", path=at, subject=version, other=begins.isoformat())


def _of_one(one: NoticeFile, other: NoticeFile) -> bool:
    """Tell whether two versions are for a programme of both."""
    mine, theirs = one.applies_to.programmes, other.applies_to.programmes
    return mine is None or theirs is None or bool({each.id for each in mine} & {each.id for each in theirs})


def _party(shape: ResponsibleParty) -> Party:
    return Party(
        name=_dated(shape.name),
        address=_dated(shape.address),
        representative=_dated(shape.representative),
        corporate_number=shape.corporate_number,
    )


def _dated(shape: DatedText | None) -> DatedWord | None:
    return None if shape is None else DatedWord(text=shape.text, start=shape.start)
