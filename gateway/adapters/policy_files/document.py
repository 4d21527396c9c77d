"""Everything the files of one co-op and its partners say, as one value with one digest."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from gateway.adapters.policy_files.agreement import AgreementShape
from gateway.adapters.policy_files.catalogue import CatalogueField
from gateway.adapters.policy_files.decisions import AbroadDecision, Decision, FieldUseDecision
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.remembered import Made, afresh
from gateway.adapters.policy_files.shape import FieldId, Id, Shape, Version
from gateway.adapters.policy_files.source import SourceFile


class PolicyDocument(Shape):
    """What is published: notices, catalogue, decisions, agreements, source map and the partners they name.

    INVARIANT: its canonical bytes depend on what the files say and not on their layout, order of keys, comments,
    or members left at their default.
    """

    coop: Id
    notices: dict[Version, NoticeFile]
    fields: dict[FieldId, CatalogueField]
    decisions: dict[Id, Decision]
    agreements: dict[Id, dict[Id, AgreementShape]]
    """Partner → agreement id → agreement."""
    source: SourceFile
    partners: dict[Id, PartnerFile]

    def canonical(self, *, made: Made = afresh) -> bytes:
        """Return the document as UTF-8 JSON: keys sorted, no space, no float, defaults left out."""
        return _json({name: getattr(self, name) for name in PolicyDocument.model_fields}, made).encode()

    @property
    def digest(self) -> str:
        """The lower-case hexadecimal SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @staticmethod
    def from_bytes(data: bytes) -> "PolicyDocument":
        """Return the document that canonical bytes hold. Raises ValueError where they hold none."""
        return PolicyDocument.model_validate_json(data)

    def without_samples(self, *, made: Made = afresh) -> "PolicyDocument":
        """Return what stands outside the demo: no sample document, client or reading.

        A purpose whose `yes` is only a sample reading is under review again.
        """
        agreements = {
            partner: kept
            for partner, all_of_it in self.agreements.items()
            if (kept := {name: one for name, one in all_of_it.items() if not one.sample})
        }
        slim = self.model_copy(
            update={
                "notices": {v: made(_without_sample_readings, n) for v, n in self.notices.items() if not n.sample},
                "decisions": {name: one for name, one in self.decisions.items() if not one.sample},
                "agreements": agreements,
                "partners": {
                    name: made(_without_sample_clients, one) for name, one in self.partners.items() if not one.sample
                },
            }
        )
        named = set(slim.partners_named())
        return slim.model_copy(update={"partners": {k: v for k, v in slim.partners.items() if k in named}})

    def partners_named(self) -> Iterator[str]:
        """Yield the partners that notices, decisions and agreements name."""
        yield from self.agreements
        for notice in self.notices.values():
            yield from (user.partner for user in notice.joint_use.users.values() if user.partner is not None)
            yield from (member.partner for listed in notice.classes.values() for member in listed.members)
        for decision in self.decisions.values():
            if isinstance(decision, AbroadDecision | FieldUseDecision):
                yield decision.partner


def _without_sample_readings(notice: NoticeFile) -> NoticeFile:
    purposes = {
        name: purpose.model_copy(update={"joint": "review", "reading": None})
        if purpose.reading is not None and purpose.reading.sample
        else purpose
        for name, purpose in notice.purposes.items()
    }
    return notice.model_copy(update={"purposes": purposes})


def _without_sample_clients(partner: PartnerFile) -> PartnerFile:
    return partner.model_copy(update={"clients": tuple(client for client in partner.clients if not client.sample)})


def _json(part: Any, made: Made) -> str:
    """Return a part of the document as it stands in the canonical bytes."""
    match part:
        case Shape():
            return made(_whole, part)
        case dict():
            return f"{{{','.join(f'{_word(name)}:{_json(value, made)}' for name, value in sorted(part.items()))}}}"
        case _:
            return _word(part)


def _whole(shape: Shape) -> str:
    return _word(shape.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _word(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
