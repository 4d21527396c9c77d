"""Which of the members acquired before a change of the notice are covered, told by version (ガイドライン通則編3-6-3).

Gate 4 asks the same of each member's own version (core/decide.py, `covering`); here it is told before anybody asks.
"""

from collections.abc import Collection

from gateway.core.days import Span
from gateway.core.notices.matters import Covered
from gateway.core.policy import Decision, Notice, Policy


def coverage(
    policy: Policy, notice: Notice, *, themselves: Collection[str], grounds: Collection[str]
) -> tuple[tuple[Covered, ...], tuple[str, ...]]:
    """Return the cohort decisions that cover earlier versions than `notice`, and the versions that none covers.

    `themselves` are versions that named the subject already, `grounds` those that can carry the change. A decision that
    covers some of a version's members leaves the version uncovered.
    """
    earlier = [
        one.version
        for one in policy.notices
        if one.version < notice.version and one.version not in themselves and _shares(one, notice)
    ]
    covered = []
    left = set(earlier)
    for decision in policy.decisions:
        versions = tuple(version for version in earlier if version in decision.versions)
        if decision.kind != "cohort" or not versions or not _meets(decision.span, notice.effective):
            continue
        made = _covered(decision, notice, versions, grounds)
        covered.append(made)
        if not made.partly:
            left -= set(versions)
    return tuple(covered), tuple(version for version in earlier if version in left)


def _covered(decision: Decision, notice: Notice, versions: tuple[str, ...], grounds: Collection[str]) -> Covered:
    began, published = decision.span.start, notice.published.start
    return Covered(
        decision=decision.id,
        versions=versions,
        ground=decision.ground or "",
        partly=bool(decision.selectors),
        fits=decision.ground in grounds,
        earlier=published is not None and (began is None or began < published),
    )


def _shares(one: Notice, other: Notice) -> bool:
    return one.programmes is None or other.programmes is None or bool(one.programmes & other.programmes)


def _meets(one: Span, other: Span) -> bool:
    """Tell whether two spans have an instant in common."""
    ends_before = one.end is not None and other.start is not None and one.end <= other.start
    ends_after = other.end is not None and one.start is not None and other.end <= one.start
    return not (ends_before or ends_after)
