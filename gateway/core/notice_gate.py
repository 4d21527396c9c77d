"""Gate 1, the notice: what the co-op has published is the ceiling of every release (policy-semantics.md "Gate 1")."""

from gateway.core.bases import Basis
from gateway.core.days import Moment
from gateway.core.policy import Agreement, Decision, Field, Ground, Notice, Policy, Purpose
from gateway.core.reasons import reason


def governing(policy: Policy, programme: str | None, moment: Moment) -> Notice | None:
    """Return the notice that governs: the newest that has begun, alone, per programme; None before the first."""
    newest = None
    for notice in policy.notices:
        speaks = programme is None or notice.programmes is None or programme in notice.programmes
        if speaks and moment.begun(notice.effective.start):
            newest = notice
    return newest


def decided(
    policy: Policy,
    kind: str,
    moment: Moment,
    *,
    field: str | None = None,
    partner: str | None = None,
    purpose: str | None = None,
    item: str | None = None,
    ground: str | None = None,
) -> list[Decision]:
    """Return the decisions of one kind in force that cover what is named; a decision naming no partner covers none."""
    return [
        d
        for d in policy.decisions
        if d.kind == kind
        and (field is None or field in d.fields)
        and (partner is None or partner == d.partner)
        and (purpose is None or purpose in d.purposes)
        and (item is None or item == d.item)
        and (ground is None or ground == d.ground)
        and moment.within(d.span)
    ]


def check_notice(
    policy: Policy,
    notice: Notice,
    agreement: Agreement,
    *,
    purpose: str,
    product: str | None,
    fields: list[Field],
    moment: Moment,
) -> list[str]:
    """Return the reasons why the governing notice does not allow this; empty when it does."""
    found = [
        *(_in_force(notice, moment)),
        *(_purpose(policy, notice, agreement, purpose, moment)),
        *(_product(notice, product)),
        *(_classes(notice, purpose, fields)),
    ]
    if agreement.basis is Basis.JOINT_USE:
        if notice.gaps:
            found.append(reason("notice", notice.version, "incomplete"))
        if not _is_user(notice, agreement.partner, moment):
            found.append(reason("notice", agreement.partner, "not_a_user"))
        found += [reason("notice", f.id, state) for f in fields if (state := _item_state(policy, notice, f, moment))]
    else:
        found += _ground(policy, notice, agreement, fields, moment)
    return found


def ground_of(notice: Notice, agreement: Agreement) -> Ground | None:
    """Return the published ground an agreement outside joint use stands on: the one it names, else the first of its basis."""
    if agreement.ground is not None:
        ground = notice.grounds.get(agreement.ground)
        return ground if ground is not None and ground.basis is agreement.basis else None
    return next((g for g in notice.grounds.values() if g.basis is agreement.basis), None)


def shared_subjects(notice: Notice, basis: Basis, purpose: Purpose) -> frozenset[str] | None:
    """Return the subject categories both notice and purpose are for; None where neither names any."""
    stated = notice.joint_subjects if basis is Basis.JOINT_USE else notice.subjects
    if stated is None or purpose.subjects is None:
        return purpose.subjects if stated is None else stated
    return stated & purpose.subjects


def _in_force(notice: Notice, moment: Moment) -> list[str]:
    found = [] if notice.held else [reason("notice", notice.version, "not_held")]
    if not moment.within(notice.effective):
        found.append(reason("notice", notice.version, "ended"))
    if not moment.within(notice.published):
        found.append(reason("notice", notice.version, "unpublished"))
    return found


def _purpose(policy: Policy, notice: Notice, agreement: Agreement, wanted: str, moment: Moment) -> list[str]:
    purpose = notice.purposes.get(wanted)
    if purpose is None:
        return [reason("notice", wanted, "not_stated")]
    if purpose.uses_only:
        return [reason("notice", wanted, "use_required")]
    found = []
    if purpose.bases is not None and agreement.basis not in purpose.bases:
        found.append(reason("notice", wanted, "not_stated"))
    if agreement.basis is Basis.JOINT_USE:
        if purpose.joint == "no":
            found.append(reason("notice", wanted, "not_joint"))
        elif purpose.joint == "review" and not decided(policy, "purpose", moment, purpose=wanted):
            found.append(reason("notice", wanted, "undecided"))
    subjects = shared_subjects(notice, agreement.basis, purpose)
    if subjects is not None and not subjects:
        found.append(reason("notice", wanted, "no_subject"))
    return found


def _product(notice: Notice, product: str | None) -> list[str]:
    if product is None:
        return [reason("notice", notice.version, "product_required")] if notice.products else []
    if not notice.products:
        return [reason("notice", notice.version, "no_products")]
    return [] if product in notice.products else [reason("notice", product, "not_stated")]


def _classes(notice: Notice, purpose: str, fields: list[Field]) -> list[str]:
    bare = purpose.partition(".")[0]
    return [
        reason("notice", field.id, "wrong_purpose")
        for field in fields
        if field.cls in notice.class_purposes and not {purpose, bare} & notice.class_purposes[field.cls]
    ]


def _is_user(notice: Notice, partner: str, moment: Moment) -> bool:
    return any(moment.within(user.span) for user in notice.users if user.partner == partner)


def _item_state(policy: Policy, notice: Notice, field: Field, moment: Moment) -> str | None:
    item = notice.items.get(field.item)
    if item is None or field.cls in item.never:
        return "not_stated"
    if field.id in item.fields:
        return None
    kind = "open_item" if item.open else "item_field"
    return None if decided(policy, kind, moment, field=field.id, item=item.id) else "unresolved"


def _ground(policy: Policy, notice: Notice, agreement: Agreement, fields: list[Field], moment: Moment) -> list[str]:
    ground = ground_of(notice, agreement)
    if ground is None:
        return [reason("notice", agreement.basis.value, "not_stated")]
    found = []
    if ground.review and not decided(policy, "ground", moment, ground=ground.id):
        found.append(reason("notice", ground.id, "undecided"))
    if ground.contact_only:
        found += [reason("notice", field.id, "not_contact") for field in fields if not field.contact]
    return found
