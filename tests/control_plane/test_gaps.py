"""Where notice, grants and releases differ: each kind of row, on a real log."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.log.sqlite import SqliteLog
from gateway.control_plane.grants.gaps import Gap, Gaps, gaps
from gateway.core.days import days
from gateway.core.policy import Decision, User
from gateway.tlog.entries import Counts, instant
from tests import factories as make
from tests.control_plane.asking import ago, denied, open_log, released, say

CODE, NAME, PHONE = "member_code", "name", "phone"


@pytest.fixture
async def log(sqlite_url: str) -> AsyncIterator[SqliteLog]:
    async with open_log(sqlite_url) as made:
        yield made


async def told(log: SqliteLog, **changes: Any) -> Gaps:
    return await gaps(log, make.snapshot(make.policy(**changes)), now=make.NOON)


async def row(
    log: SqliteLog, field: str, *, purpose: str = "P4", partner: str = "sunnet", **changes: Any
) -> Gap | None:
    made = await told(log, **changes)
    found = [one for one in made.rows if (one.partner, one.purpose, one.field) == (partner, purpose, field)]
    assert len(found) <= 1
    return found[0] if found else None


async def test_a_field_that_is_published_granted_and_released_is_no_gap(log: SqliteLog) -> None:
    await say(log, released({NAME: "as_is"}), released({NAME: "as_is"}, at=ago(days=89)))
    one = await row(log, NAME)
    assert one is not None
    assert (one.kind, one.item, one.noticed, one.requests, one.released) == ("same", "I1", True, 2, 16)
    (grant,) = one.granted
    assert (grant.agreement, grant.grant, grant.products, grant.transform) == ("a-1", "delivery", ("G1",), "as_is")


async def test_a_granted_field_that_was_never_released_is_one_even_where_it_was_asked_for(log: SqliteLog) -> None:
    await say(log, denied([PHONE], "agreement:a-1:overdue"))
    one = await row(log, PHONE)
    assert one is not None
    assert (one.kind, one.requests, one.released) == ("unreleased", 1, 0)


async def test_what_was_released_before_the_period_was_not_released_in_it(log: SqliteLog) -> None:
    await say(log, released({NAME: "as_is"}, at=ago(days=91)))
    one = await row(log, NAME)
    assert one is not None
    assert one.kind == "unreleased"
    made = await told(log)
    assert (made.start, made.end) == (instant(ago(days=90)), instant(make.NOON))


async def test_what_was_released_and_is_granted_no_longer(log: SqliteLog) -> None:
    await say(log, released({PHONE: "as_is"}))
    one = await row(log, PHONE, agreements={"a-1": make.agreement(grants=(make.grant(fields={NAME: "as_is"}),))})
    assert one is not None
    assert (one.kind, one.granted, one.released) == ("ended", (), 8)


async def test_an_agreement_out_of_term_grants_nothing(log: SqliteLog) -> None:
    await say(log, released({NAME: "as_is"}))
    one = await row(log, NAME, agreements={"a-1": make.agreement(term=days(None, date(2026, 11, 21)))})
    assert one is not None
    assert (one.kind, one.noticed) == ("ended", True)


async def test_what_is_published_and_not_granted_is_default_deny(log: SqliteLog) -> None:
    one = await row(log, "postal_code")
    assert one is not None
    assert (one.kind, one.noticed, one.granted) == ("ungranted", True, ())


async def test_what_was_asked_for_without_a_grant(log: SqliteLog) -> None:
    await say(log, denied(["receivable_yen"], "grant:receivable_yen:not_granted"))
    one = await row(log, "receivable_yen")
    assert one is not None
    assert (one.kind, one.noticed, one.requests) == ("refused", False, 1)


async def test_a_grant_that_the_notice_no_longer_allows(log: SqliteLog) -> None:
    ended = replace(make.OPEN_ITEM, span=days(None, date(2026, 10, 31)))
    one = await row(log, "delivery_day", decisions=(ended,))
    assert one is not None
    assert (one.kind, one.noticed) == ("outside", False)


async def test_a_user_without_an_agreement_is_in_the_notice_alone(log: SqliteLog) -> None:
    notice = make.notice(users=(User(partner="jccu", span=days(date(2022, 4, 1), None)),))
    one = await row(log, NAME, partner="jccu", notices=(notice,))
    assert one is not None
    assert one.kind == "ungranted"
    own = await row(log, NAME, notices=(notice,))
    assert own is not None
    assert own.kind == "outside"


async def test_an_incomplete_notice_and_a_purpose_outside_joint_use_name_nothing(log: SqliteLog) -> None:
    one = await row(log, NAME, notices=(make.notice(gaps=("items",)),))
    assert one is not None
    assert not one.noticed
    assert await row(log, NAME, purpose="P13") is None
    assert await row(log, NAME, purpose="P2") is None
    decided = Decision(id="d-2", kind="purpose", span=make.YEAR, purposes=frozenset({"P2"}))
    assert await row(log, NAME, purpose="P2", decisions=(make.OPEN_ITEM, decided)) is not None


async def test_a_page_releases_the_code_that_it_carries(log: SqliteLog) -> None:
    await say(log, released({CODE: "as_is", NAME: "as_is"}, page=True))
    one = await row(log, CODE)
    assert one is not None
    assert (one.kind, one.released) == ("same", 8)


async def test_what_is_dropped_is_not_missed(log: SqliteLog) -> None:
    grant = make.grant(fields={NAME: "as_is", PHONE: "drop"})
    one = await row(log, PHONE, agreements={"a-1": make.agreement(grants=(grant,))})
    assert one is not None
    assert one.kind == "same"


async def test_where_not_all_was_read_it_is_said(log: SqliteLog) -> None:
    await say(log, released({NAME: "as_is"}, at=ago(days=5)), denied([NAME], "x:y:z", counts=Counts(asked=1)))
    made = await gaps(log, make.snapshot(), now=make.NOON, most=1)
    assert made.log.cut
    assert made.start == instant(make.NOON + timedelta(seconds=30))


async def test_before_the_first_version_there_is_nothing(log: SqliteLog) -> None:
    made = await gaps(log, make.snapshot(versions=()), now=make.NOON)
    assert (made.policy, made.rows) == (None, ())
