"""The verifier's step 8 on follow-ups that block: what opens and ends a block is governance, and nothing is released between."""

from typing import Any, Literal

import pytest

from gateway.tlog import entries
from gateway.tlog.findings import Code
from tests.tlog.exported_log import DIGEST, NOON, START, check, export, refused, release

BLOCKED = "2026-12-01"
BEFORE, AT, LATER = (
    "2026-11-30T14:59:59.999Z",
    "2026-11-30T15:00:00.000Z",
    "2026-12-02T12:00:00.000Z",
)
"""Around midnight in Japan."""


def follow_up(*, gov: int | None = 1, blocks: str | None = BLOCKED, name: str = "fu-1", **changes: Any) -> bytes:
    words: dict[str, Any] = {"partner": "jccu", "agreement": "jccu-2024", "duty": "stop_using", **changes}
    made = entries.FollowUp(
        coop="kyoritsusha",
        time=NOON,
        gov=gov,
        follow_up=name,
        blocks=blocks,
        due="2026-11-30",
        members=1,
        commitment=DIGEST,
        by="gateway",
        reason="利用停止等",
        **words,
    )
    return entries.encode(made)


def ack(
    *,
    gov: int | None = 2,
    time: str = NOON,
    event: Literal["acknowledged", "certified"] = "acknowledged",
    partner: str = "jccu",
    name: str = "fu-1",
) -> bytes:
    made = entries.Ack(
        coop="kyoritsusha",
        time=time,
        gov=gov,
        event=event,
        follow_up=name,
        partner=partner,
        client="jccu-1",
        acknowledgement=DIGEST,
    )
    return entries.encode(made)


def test_a_follow_up_that_blocks_makes_earlier_decisions_stale_and_another_does_not():
    assert check(export([*START, follow_up(), release(gov=2)])).ok
    refused(check(export([*START, follow_up(), release(gov=1)])), Code.GOVERNANCE_STALE, 3)
    assert check(export([*START, follow_up(gov=None, blocks=None), release(gov=1)])).ok


def test_nothing_goes_to_the_partner_from_the_day_until_the_answer():
    opened = [*START, follow_up()]
    assert check(export([*opened, release(0, gov=2, time=BEFORE)])).ok
    for time in (AT, LATER):
        refused(check(export([*opened, release(gov=2, time=time)])), Code.PARTNER_OVERDUE, 3)
    answered = [*opened, ack(time=LATER)]
    assert check(export([*answered, release(gov=3, time=LATER)])).ok
    many = [release(number, gov=2, time=BEFORE) for number in range(30)]
    refused(check(export([*opened, *many, release(99, gov=2, time=AT)])), Code.PARTNER_OVERDUE, 33)


def test_another_partner_and_another_agreement_go_on():
    elsewhere: tuple[dict[str, Any], ...] = ({"partner": "sunnet"}, {"agreement": "jccu-2030"})
    for changes in elsewhere:
        assert check(export([*START, follow_up(**changes), release(gov=2, time=LATER)])).ok
    refused(check(export([*START, follow_up(agreement=None), release(gov=2, time=LATER)])), Code.PARTNER_OVERDUE, 3)


def test_what_is_to_be_deleted_is_ended_by_its_certificate_alone():
    opened = [*START, follow_up(duty="delete"), ack(gov=None)]
    refused(check(export([*opened, release(gov=2, time=LATER)])), Code.PARTNER_OVERDUE, 4)
    assert check(export([*opened, ack(gov=2, event="certified"), release(gov=4, time=LATER)])).ok


@pytest.mark.parametrize(
    "logged",
    [
        [follow_up(gov=None)],
        [follow_up(blocks=None)],
        [follow_up(), follow_up(gov=2)],
        [follow_up(), ack(gov=None)],
        [follow_up(), ack(partner="sunnet")],
        [follow_up(duty="delete"), ack()],
        [follow_up(), ack(), ack(gov=3)],
        [follow_up(gov=None, blocks=None), ack(gov=1)],
    ],
)
def test_whatever_opens_or_ends_a_block_otherwise_than_it_says_is_found(logged: list[bytes]):
    refused(check(export([*START, *logged])), Code.FOLLOW_UP_OTHER, len(START) + len(logged) - 1)


def test_an_answer_to_what_does_not_block_is_no_governance():
    logged = [*START, follow_up(gov=None, blocks=None), ack(gov=None), ack(gov=None, event="certified")]
    assert check(export([*logged, release(gov=1)])).ok
