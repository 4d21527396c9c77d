"""Which change of a part of a policy could let something new out; when in doubt, it could.

A part that is new could (`came`); one that is gone could only where another stands up behind it, or where it was a
limit (`gone`). For a part that says something else, `RULES` names those of its words whose change can also narrow, and
tells which way it went; a word that is not named there counts as wider however it changed. INVARIANT: where no change
is told to be wider, nothing is released that was not released before, among policies that may be published
(core/ceiling.py).
"""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from gateway.core.days import Span
from gateway.core.policy import AGREEMENT_RECORDS, PARTNER_RECORDS, Predicate, Transform

Rule = Callable[[Any, Any], bool]
"""(before, after) → whether it could let something new out."""

WEAKER: dict[Transform, frozenset[Transform]] = {
    "as_is": frozenset(get_args(Transform)),
    "municipality": frozenset({"prefecture", "mask", "drop"}),
    "prefecture": frozenset({"mask", "drop"}),
    "birth_year": frozenset({"mask", "drop"}),
    # Not `birth_year`, nor the other way about: a band that changes tells the birthday.
    "age_band": frozenset({"mask", "drop"}),
    "postal_3": frozenset({"mask", "drop"}),
    "phone_last4": frozenset({"mask", "drop"}),
    "pairwise_id": frozenset({"mask", "drop"}),
    "mask": frozenset({"drop"}),
    "drop": frozenset(),
}
"""Transform → those that tell no more than it does."""


def wider(what: str, word: str, before: Any, after: Any) -> bool:
    """Tell whether a part that says something else could let something new out; `word` is what it says it of."""
    rule = RULES.get(what, {}).get(word)
    return rule is None or rule(before, after)


def came(what: str) -> bool:
    """Tell whether a part that is new could let something new out: all but a class of fields held to its purposes."""
    return what != "class"


def gone(what: str, shown: Any) -> bool:
    """Tell whether a part that is gone could let something new out.

    Behind a notice an older one governs, behind a ground another of its basis stands; a class of fields is no longer
    held to its purposes; without its entry in the source map a field is read of another column; and a joint user may
    have been the one that had to be filtered for.
    """
    return what in {"notice", "ground", "class", "source"} or (what == "user" and bool(shown))


def _never(_before: object, _after: object) -> bool:
    return False


def _more(before: frozenset[object], after: frozenset[object]) -> bool:
    """What is allowed: more of it is wider."""
    return not after <= before


def _less(before: frozenset[object], after: frozenset[object]) -> bool:
    """What is demanded: less of it is wider."""
    return not before <= after


def _among(before: frozenset[str] | None, after: frozenset[str] | None) -> bool:
    """What is allowed, None being everything."""
    return before is not None and (after is None or not after <= before)


def _limit(before: int | None, after: int | None) -> bool:
    """A greatest number, None being none."""
    return before is not None and (after is None or after > before)


def _set(_before: object, after: object) -> bool:
    return bool(after)


def _lifted(_before: object, after: object) -> bool:
    return not after


def _within(inner: Span, outer: Span) -> bool:
    begins = outer.start is None or (inner.start is not None and inner.start >= outer.start)
    return begins and (outer.end is None or (inner.end is not None and inner.end <= outer.end))


def _longer(before: Span, after: Span) -> bool:
    return not _within(after, before)


def _any_longer(before: Iterable[Span], after: Iterable[Span]) -> bool:
    return not all(any(_within(new, old) for old in before) for new in after)


def _supervision(before: Span | None, after: Span | None) -> bool:
    """None is a supervision that nobody recorded: nothing leaves."""
    return after is not None and (before is None or _longer(before, after))


def _window(before: Span | None, after: Span | None) -> bool:
    """None is no window at all."""
    return after is not None and (before is None or _longer(before, after))


def _evidence(before: Span, after: Span) -> bool:
    # Break-glass evidence without an end allows nothing: giving it one does.
    return _longer(before, after) or (before.end is None and after.end is not None)


def _effective(before: Span, after: Span) -> bool:
    # Where a notice begins an older one ends: another beginning is longer for one of the two.
    return before.start != after.start or _longer(before, after)


def _classes(before: frozenset[str], after: frozenset[str]) -> bool:
    # Whether a request names a product class at all depends on whether the notice defines any.
    return not (before and after and after <= before)


def _joint(before: str, after: str) -> bool:
    order = ("no", "review", "yes")
    return order.index(after) > order.index(before)


def _transform(before: Transform, after: Transform) -> bool:
    return after not in WEAKER[before]


def _population(before: Iterable[Predicate], after: Iterable[Predicate]) -> bool:
    """All conditions must hold: no wider where each of before is implied by one of now."""
    return not all(any(_implies(new, old) for new in after) for old in before)


def _implies(new: Predicate, old: Predicate) -> bool:
    if new.field != old.field:
        return False
    if old.among is not None and (
        new.among is None or not {(type(v), v) for v in new.among} <= {(type(v), v) for v in old.among}
    ):
        return False
    if old.prefixes is not None and (
        new.prefixes is None or not all(one.startswith(old.prefixes) for one in new.prefixes)
    ):
        return False
    if old.lowest is not None and not _ordered(old.lowest, new.lowest):
        return False
    return old.highest is None or _ordered(new.highest, old.highest)


def _ordered(low: Any, high: Any) -> bool:
    return type(low) is type(high) and bool(low <= high)


def _unread(records: Iterable[str]) -> dict[str, Rule]:
    """What no gate reads lets nothing out."""
    return dict.fromkeys(records, _never)


RULES: dict[str, dict[str, Rule]] = {
    "notice": {
        "effective": _effective,
        "published": _longer,
        "gaps": _less,
        "joint_subjects": _among,
        "subjects": _among,
        "products": _classes,
        "held": _set,
    },
    "class": {"": _among},
    "purpose": {
        "joint": _joint,
        "marketing": _lifted,
        "subjects": _among,
        "case_required": _lifted,
        "uses_only": _lifted,
        "bases": _among,
    },
    "item": {"fields": _more, "never": _less},
    "user": {"days": _any_longer, "filters": _less},
    "ground": {"case_required": _lifted, "contact_only": _lifted, "review": _lifted},
    "decision": {
        "days": _longer,
        "fields": _more,
        "purposes": _more,
        "versions": _more,
        "selectors": _population,
    },
    "agreement": {
        "term": _longer,
        "clauses": _more,
        "evidence": _more,
        "evidence_days": _evidence,
        "supervision": _supervision,
        "reconciliation": _window,
        "department": _never,
        **_unread(AGREEMENT_RECORDS),
    },
    "grant": {
        "products": _more,
        "population": _population,
        "max_age_days": _limit,
        "retention_days": _limit,
        "members_per_day": _limit,
        "case": lambda before, after: before is not None and before != after,
    },
    "field": {"": _transform},
    "partner": {"name": _never, "clients": _more, "receives": _longer, **_unread(PARTNER_RECORDS)},
    "catalogue": {
        "nullable": _set,
        "max_length": _limit,
        "product": lambda before, _: before is not None,
        "subject": lambda before, _: before != "member",
        "minor": _lifted,
        "contact": _set,
        "codes": _more,
        "ja": _never,
        "en": _never,
        "example": _never,
    },
}
"""What → word → which way its change went. A word that is missing is wider in any case: see the module's first line."""
