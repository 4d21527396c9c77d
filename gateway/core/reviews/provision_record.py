"""第三者提供の記録: which releases Art. 29 asks a record of, and which it exempts, each with its article.

Art. 29(1) exempts what falls under Art. 27(1) or 27(5); where the receiver is abroad, what falls under Art. 27(1) alone,
for Art. 28 does not know 27(5). Graded V and K in domain.md §2.
"""

from datetime import date

import msgspec

from gateway.core.bases import REQUIRED, Basis
from gateway.core.legal_parameters import PROVISION_RECORD_YEARS, on

_EXEMPT_EVERYWHERE = frozenset({Basis.LAW, Basis.LIFE, Basis.PUBLIC_HEALTH, Basis.GOV_COOPERATION})
_EXEMPT_AT_HOME = frozenset({Basis.JOINT_USE, Basis.ENTRUSTMENT})


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a record is asked for, and why, in both languages."""

    recorded: bool
    ja: str
    en: str


def record_duty(basis: Basis, *, abroad: bool) -> Duty:
    """Return whether Art. 29 asks for a record of a release on this basis."""
    article = REQUIRED[basis].article
    if basis in _EXEMPT_EVERYWHERE or (basis in _EXEMPT_AT_HOME and not abroad):
        return Duty(
            recorded=False,
            ja=f"記録義務の対象外(法29条1項ただし書・{article})",
            en=f"exempt (APPI Art. 29(1) proviso, {article})",
        )
    if abroad:
        return Duty(
            recorded=True,
            ja="記録の対象(法29条1項・外国にある第三者への提供 法28条)",
            en="recorded (APPI Art. 29(1): a third party abroad, Art. 28)",
        )
    return Duty(
        recorded=True, ja="記録の対象(法29条1項・本人の同意による提供)", en="recorded (APPI Art. 29(1): by consent)"
    )


def kept_until(provided: date) -> date:
    """Return the last day on which the record of a provision must still be kept."""
    found = on(PROVISION_RECORD_YEARS, provided) or PROVISION_RECORD_YEARS[0]
    try:
        return provided.replace(year=provided.year + found.value)
    except ValueError:  # 29 February, and no leap year then
        return provided.replace(year=provided.year + found.value, day=28)
