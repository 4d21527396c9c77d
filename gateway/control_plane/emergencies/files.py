"""The files of an urgent provision: one agreement more, with one grant, its evidence, and an end to the second.

Made with what drafts are made with, so that whatever those refuse is refused here too. INVARIANT: nothing of a member
stands in a file: a population is told by what members share, and a member's code is no condition here.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.agreement import MOST_MEMBERS, NewAgreement, Paper, new_agreement
from gateway.control_plane.drafting.grant import OLDEST, Condition, NewGrant, new_grant
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.drafting.typed import formed, number, one_of, some_of, words, wrong
from gateway.control_plane.emergencies.evidence import BASES, facts_of, offered
from gateway.control_plane.grants.matrix_changes import check_partners, policy_in
from gateway.control_plane.office import Office
from gateway.core.bases import Basis
from gateway.core.ceiling import POPULATION_FACTS
from gateway.core.days import JST, Moment, jst_day
from gateway.core.legal_parameters import EMERGENCY_HOURS, on
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.ports import Files

GRANT: Final = "emergency"
RECORD: Final = "記録"
"""The form of the paper where nothing was signed with the partner: the record of the decision."""
CASE: Final = "[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
"""A case number as requests carry it (security-profile.md §6)."""
SHARED: Final = frozenset({"enum", "boolean", "jis_x0402"})
"""Types of fields whose values many members have in common."""
MOST_KEPT: Final = 366
"""Days that a partner may keep what it got in an emergency."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of an urgent provision."""

    partner: str = ""
    basis: str = ""
    department: str = ""
    purpose: str = ""
    products: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    population: tuple[Condition, ...] = ()
    case: str = ""
    members: str = ""
    hours: str = ""
    retention_days: str = ""
    evidence: dict[str, str] = {}
    """Fact → what is said of it (evidence.py)."""
    reason: str = ""


def conditions_of(policy: Policy) -> tuple[str, ...]:
    """Return what a condition may ask for: what many members share, and nothing that tells who somebody is."""
    fields = (one.id for one in policy.fields.values() if one.type in SHARED and one.cls == "ordinary")
    return (*fields, *sorted(POPULATION_FACTS))


def longest(now: datetime) -> int:
    """Return how many hours an urgent provision may last at most."""
    found = on(EMERGENCY_HOURS, jst_day(now))
    return 0 if found is None else found.value


def evidence_of(asked: Asked, basis: Basis) -> tuple[tuple[str, str], ...]:
    """Return what is said of each fact. Raises Refused for the first that is left out."""
    return tuple((fact, words(asked.evidence.get(fact, ""), NAMES[fact], longest=400)) for fact in facts_of(basis))


def basis_of(asked: Asked, policy: Policy, now: datetime) -> Basis:
    """Return the basis. Raises Refused for one that the notice in force does not state."""
    basis = Basis(one_of(asked.basis, NAMES["basis"], [one.value for one in BASES]))
    if not offered(policy, Moment(now))[basis]:
        raise wrong(
            NAMES["basis"],
            "施行中の公表事項に、この根拠で提供する場合が書かれていません。別の根拠を選ぶか、公表事項を先に改めてください",
            "the notice in force states no such ground; choose another basis, or change the notice first",
        )
    return basis


