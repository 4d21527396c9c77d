"""What the codes of the log are called: partners, purposes and fields by the policy in force, kinds and reasons by us."""

from collections.abc import Mapping

import msgspec

from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.transfers.asking import Narrowing
from gateway.console.transfers.figures import KINDS
from gateway.console.visit import Visit
from gateway.core.policy import Policy
from gateway.core.reasons import explain


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Code → what it is called, by what it is a code of; one that is not there stands for itself."""

    policy: Policy | None
    kinds: Mapping[str, str]
    partners: Mapping[str, str]
    purposes: Mapping[str, str]
    fields: Mapping[str, str]
    english: bool

    @property
    def labels(self) -> Mapping[Narrowing, Mapping[str, str]]:
        """The same by what narrows a list down."""
        purposes = {code: f"{code} {text}" for code, text in self.purposes.items()}
        return {"kind": self.kinds, "partner": self.partners, "purpose": purposes, "field": self.fields}

    def reason(self, code: str) -> str:
        """Return a reason in words; a code that no words are known for stands for itself."""
        try:
            return explain(code)[int(self.english)]
        except KeyError:
            return code


async def names_of(visit: Visit) -> Names:
    """Return what codes are called, for a reader."""
    policy = visit.policy
    english = visit.texts.language != "ja"
    texts = visit.texts
    return Names(
        policy=policy,
        kinds={one: texts(f"transfers.kind.{one}").unescape() for one in (*KINDS, "unreadable")},
        partners=visit.partner_names,
        purposes={} if policy is None else await purposes_shown(visit, policy),
        fields=visit.field_names,
        english=english,
    )
