"""Gate 3, the grant: the purpose, the product class and every asked field are granted, explicitly."""

from gateway.core.days import Moment
from gateway.core.notice_gate import decided, ground_of
from gateway.core.policy import Agreement, Field, Grant, Notice, Policy
from gateway.core.reasons import reason
from gateway.core.request import Bound


def check_grant(
    policy: Policy,
    notice: Notice,
    agreement: Agreement,
    *,
    purpose: str,
    product: str | None,
    case: str | None,
    fields: list[Field],
    moment: Moment,
) -> tuple[Grant | None, list[str]]:
    """Return the grant and the reasons why it does not cover this; one ungranted field denies the whole request."""
    grant = agreement.grant_for(purpose, product)
    if grant is None:
        return None, [reason("grant", purpose, "not_granted")]
    found = []
    stated = notice.purposes.get(purpose)
    ground = ground_of(notice, agreement)
    demanded = (stated and stated.case_required) or (ground and ground.case_required)
    if (case is None and demanded) or (grant.case is not None and case != grant.case):
        found.append(reason("grant", purpose, "case_required"))
    found += [
        reason("grant", user.filter_required, "filter_required")
        for user in notice.users
        if user.partner == agreement.partner and user.filter_required and user.filter_required not in grant.filters
    ]
    for field in fields:
        if field.id not in grant.fields or (field.product is not None and field.product != product):
            found.append(reason("grant", field.id, "not_granted"))
        elif (field.cls != "ordinary" or field.about_others) and not decided(
            policy, "field_use", moment, field=field.id, partner=agreement.partner, purpose=purpose
        ):
            found.append(reason("grant", field.id, "undecided"))
    return grant, found


def inside_agreement(policy: Policy, partner: str, bound: Bound, moment: Moment) -> bool:
    """Tell whether an access token may be issued for this: inside a current agreement of the partner, nothing more.

    The other gates are asked at every request, so that a refusal there is an entry in the log.
    """
    agreement = policy.agreements.get(bound.agreement)
    if agreement is None or agreement.partner != partner or not moment.within(agreement.term):
        return False
    grant = agreement.grant_for(bound.purpose, bound.product)
    return grant is not None and bound.fields <= grant.fields.keys()
