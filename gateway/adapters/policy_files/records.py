"""What files record beyond what the gates read, in short texts: so that a change of it is seen, and is its owner's."""

from collections.abc import Mapping

from gateway.adapters.policy_files.agreement import AgreementShape
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.shape import Shape


def agreement_records(one: AgreementShape) -> Mapping[str, str]:
    """Return record → what an agreement says of it; nothing for what it does not record."""
    said = {
        "contract": _plain(one.contract, without={"department"}),
        "articles": _plain(one.clauses),
        "proof": _plain(one.evidence),
        "check": "" if one.supervision is None else _plain(one.supervision),
        # The end cuts the term: what was written of it is said beside.
        "end": "" if one.end is None else f"{_plain(one.end)}, term: {{{_plain(one.term)}}}",
    }
    return {name: text for name, text in said.items() if text}


def partner_records(one: PartnerFile) -> Mapping[str, str]:
    """Return record → what a partner's file says of it."""
    said = {
        "short_name": one.short_name,
        "address": one.address,
        "representative": one.representative,
        "contacts": None if one.contacts is None else _plain(one.contacts),
    }
    return {name: text for name, text in said.items() if text}


def _plain(one: Shape, *, without: frozenset[str] | set[str] = frozenset()) -> str:
    """Return the members of a shape as `name: value`, nested ones in braces, those that are null left out."""
    parts = []
    for name, member in type(one).model_fields.items():
        value = getattr(one, name)
        if value is not None and name not in without:
            text = f"{{{_plain(value)}}}" if isinstance(value, Shape) else str(value)
            parts.append(f"{member.alias or name}: {text}")
    return ", ".join(parts)
