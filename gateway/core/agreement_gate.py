"""Gate 2, the agreement: in term, complete, supervised, with an active partner that can receive encrypted data.

A partner that has not done in time what it was told to do with data it holds (訂正・停止等の通知) receives nothing more where
the co-op chose so. The term ends where the end of use does; an archived partner receives nothing, whatever its agreements say.
"""

from gateway.core.bases import REQUIRED
from gateway.core.days import Moment
from gateway.core.notice_gate import decided
from gateway.core.policy import Agreement, Partner, Policy
from gateway.core.reasons import reason
from gateway.core.state import ClientKey, PartnerState


def check_agreement(
    policy: Policy,
    agreement: Agreement,
    *,
    partner: Partner,
    state: PartnerState,
    client: str,
    signed_with: str,
    moment: Moment,
) -> list[str]:
    """Return the reasons why the agreement does not allow a release now; empty when it does."""
    needs = REQUIRED[agreement.basis]
    found = [reason("agreement", clause, "missing") for clause in needs.clauses if clause not in agreement.clauses]
    found += [reason("agreement", fact, "missing") for fact in needs.facts if fact not in agreement.evidence]
    if needs.ends and agreement.evidence_span.end is None:
        found.append(reason("agreement", "expires", "missing"))
    if not moment.within(agreement.evidence_span):
        found.append(reason("agreement", agreement.id, "expired"))
    if not moment.within(agreement.term):
        found.append(reason("agreement", agreement.id, "out_of_term"))
    if needs.supervised:
        if agreement.supervision is None:
            found.append(reason("agreement", "supervision", "missing"))
        elif not moment.within(agreement.supervision):
            found.append(reason("agreement", agreement.id, "overdue"))
    if not state.active:
        found.append(reason("agreement", partner.id, "inactive"))
    if any(duty.agreement in {None, agreement.id} and moment.begun(duty.start) for duty in state.duties):
        found.append(reason("agreement", agreement.id, "follow_up_overdue"))
    if not moment.within(partner.receives):
        found.append(reason("agreement", partner.id, "archived"))
    if partner.country != "JP" and not decided(policy, "abroad", moment, partner=partner.id):
        found.append(reason("agreement", partner.id, "abroad"))
    if client not in partner.clients:
        found.append(reason("agreement", client, "unknown_client"))
    if not any(key.kid == signed_with for key in signing_keys(state, client, moment)):
        found.append(reason("agreement", client, "no_signing_key"))
    if encryption_key(state, client, moment) is None:
        found.append(reason("agreement", partner.id, "no_key"))
    return found


def encryption_key(state: PartnerState, client: str, moment: Moment) -> ClientKey | None:
    """Return the client's newest valid encryption key: the one whose span began last."""
    valid = [key for key in state.keys if key.use == "enc" and key.client == client and moment.within(key.span)]
    return max(valid, key=lambda key: (key.span.start is not None, key.span.start, key.kid)) if valid else None


def signing_keys(state: PartnerState, client: str, moment: Moment) -> list[ClientKey]:
    """Return the client's valid signature keys."""
    return [key for key in state.keys if key.use == "sig" and key.client == client and moment.within(key.span)]
