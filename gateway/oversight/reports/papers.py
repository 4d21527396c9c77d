"""What a published policy version says in words, as far as reports quote it: read from its canonical document.

The documents are the log's own effects, so that they are there for every version ever published, and as published.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

import msgspec

from gateway.core.days import Moment
from gateway.core.state import PolicyPublished, Snapshot, Version
from gateway.oversight.desk import OversightDesk


class Labelled(msgspec.Struct, frozen=True):
    """A label of the notice, with the clause that it stands in."""

    label: str = ""
    clause: str = ""


class UserPaper(msgspec.Struct, frozen=True):
    """A joint user as published: one legal entity, or a class of them."""

    partner: str | None = None
    members_of: str | None = None


class _Class(msgspec.Struct, frozen=True):
    members: tuple[UserPaper, ...] = ()


class PurposePaper(msgspec.Struct, frozen=True):
    """A purpose as published, and its uses where it has some."""

    text: str = ""
    uses: dict[str, Labelled] | None = None


class _JointUse(msgspec.Struct, frozen=True):
    items: dict[str, Labelled] | None = None
    users: dict[str, UserPaper] | None = None


class SourceText(msgspec.Struct, frozen=True):
    """The archived text that a notice quotes."""

    file: str = ""
    url: str | None = ""
    sha256: str = ""


class NoticePaper(msgspec.Struct, frozen=True):
    """A version of the notice."""

    version: str = ""
    clause_prefix: str | None = ""
    source: SourceText | None = None
    purposes: dict[str, PurposePaper] = {}
    joint_use: _JointUse | None = None
    classes: dict[str, _Class] | None = None


class Contract(msgspec.Struct, frozen=True):
    """The document of an agreement."""

    form: str = ""
    title: str = ""
    signed: str | None = None
    department: str | None = ""


class Check(msgspec.Struct, frozen=True):
    """A supervision that took place."""

    date: str = ""
    method: str = ""
    result: str = ""


class Supervision(msgspec.Struct, frozen=True):
    """How a partner is supervised."""

    last: Check | None = None
    due: str | None = None


class AgreementPaper(msgspec.Struct, frozen=True):
    """An agreement as its file says it."""

    contract: Contract | None = None
    supervision: Supervision | None = None
    evidence: dict[str, msgspec.Raw] | None = None


class PartnerPaper(msgspec.Struct, frozen=True):
    """A legal entity as its file says it."""

    id: str = ""
    name: str = ""
    corporate_number: str | None = None
    address: str | None = None
    representative: str | None = None
    country: str = ""


class Paper(msgspec.Struct, frozen=True):
    """A version's document."""

    notices: dict[str, NoticePaper] = {}
    agreements: dict[str, dict[str, AgreementPaper]] = {}
    partners: dict[str, PartnerPaper] = {}

    def purpose(self, notice: str, code: str) -> str:
        """Return the text of a purpose, with its use where it has one; nothing for one that is not published."""
        found = self.notices.get(notice)
        name, _, use = code.partition(".")
        if found is None or name not in found.purposes:
            return ""
        purpose = found.purposes[name]
        label = (purpose.uses or {}).get(use)
        return purpose.text if label is None else f"{purpose.text}({label.label})"

    def item(self, notice: str, code: str) -> str:
        """Return the label of an item."""
        found = self.notices.get(notice)
        items = None if found is None or found.joint_use is None else found.joint_use.items
        return "" if items is None or code not in items else items[code].label

    def users(self, code: str) -> list[str]:
        """Return the partners that a clause of the newest notice names as joint users."""
        notices = [one for _, one in sorted(self.notices.items()) if one.joint_use is not None]
        if not notices or notices[-1].joint_use is None:
            return []
        found = (notices[-1].joint_use.users or {}).get(code, UserPaper())
        of_class = (notices[-1].classes or {}).get(found.members_of or "", _Class())
        return [one.partner for one in (found, *of_class.members) if one.partner is not None]

    def agreement(self, partner: str, agreement: str) -> AgreementPaper:
        """Return what an agreement's file says; nothing where there is none."""
        return self.agreements.get(partner, {}).get(agreement, AgreementPaper())


_decode = msgspec.json.Decoder(Paper).decode


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A version with its document."""

    version: Version
    document: bytes
    paper: Paper

    @property
    def sha256(self) -> str:
        """The digest of the document, which is the policy's."""
        return sha256(self.document).hexdigest()


async def published(desk: OversightDesk, coop: str) -> dict[int, Published]:
    """Return every version ever published, by the index of its entry. Raises Unavailable."""
    _, effects = await desk.log.effects(coop, -1)
    documents = {at: one.document for at, one in effects if isinstance(one, PolicyPublished)}
    return {
        version.index: Published(
            version=version, document=documents[version.index], paper=paper_of(documents[version.index])
        )
        for version in desk.current(coop).versions
        if version.index in documents
    }


def paper_of(document: bytes) -> Paper:
    """Return what a document says; nothing where it has another shape."""
    try:
        return _decode(document)
    except msgspec.DecodeError:
        return Paper()


def version_at(snapshot: Snapshot, at: datetime) -> Version | None:
    """Return the version that decides at an instant, chosen as Snapshot.policy_at chooses."""
    policy = snapshot.policy_at(Moment(at))
    return next((version for version in reversed(snapshot.versions) if version.policy is policy), None)


def said_evidence(paper: AgreementPaper) -> str:
    """Return the evidence that an agreement records, as `name: value` lines' texts in one line."""
    found: Mapping[str, msgspec.Raw] = paper.evidence or {}
    texts = {name: msgspec.json.decode(raw) for name, raw in found.items()}
    return ", ".join(f"{name}: {value}" for name, value in sorted(texts.items()) if value not in (None, [], {}))
