"""Gate 4, the member: whoever fails it is not available, indistinguishable from an unknown code."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from gateway.core.days import Moment, Span, days, jst_day, midnight, midnight_after
from gateway.core.outcome import Permit
from gateway.core.policy import Predicate
from gateway.core.population import predicate
from gateway.core.rows import ConsentFact, StopFact
from gateway.core.state import Restriction

Admit = Callable[[Any, Iterable[Restriction]], bool]


def member_gate(permit: Permit, moment: Moment) -> Admit:
    """Return the test that one permit makes of a row and the gateway's own restrictions of that member.

    Each fact that is missing fails. All boundaries that the test meets are remembered by `moment`.
    """
    rule = permit.members
    population = _all_of(permit, permit.grant.population)
    cohorts = [(cohort.versions, _all_of(permit, cohort.selectors)) for cohort in rule.cohorts]
    oldest = midnight(moment.today - timedelta(days=permit.grant.max_age_days))
    covered = _Watch(moment)

    def admit(row: Any, restrictions: Iterable[Restriction]) -> bool:
        if row.fact_status != "active" or row.fact_subject is None:
            return False
        if rule.subjects is not None and row.fact_subject not in rule.subjects:
            return False
        under = row.fact_acquired_under
        if under not in rule.covering and not any(under in versions and chosen(row) for versions, chosen in cohorts):
            return False
        as_of = row.fact_as_of
        if as_of is None or as_of > moment.at or as_of < oldest:
            if as_of is not None:
                moment.note(as_of)
            return False
        covered.fresh_until(as_of, permit.grant.max_age_days)
        if row.fact_stops is None or row.fact_consents is None:
            return False
        return (
            population(row)
            and _in_programme(row, rule.programmes, moment)
            and not _stopped(restrictions, permit, moment)
            and not _stopped(row.fact_stops, permit, moment)
            and _consented(row.fact_consents, permit, moment)
        )

    return admit


class _Watch:
    """Notes when the least fresh record seen goes stale, computing a boundary only for a new minimum."""

    __slots__ = ("_least", "_moment")

    def __init__(self, moment: Moment) -> None:
        self._least = moment.at
        self._moment = moment

    def fresh_until(self, as_of: Any, limit: int) -> None:
        if as_of < self._least:
            self._least = as_of
            self._moment.note(midnight_after(jst_day(as_of) + timedelta(days=limit)))


def _all_of(permit: Permit, conditions: Iterable[Predicate]) -> Callable[[Any], bool]:
    tests = [(_attribute(permit, one.field), predicate(one)) for one in conditions]
    return lambda row: all(holds(getattr(row, name)) for name, holds in tests)


def _attribute(permit: Permit, field: str) -> str:
    if field == "member_code":
        return "code"
    return f"field_{field}" if field in permit.policy.fields else f"fact_{field}"


def _in_programme(row: Any, programmes: frozenset[str] | None, moment: Moment) -> bool:
    if programmes is None:
        return True
    mine = row.fact_programmes or ()
    return any(moment.within(days(p.start, p.end)) for p in mine if p.id in programmes)


def _stopped(stops: Iterable[Restriction | StopFact], permit: Permit, moment: Moment) -> bool:
    return any(
        moment.within(Span(stop.start, stop.end))
        for stop in stops
        if stop.kind in permit.members.stops
        and stop.partner in {None, permit.partner}
        and stop.purpose in {None, permit.purpose, permit.purpose.partition(".")[0]}
    )


def _consented(consents: Iterable[ConsentFact], permit: Permit, moment: Moment) -> bool:
    needed = frozenset(permit.fields) if permit.members.consent_basis else permit.members.consent_for
    if not needed:
        return True
    given: set[str] = set()
    for consent in consents:
        concerns = (consent.partner, consent.purpose) == (permit.partner, permit.purpose)
        if concerns and moment.within(Span(consent.start, consent.end)):
            given |= consent.fields
    return needed <= given
