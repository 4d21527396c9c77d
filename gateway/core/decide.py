"""The first three gates in order, default deny: Permit or Denial, and nowhere else are these made.

Order (policy-semantics.md "Reasons"): what is malformed comes before every gate; then the first failing gate answers
with all its reasons, sorted.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.core.agreement_gate import check_agreement, encryption_key
from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Moment
from gateway.core.grant_gate import check_grant
from gateway.core.notice_gate import check_notice, decided, governing, shared_subjects
from gateway.core.outcome import Denial, MemberRule, Permit, Slug
from gateway.core.policy import Agreement, Grant, Notice, Policy
from gateway.core.reasons import reason
from gateway.core.request import Bound, DataRequest, mismatches
from gateway.core.rows import plan_rows
from gateway.core.state import Snapshot


def decide(
    request: DataRequest,
    bound: Bound,
    *,
    partner: str,
    client: str,
    signed_with: str,
    snapshot: Snapshot,
    at: datetime,
) -> Permit | Denial:
    """Decide one well-formed request of one client, signed with one of its keys, under one snapshot at one instant.

    The answer stands for any instant from `at` until its `valid_until`, under the same snapshot.
    """
    moment = Moment(at)
    policy = snapshot.policy_at(moment)
    if policy is None:
        return deny("not-permitted", [reason("notice", snapshot.coop, "absent")], gov=snapshot.gov, moment=moment)
    for position, name in enumerate(request.fields):
        if name not in policy.fields:
            found = [reason("request", "fields", "unknown")]
            return deny(
                "malformed", found, pointer=f"/fields/{position}", gov=snapshot.gov, moment=moment, policy=policy
            )
    found = mismatches(request, bound)
    agreement, who = policy.agreements.get(request.agreement), policy.partners.get(partner)
    if not found and (agreement is None or who is None or agreement.partner != partner):
        found = [reason("agreement", request.agreement, "unknown")]
    if found or agreement is None or who is None:
        return deny("not-permitted", found, gov=snapshot.gov, moment=moment, policy=policy)
    notice = governing(policy, agreement.programme, moment)
    if notice is None:
        found = [reason("notice", snapshot.coop, "absent")]
        return deny("not-permitted", found, gov=snapshot.gov, moment=moment, policy=policy, agreement=agreement)
    fields = [policy.fields[name] for name in request.fields]
    state = snapshot.partner(partner)
    found = check_notice(
        policy,
        notice,
        agreement,
        purpose=request.purpose,
        product=request.product,
        fields=fields,
        moment=moment,
    )
    grant: Grant | None = None
    if not found:
        found = check_agreement(
            policy, agreement, partner=who, state=state, client=client, signed_with=signed_with, moment=moment
        )
    if not found:
        grant, found = check_grant(
            policy,
            notice,
            agreement,
            purpose=request.purpose,
            product=request.product,
            case=request.case,
            fields=fields,
            moment=moment,
        )
    key = encryption_key(state, client, moment)
    if found or grant is None or key is None:
        return deny(
            "not-permitted", found, gov=snapshot.gov, moment=moment, policy=policy, agreement=agreement, notice=notice
        )
    rule = _member_rule(policy, notice, agreement, request, moment)
    conditions = [*grant.population, *(one for cohort in rule.cohorts for one in cohort.selectors)]
    read = {*request.fields, "member_code", *(one.field for one in conditions if one.field in policy.fields)}
    return Permit(
        coop=snapshot.coop,
        partner=partner,
        purpose=request.purpose,
        product=request.product,
        agreement=agreement.id,
        grant=grant,
        basis=agreement.basis,
        article=REQUIRED[agreement.basis].article,
        notice=notice.version,
        policy=policy,
        gov=snapshot.gov,
        fields={name: grant.fields[name] for name in request.fields},
        valid_until=moment.until,
        encryption=key,
        rows=plan_rows([policy.fields[name] for name in sorted(read)], policy.source),
        restrictions=snapshot.restrictions,
        members=rule,
    )


def deny(
    slug: Slug,
    reasons: Sequence[str],
    *,
    pointer: str | None = None,
    gov: int | None = None,
    moment: Moment | None = None,
    policy: Policy | None = None,
    notice: Notice | None = None,
    agreement: Agreement | None = None,
) -> Denial:
    """Return a Denial with its reasons sorted and, where policy was read, what it was decided under."""
    return Denial(
        slug=slug,
        reasons=tuple(sorted(set(reasons))),
        pointer=pointer,
        gov=gov,
        valid_until=moment.until if moment else None,
        policy=policy.digest if policy else None,
        notice=notice.version if notice else None,
        basis=agreement.basis if agreement else None,
    )


def _member_rule(
    policy: Policy, notice: Notice, agreement: Agreement, request: DataRequest, moment: Moment
) -> MemberRule:
    purpose = notice.purposes[request.purpose]
    joint = agreement.basis is Basis.JOINT_USE
    stops = {"stop_provide"} if agreement.basis in {Basis.JOINT_USE, Basis.CONSENT} else set()
    if agreement.basis not in {Basis.LAW, Basis.LIFE}:
        stops |= {"stop_use", "protected"}
    if purpose.marketing:
        stops.add("marketing_stop")
    items = frozenset(policy.fields[name].item for name in request.fields)
    cohorts = decided(policy, "cohort", moment)
    covering = {notice.version}
    for earlier in policy.notices:
        if _covers(earlier, request.purpose, items if joint else None, agreement):
            covering.add(earlier.version)
    return MemberRule(
        subjects=shared_subjects(notice, agreement.basis, purpose),
        # The notice governs for the agreement's programme: for the others that it names a newer one may.
        programmes=notice.programmes if agreement.programme is None else frozenset({agreement.programme}),
        covering=frozenset(covering),
        cohorts=tuple(cohorts),
        consent_for=frozenset(name for name in request.fields if policy.fields[name].cls == "special_care"),
        consent_basis=agreement.basis is Basis.CONSENT,
        stops=frozenset(stops),
    )


def _covers(notice: Notice, purpose: str, items: frozenset[str] | None, agreement: Agreement) -> bool:
    """Tell whether a notice version whose text is held names the purpose and, for joint use, items and partner."""
    if not notice.held or purpose not in notice.purposes:
        return False
    if items is None:
        return True
    users = {user.partner for user in notice.users}
    return items <= notice.items.keys() and agreement.partner in users and notice.purposes[purpose].joint != "no"
