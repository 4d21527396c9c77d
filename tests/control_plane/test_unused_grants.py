"""What was granted and never asked for, and what is proposed to be taken out for it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.log.sqlite import SqliteLog
from gateway.control_plane.grants.unused import TakeOut, Unused, unused
from gateway.core.changes.comparison import compare, widens
from gateway.core.days import days
from gateway.core.policy import Policy
from gateway.core.state import Snapshot, Version
from gateway.tlog.entries import Counts, instant
from tests import factories as make
from tests.control_plane.asking import ago, denied, open_log, released, say

ALL = sorted(make.grant().fields)
TROUBLE = make.grant(id="a-1.trouble", purpose="P12", fields={"name": "as_is", "phone": "as_is"})
POLICY = make.policy(agreements={"a-1": make.agreement(grants=(make.grant(), TROUBLE))})
LONG_AGO = ago(days=200)


@pytest.fixture
async def log(sqlite_url: str) -> AsyncIterator[SqliteLog]:
    async with open_log(sqlite_url) as made:
        yield made


def since(policy: Policy = POLICY, *more: Version) -> Snapshot:
    return make.snapshot(policy, versions=(Version(effective=LONG_AGO, index=0, policy=policy), *more))


async def told(log: SqliteLog, snapshot: Snapshot | None = None, **changes: Any) -> Unused:
    return await unused(log, snapshot or since(), **{"now": make.NOON, **changes})


def take(grant: str, *fields: str) -> list[TakeOut]:
    return [TakeOut(partner="sunnet", agreement="a-1", grant=grant, field=field) for field in fields]


WHOLE_TROUBLE = TakeOut(partner="sunnet", agreement="a-1", grant="trouble")


async def test_fields_never_asked_for_are_to_be_taken_out_and_a_grant_as_a_whole(log: SqliteLog) -> None:
    await say(log, released({"name": "as_is", "phone": "phone_last4"}), released({"member_code": "as_is"}))
    made = await told(log)
    assert list(made.narrowing) == [WHOLE_TROUBLE, *take("delivery", "birth_date", "delivery_day")]
    assert [(one.grant, one.requests, [f.field for f in one.fields]) for one in made.grants] == [
        ("trouble", 0, ["name", "phone"]),
        ("delivery", 2, ["birth_date", "delivery_day"]),
    ]
    assert (made.start, made.end) == (instant(ago(days=90)), instant(make.NOON))


async def test_the_proposal_says_what_to_take_out_of_the_file(log: SqliteLog) -> None:
    await say(log, released(dict.fromkeys(ALL[1:], "as_is")))
    made = await told(log)
    assert [one.keys for one in made.narrowing] == [
        ("agreements", "a-1", "grants", "trouble"),
        ("agreements", "a-1", "grants", "delivery", "fields", ALL[0]),
    ]


async def test_what_is_proposed_only_narrows_and_leaves_nothing_unused(log: SqliteLog) -> None:
    await say(log, released({"name": "as_is"}))
    made = await told(log)
    fields = {one.field for one in made.narrowing if one.field}
    slim = make.grant(fields={name: how for name, how in make.grant().fields.items() if name not in fields})
    narrow = make.policy(agreements={"a-1": make.agreement(grants=(slim,))})
    assert not any(map(widens, compare(POLICY, narrow)))
    again = await told(log, since(narrow))
    assert (again.grants, again.narrowing) == ((), ())


async def test_a_field_that_was_asked_for_and_refused_was_asked_for(log: SqliteLog) -> None:
    await say(log, denied(ALL, "agreement:a-1:overdue"))
    assert list((await told(log)).narrowing) == [WHOLE_TROUBLE]


async def test_a_page_uses_the_code_that_it_carries(log: SqliteLog) -> None:
    fields = {name: "as_is" for name in ALL if name != "member_code"}
    await say(log, released({**fields, "member_code": "as_is"}, page=True))
    assert list((await told(log)).narrowing) == [WHOLE_TROUBLE]
    await say(log, denied(["name"], "agreement:a-1:overdue", purpose="P12", counts=Counts(asked=0)))
    assert list((await told(log)).narrowing) == take("trouble", "phone")


@pytest.mark.parametrize("other", [{"purpose": "P6"}, {"product": "G2"}, {"agreement": "a-2"}, {"partner": "jccu"}])
async def test_what_was_asked_under_something_else_was_not_asked_here(log: SqliteLog, other: dict[str, Any]) -> None:
    await say(log, released(dict.fromkeys(ALL, "as_is"), **other))
    made = await told(log, since(make.policy()))
    assert list(made.narrowing) == [TakeOut(partner="sunnet", agreement="a-1", grant="delivery")]


async def test_what_was_asked_before_the_period_is_not_of_it(log: SqliteLog) -> None:
    await say(log, released(dict.fromkeys(ALL, "as_is"), at=ago(days=91)))
    snapshot = since(make.policy())
    assert (await told(log, snapshot)).narrowing
    assert not (await told(log, snapshot, days=100)).narrowing


async def test_what_was_granted_within_the_period_is_listed_and_left(log: SqliteLog) -> None:
    await say(log, released({"name": "as_is"}))
    before = make.policy(agreements={"a-1": make.agreement(grants=(make.grant(fields={"name": "as_is"}),))})
    begun = Version(effective=ago(days=10), index=4, policy=make.policy(digest="1" * 64))
    made = await told(log, since(before, begun))
    (grant,) = made.grants
    assert {one.granted for one in grant.fields} == {instant(ago(days=10))}
    assert not any(one.whole for one in grant.fields)
    assert made.narrowing == ()


async def test_a_grant_that_was_gone_for_a_while_counts_from_its_return(log: SqliteLog) -> None:
    gone = Version(effective=ago(days=60), index=4, policy=make.policy(agreements={}))
    back = Version(effective=ago(days=50), index=5, policy=make.policy())
    (grant,) = (await told(log, since(make.policy(), gone, back))).grants
    assert {one.granted for one in grant.fields} == {instant(ago(days=50))}


async def test_a_version_that_another_took_the_place_of_at_once_never_was_in_force(log: SqliteLog) -> None:
    gone = Version(effective=ago(days=60), index=4, policy=make.policy(agreements={}))
    instead = Version(effective=ago(days=60), index=5, policy=make.policy())
    (grant,) = (await told(log, since(make.policy(), gone, instead))).grants
    assert all(one.whole for one in grant.fields)


async def test_nothing_counts_as_granted_before_the_agreements_term(log: SqliteLog) -> None:
    agreement = make.agreement(term=days(date(2026, 11, 1), None))
    made = await told(log, since(make.policy(agreements={"a-1": agreement})))
    assert {field.granted for grant in made.grants for field in grant.fields} == {"2026-10-31T15:00:00.000Z"}
    assert made.narrowing == ()


async def test_an_agreement_out_of_term_releases_nothing_and_is_not_told_of(log: SqliteLog) -> None:
    agreement = make.agreement(term=days(None, date(2026, 11, 21)))
    made = await told(log, since(make.policy(agreements={"a-1": agreement})))
    assert (made.grants, made.narrowing) == ((), ())


async def test_where_not_all_was_read_nothing_is_proposed(log: SqliteLog) -> None:
    await say(log, released(dict.fromkeys(ALL, "as_is"), at=ago(days=5)), released({"name": "as_is"}, at=ago(days=4)))
    made = await told(log, since(make.policy()), most=1)
    assert made.log.cut
    assert made.start == instant(ago(days=4) + timedelta(seconds=30))
    assert made.grants
    assert made.narrowing == ()


async def test_before_the_first_version_nothing_is_granted(log: SqliteLog) -> None:
    made = await told(log, replace(make.snapshot(), versions=()))
    assert (made.policy, made.grants, made.narrowing) == (None, (), ())
