"""What catalogue, notices and decisions say of one another must exist and agree; grants are the ceiling's matter.

Paths are those of the document: notices by version, fields and decisions by id.
"""

from collections.abc import Iterator
from datetime import date

from gateway.core.ceiling import Breach, condition
from gateway.core.days import jst_day
from gateway.core.policy import Decision, Item, Notice, Policy

ADDRESS_RULE = date(2022, 4, 1)
"""Since then a joint-use notice states address and representative (法27条5項3号 as amended)."""


def references(policy: Policy) -> Iterator[Breach]:
    """Yield what refers to nothing, or to two things at once, and what a reader of the notices should look at."""
    yield from _catalogue(policy)
    for notice in policy.notices:
        if notice.held:
            yield from _notice(policy, notice)
    for decision in policy.decisions:
        yield from _decision(policy, decision)


def _catalogue(policy: Policy) -> Iterator[Breach]:
    code = policy.fields.get("member_code")
    if code is None or code.type != "code" or code.nullable:
        yield Breach(state="no_member_code", path=("fields", "member_code"), subject="member_code")
    items = {item for notice in policy.notices for item in notice.items}
    products = {product for notice in policy.notices for product in notice.products}
    for field in policy.fields.values():
        at = ("fields", field.id)
        if items and not field.item:
            yield Breach(state="no_item", path=(*at, "item"), subject=field.id)
        elif field.item and field.item not in items:
            yield Breach(state="unknown_item", path=(*at, "item"), subject=field.item)
        if field.product is not None and field.product not in products:
            yield Breach(state="unknown_product", path=(*at, "product"), subject=field.product)


def _notice(policy: Policy, notice: Notice) -> Iterator[Breach]:
    at = ("notices", notice.version)
    begins, published = notice.effective.start, notice.published.start
    if begins is not None and published is not None and begins < published:
        day = jst_day(published).isoformat()
        yield Breach(state="before_published", path=(*at, "effective", "from"), subject=notice.version, other=day)
    if begins is not None and jst_day(begins) < ADDRESS_RULE:
        yield Breach(state="old_rule", path=(*at, "effective", "from"), subject=notice.version, caution=True)
    for gap in notice.gaps:
        yield Breach(state="gap", path=(*at, "joint_use", *_GAPS.get(gap, ())), subject=gap, caution=True)
    for user in notice.users:
        if user.partner not in policy.partners:
            yield Breach(state="unknown_partner", path=(*at, "joint_use", "users"), subject=user.partner)
        if user.partner == policy.coop:
            yield Breach(state="own_partner", path=(*at, "joint_use", "users"), subject=user.partner)
    for name, codes in notice.class_purposes.items():
        for code in sorted(codes - notice.purposes.keys()):
            yield Breach(state="unknown_purpose", path=(*at, "classes_by_purpose", name), subject=code)
    for item in notice.items.values():
        yield from _item(policy, item, (*at, "joint_use", "items", item.id))


_GAPS = {
    "items": ("items",),
    "joint_purposes": ("purpose",),
    "users": ("users",),
    "responsible_party.name": ("responsible_parties",),
    "responsible_party.address": ("responsible_parties",),
    "responsible_party.representative": ("responsible_parties",),
}


def _item(policy: Policy, item: Item, at: tuple[str, ...]) -> Iterator[Breach]:
    for name in sorted(item.fields):
        field = policy.fields.get(name)
        if field is None:
            yield Breach(state="unknown_field", path=(*at, "fields"), subject=name)
        elif field.item != item.id:
            yield Breach(state="two_items", path=(*at, "fields"), subject=name, other=f"{field.item}, {item.id}")
    if item.open:
        decided = {n for d in policy.decisions if d.kind == "open_item" and d.item == item.id for n in d.fields}
        state = "open_item_decided" if decided else "open_item_empty"
        yield Breach(state=state, path=at, subject=item.id, other=", ".join(sorted(decided)), caution=True)
    elif not any(field.item == item.id for field in policy.fields.values()):
        yield Breach(state="item_without_field", path=at, subject=item.id, caution=True)


def _decision(policy: Policy, decision: Decision) -> Iterator[Breach]:
    at = ("decisions", decision.id)
    for field in sorted(decision.fields - policy.fields.keys()):
        yield Breach(state="unknown_field", path=(*at, "fields"), subject=field)
    if decision.partner is not None and decision.partner not in policy.partners:
        yield Breach(state="unknown_partner", path=(*at, "partner"), subject=decision.partner)
    for version in sorted(decision.versions - {notice.version for notice in policy.notices}):
        yield Breach(state="unknown_version", path=(*at, "versions"), subject=version)
    for position, selector in enumerate(decision.selectors):
        yield from condition(policy, selector, (*at, "selectors", position))
    grounds = {ground for notice in policy.notices for ground in notice.grounds}
    if decision.kind == "ground" and decision.ground not in grounds:
        yield Breach(state="unknown_ground", path=(*at, "ground"), subject=str(decision.ground))
    for code in sorted(decision.purposes):
        stated = [notice.purposes[code] for notice in policy.notices if code in notice.purposes]
        if not stated or all(purpose.uses_only for purpose in stated):
            state = "use_required" if stated else "unknown_purpose"
            yield Breach(state=state, path=(*at, "purposes"), subject=code)
        elif decision.kind == "purpose" and all(purpose.joint == "no" for purpose in stated):
            yield Breach(state="purpose_never", path=(*at, "purposes"), subject=code)
    if decision.item is not None:
        yield from _item_decision(policy, decision, decision.item)


def _item_decision(policy: Policy, decision: Decision, name: str) -> Iterator[Breach]:
    at = ("decisions", decision.id)
    items = [notice.items[name] for notice in policy.notices if name in notice.items]
    if not items:
        yield Breach(state="unknown_item", path=(*at, "item"), subject=name)
        return
    if all(item.open for item in items) and decision.kind == "item_field":
        yield Breach(state="item_open", path=(*at, "item"), subject=name)
    if not any(item.open for item in items) and decision.kind == "open_item":
        yield Breach(state="item_closed", path=(*at, "item"), subject=name)
    for field in sorted(decision.fields & policy.fields.keys()):
        known = policy.fields[field]
        if known.item != name:
            yield Breach(state="two_items", path=(*at, "fields"), subject=field, other=f"{known.item}, {name}")
        elif all(known.cls in item.never for item in items):
            yield Breach(state="class_never", path=(*at, "fields"), subject=field, other=name)