def files_of(
    office: Office,
    coop: str,
    files: Files,
    policy: Policy,
    asked: Asked,
    *,
    name: str,
    now: datetime,
    expires: datetime,
) -> Files:
    """Return the files of a version with the agreement `name` added, which ends at `expires`. Raises Refused."""
    basis = basis_of(asked, policy, now)
    partner = one_of(asked.partner, NAMES["partner"], tuple(policy.partners))
    fields = some_of(asked.fields, NAMES["fields"], tuple(policy.fields))
    shared = conditions_of(policy)
    if any(one.field and one.field not in shared for one in asked.population):
        raise wrong(
            NAMES["condition"],
            "組合員コード、氏名、電話番号など本人を示す項目は条件に書けません(申請のファイルに残るため)。地域などの条件か、"
            "案件番号を使い、提供先がコードを指定して要求します",
            "what tells who somebody is (a code, a name, a telephone number) is no condition, for it would stay in the files; "
            "use a region or the like, or a case number, and let the partner name the codes in its request",
        )
    most = number(asked.members, NAMES["members_per_day"], least=1, most=MOST_MEMBERS)
    kept = number(asked.retention_days, NAMES["retention_days"], least=0, most=MOST_KEPT)
    today = jst_day(now).isoformat()
    evidence = dict(evidence_of(asked, basis))
    said = NewAgreement(
        agreement=name,
        basis=basis.value,
        members_per_day=str(most),
        paper=Paper(
            form=RECORD,
            title=f"緊急提供の記録 {name}",
            signed=today,
            department=asked.department,
            first=today,
            last=jst_day(expires).isoformat(),
        ),
        # Who will approve is not known yet, and is nobody's to write in a file: the log has it, with the instant.
        evidence={**evidence, "approved_by": f"{name} を承認した人(提供ログの公布の記録)"},
    )
    policy_files = office.policy_files
    made = new_agreement(files, coop, partner, said, policy_files=policy_files)
    rest = Rewrite(made, coop, policy_files=policy_files)
    file, at = f"agreements/{partner}.yaml", ("agreements", name)
    more: dict[str, Any] = {fact: evidence[fact] for fact in ("protects", "decided_by", "subjects") if fact in evidence}
    more["expires"] = expires.astimezone(JST).isoformat()
    for fact, text in more.items():
        rest.set(file, (*at, "evidence", fact), text, make=True)
    return _granted(office, coop, rest.files, partner, asked, name=name, fields=fields, kept=kept)


def _granted(
    office: Office,
    coop: str,
    files: Files,
    partner: str,
    asked: Asked,
    *,
    name: str,
    fields: tuple[str, ...],
    kept: int,
) -> Files:
    policy_files = office.policy_files
    granted = NewGrant(
        grant=GRANT,
        purpose=asked.purpose,
        products=asked.products,
        population=asked.population,
        field=fields[0],
        transform="as_is",
        # A record that is old is better than none where a life depends on it, and its date is there to be asked for.
        max_age_days=str(OLDEST),
        retention_days=str(kept),
    )
    policy = policy_in(check_partners(files, {partner}, policy_files=policy_files, coop=coop))
    made = new_grant(files, coop, partner, name, granted, policy=policy, policy_files=policy_files)
    rest = Rewrite(made, coop, policy_files=policy_files)
    at = ("agreements", name, "grants", GRANT)
    for field in fields[1:]:
        rest.set(f"agreements/{partner}.yaml", (*at, "fields", field), "as_is")
    case = case_of(asked)
    codes = policy.fields["member_code"].pattern if "member_code" in policy.fields else None
    if case is not None and codes is not None and re.fullmatch(codes, case):
        raise wrong(
            NAMES["case"],
            "組合員コードの形をしています。組合員コードは書かず、案件の番号を入れてください",
            "it has the form of a member's code; write the number of the case, never a code",
        )
    if case is not None:
        rest.set(f"agreements/{partner}.yaml", (*at, "case"), case, make=True)
    return rest.files


def case_of(asked: Asked) -> str | None:
    """Return the case number that every request must carry, None for none. Raises Refused for one that none can carry."""
    return formed(asked.case, NAMES["case"], CASE, "2026-11-22/03", longest=64) if asked.case.strip() else None


def reason_of(asked: Asked) -> str:
    """Return why, as it will stand in the log. Raises Refused."""
    if not asked.reason.strip():
        raise Refused("reason", "理由を書いてください", "say why")
    return words(asked.reason, ("理由", "Reason"), longest=400)
