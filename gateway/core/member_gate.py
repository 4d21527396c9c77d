"""Gate 4, the member: whoever fails it is not available, indistinguishable from an unknown code."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from operator import attrgetter
from typing import Any

from gateway.core.days import Moment, Span, jst_day, midnight, midnight_after
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
    rule, at = permit.members, moment.at
    subjects, covering, programmes = rule.subjects, rule.covering, rule.programmes
    population = _all_of(permit, permit.grant.population)
    cohorts = [(cohort.versions, _all_of(permit, cohort.selectors)) for cohort in rule.cohorts]
    needed = frozenset(permit.fields) if rule.consent_basis else rule.consent_for
    limit = timedelta(days=permit.grant.max_age_days)
    today = moment.today
    oldest = midnight(today - limit)
    least = at

    def admit(row: Any, restrictions: Iterable[Restriction]) -> bool:
        nonlocal least
        if row.fact_status != "active" or row.fact_subject is None:
            return False
        if subjects is not None and row.fact_subject not in subjects:
            return False
        under = row.fact_acquired_under
        if under not in covering and not any(
            under in versions and (chosen is None or chosen(row)) for versions, chosen in cohorts
        ):
            return False
        as_of = row.fact_as_of
        if as_of is None or as_of > at or as_of < oldest:
            if as_of is not None:
                moment.note(as_of)
            return False
        if as_of < least:
            # When the least fresh record goes stale: a boundary is computed only for a new minimum.
            least = as_of
            moment.note(midnight_after(jst_day(as_of) + limit))
        stops, consents = row.fact_stops, row.fact_consents
        if stops is None or consents is None:
            return False
        # The usual member has no stop and this permit needs no consent: then nothing is called to find that out.
        if programmes is not None:
            for one in row.fact_programmes or ():
                # The usual enrolment began some day and goes on: a boundary that has passed is none.
                usual = one.end is None and (one.start is None or one.start <= today)
                if one.id in programmes and (usual or moment.on(one.start, one.end)):
                    break
            else:
                return False
        return (
            (population is None or population(row))
            and not (restrictions and _stopped(restrictions, permit, moment))
            and not (stops and _stopped(stops, permit, moment))
            and (not needed or _consented(consents, needed, permit, moment))
        )

    return admit


def _all_of(permit: Permit, conditions: Iterable[Predicate]) -> Callable[[Any], bool] | None:
    """Return the test that all conditions hold of a row; None where there are none."""
    tests = [(attrgetter(_attribute(permit, one.field)), predicate(one)) for one in conditions]
    if not tests:
        return None
    if len(tests) == 1:
        ((only, meets),) = tests
        return lambda row: meets(only(row))

    def hold(row: Any) -> bool:
        for value_of, holds in tests:  # noqa: SIM110  # a generator would cost more than the test
            if not holds(value_of(row)):
                return False
        return True

    return hold


def _attribute(permit: Permit, field: str) -> str:
    if field == "member_code":
        return "code"
    return f"field_{field}" if field in permit.policy.fields else f"fact_{field}"


def _stopped(stops: Iterable[Restriction | StopFact], permit: Permit, moment: Moment) -> bool:
    return any(
        moment.within(Span(stop.start, stop.end))
        for stop in stops
        if stop.kind in permit.members.stops
        and stop.partner in {None, permit.partner}
        and stop.purpose in {None, permit.purpose, permit.purpose.partition(".")[0]}
    )


def _consented(consents: Iterable[ConsentFact], needed: frozenset[str], permit: Permit, moment: Moment) -> bool:
    given: set[str] = set()
    for consent in consents:
        concerns = (consent.partner, consent.purpose) == (permit.partner, permit.purpose)
        if concerns and moment.within(Span(consent.start, consent.end)):
            given |= consent.fields
    return needed <= given
