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
_MOST_ALIKE: Final = 4_096


def member_gate(permit: Permit, moment: Moment, tag_of: TagOf) -> Available:
    """Return the test that one permit makes of members: of each row's own facts, and of the gateway's restrictions.

    Each fact that is missing fails. All boundaries that the test meets are remembered by `moment`. Members are taken many
    at a time: most are alike in what is asked of them, and of those who are alike one is looked at.
    """
    fits, fresh, facts_of = _fits(permit, moment), _fresh(permit, moment), _facts(permit)
    alike: dict[tuple[Any, ...], bool] = {}

    def available(rows: Sequence[Any]) -> tuple[list[Any], list[bytes]]:
        passing = [*map(alike.get, map(facts_of, rows))]
        if None in passing:
            if len(alike) > _MOST_ALIKE:
                alike.clear()
            for place, row in enumerate(rows):
                if passing[place] is None:
                    passing[place] = alike[facts_of(row)] = fits(row)
        found = fresh([*compress(rows, passing)])
        tags = [*map(tag_of, map(_code, found))]
        if not permit.restrictions.keys().isdisjoint(tags):
            free = [not _stopped(permit.restrictions.get(tag, ()), permit, moment) for tag in tags]
            return [*compress(found, free)], [*compress(tags, free)]
        return found, tags

    return available


def _facts(permit: Permit) -> Callable[[Any], tuple[Any, ...]]:
    """Return what `_fits` looks at of a row: all but freshness, in which hardly two members are alike."""
    rule = permit.members
    facts = ["status", "subject", "acquired_under", "consents", "stops"]
    conditions = [*permit.grant.population, *(each for one in rule.cohorts for each in one.selectors)]
    return attrgetter(
        *(f"fact_{name}" for name in (facts if rule.programmes is None else [*facts, "programmes"])),
        *(_attribute(permit, one.field) for one in conditions),
    )


def _fits(permit: Permit, moment: Moment) -> Callable[[Any], bool]:
    """Return the test of everything but freshness that a row says of its member."""
    rule = permit.members
    subjects, covering, programmes = rule.subjects, rule.covering, rule.programmes
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
            and (
                programmes is None
                or any(one.id in programmes and moment.on(one.start, one.end) for one in row.fact_programmes or ())
            )
            and population(row)
            and not _stopped(stops, permit, moment)
            and (not needed or _consented(consents, needed, permit, moment))
        )

    return fits


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
