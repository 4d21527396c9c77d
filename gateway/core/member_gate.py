"""Gate 4, the member: whoever fails it is not available, indistinguishable from an unknown code."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import compress
from operator import attrgetter
from typing import Any, Final

from gateway.core.days import Moment, Span, jst_day, midnight, midnight_after
from gateway.core.outcome import Permit
from gateway.core.policy import Predicate
from gateway.core.population import predicate
from gateway.core.rows import ConsentFact, StopFact
from gateway.core.state import Restriction

TagOf = Callable[[str], bytes]
Available = Callable[[Sequence[Any]], tuple[list[Any], list[bytes]]]
"""Rows → those of members available, and their tags."""

_code, _as_of = attrgetter("code"), attrgetter("fact_as_of")
_FACTS: Final = tuple(f"fact_{name}" for name in ("status", "subject", "acquired_under", "consents", "stops"))
"""But for since when a member takes part and how fresh its record is, in which hardly two are alike."""
_MOST_ALIKE: Final = 4_096


def member_gate(permit: Permit, moment: Moment, tag_of: TagOf) -> Available:
    """Return the test that one permit makes of members: of each row's own facts, and of the gateway's restrictions.

    Each fact that is missing fails. All boundaries that the test meets are remembered by `moment`. Members are taken many
    at a time: most are alike in what is asked of them, and of those who are alike one is looked at.
    """
    fits, facts_of = _fits(permit, moment), _facts(permit)
    enrolled, fresh = _enrolled(permit, moment), _fresh(permit, moment)
    alike: dict[tuple[Any, ...], bool] = {}

    def available(rows: Sequence[Any]) -> tuple[list[Any], list[bytes]]:
        if len(alike) > _MOST_ALIKE:
            alike.clear()
        facts = [*map(facts_of, rows)]
        for fact, row in dict(zip(facts, rows, strict=True)).items():
            if fact not in alike:
                alike[fact] = fits(row)
        passing = map(alike.__getitem__, facts)
        found = fresh(enrolled([*compress(rows, passing)]))
        tags = [*map(tag_of, map(_code, found))]
        if not permit.restrictions.keys().isdisjoint(tags):
            free = [not _stopped(permit.restrictions.get(tag, ()), permit, moment) for tag in tags]
            return [*compress(found, free)], [*compress(tags, free)]
        return found, tags

    return available


def _facts(permit: Permit) -> Callable[[Any], tuple[Any, ...]]:
    """Return what `_fits` looks at of a row."""
    conditions = [*permit.grant.population, *(each for one in permit.members.cohorts for each in one.selectors)]
    return attrgetter(*_FACTS, *(_attribute(permit, one.field) for one in conditions))


def _fits(permit: Permit, moment: Moment) -> Callable[[Any], bool]:
    """Return the test of what most members have in common with many others."""
    rule = permit.members
    subjects, covering = rule.subjects, rule.covering
    population = _all_of(permit, permit.grant.population)
    cohorts = [(cohort.versions, _all_of(permit, cohort.selectors)) for cohort in rule.cohorts]
    needed = frozenset(permit.fields) if rule.consent_basis else rule.consent_for

    def covered(row: Any) -> bool:
        under = row.fact_acquired_under
        return under in covering or any(under in versions and chosen(row) for versions, chosen in cohorts)

    def fits(row: Any) -> bool:
        stops, consents = row.fact_stops, row.fact_consents
        return (
            row.fact_status == "active"
            and row.fact_subject is not None
            and (subjects is None or row.fact_subject in subjects)
            and covered(row)
            and stops is not None
            and consents is not None
            and population(row)
            and not _stopped(stops, permit, moment)
            and (not needed or _consented(consents, needed, permit, moment))
        )

    return fits


def _enrolled(permit: Permit, moment: Moment) -> Callable[[list[Any]], list[Any]]:
    """Return what leaves out the rows of members who are in none of the programmes, where any is asked for."""
    programmes, today = permit.members.programmes, moment.today
    if programmes is None:
        return lambda rows: rows

    def takes_part(row: Any) -> bool:
        for one in row.fact_programmes or ():
            # The usual enrolment began some day and goes on: a boundary that has passed is none.
            usual = one.end is None and (one.start is None or one.start <= today)
            if one.id in programmes and (usual or moment.on(one.start, one.end)):
                return True
        return False

    return lambda rows: [row for row in rows if takes_part(row)]


def _fresh(permit: Permit, moment: Moment) -> Callable[[list[Any]], list[Any]]:
    """Return what leaves out the rows that are too old, or of a time to come."""
    limit = timedelta(days=permit.grant.max_age_days)
    oldest = midnight(moment.today - limit)

    def fresh(rows: list[Any]) -> list[Any]:
        times = [time for time in map(_as_of, rows) if time is not None]
        if not times:
            return []
        if len(times) < len(rows) or min(times) < oldest or max(times) > moment.at:
            late = [time for time in times if time > moment.at]
            if late:
                moment.note(min(late))
            times = [time for time in times if oldest <= time <= moment.at]
            rows = [row for row in rows if row.fact_as_of is not None and oldest <= row.fact_as_of <= moment.at]
        if times:
            # When the least fresh record goes stale.
            moment.note(midnight_after(jst_day(min(times)) + limit))
        return rows

    return fresh


def _all_of(permit: Permit, conditions: Iterable[Predicate]) -> Callable[[Any], bool]:
    """Return the test that all conditions hold of a row."""
    tests = [(attrgetter(_attribute(permit, one.field)), predicate(one)) for one in conditions]
    return lambda row: all(holds(value_of(row)) for value_of, holds in tests)


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
