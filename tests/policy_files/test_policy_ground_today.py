"""What an agreement stands on is a matter of the notice that governs: one that is yet to begin says nothing of today."""

from datetime import UTC, datetime

import pytest

from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.core.days import Moment
from gateway.core.notice_gate import governing, ground_of
from tests.house import COOP

NOTICES = f"policies/{COOP}/notices"
NOW, NEXT = "2022-04-01", "2027-04-01"
SUNNET = f"policies/{COOP}/agreements/sunnet.yaml"
ENTRUSTED = "basis: entrustment\n    evidence: {selection: {criteria: c, date: 2026-01-05, result: r}}"


@pytest.fixture
def guarded_first(room):
    """Let today's notice state the guarded ground (contact fields, a case, under review) before the plain one."""
    room.edit(SUNNET, "basis: joint_use", ENTRUSTED)
    file = room.root / NOTICES / f"{NOW}.yaml"
    text = file.read_text()
    plain, guarded, rest = (text.index(f"\n  {name}:") for name in ("T2", "T3", "T4"))
    first = text[guarded:rest].replace("T3", "T2", 1)
    second = text[plain:guarded].replace("T2", "T3", 1)
    file.write_text(text[:plain] + first + second + text[rest:])
    # The one of 2027 has the plain ground alone.
    later = text[:plain] + second + text[rest:]
    for old, new in (
        (f'\nversion: "{NOW}"', f'\nversion: "{NEXT}"'),
        (f"effective: {{from: {NOW}", f"effective: {{from: {NEXT}"),
        ("\napplies_to:", f'  - {{version: "{NEXT}", quote: 改訂, text: held}}\n\napplies_to:'),
    ):
        assert old in later
        later = later.replace(old, new, 1)
    return room, later


def test_a_notice_that_is_yet_to_begin_lifts_nothing_that_todays_demands(guarded_first):
    room, later = guarded_first
    before = {(one.state, one.subject) for one in room.lint(COOP) if one.severity == "error"}
    assert ("ground_undecided", "T2") in before
    room.add(f"{NOTICES}/{NEXT}.yaml", later)
    # The plain ground governs from 2027 on alone: an agreement that ends the day before is refused as it was.
    assert {(one.state, one.subject) for one in room.lint(COOP) if one.severity == "error"} == before


def test_each_day_an_agreement_stands_on_the_first_ground_of_the_notice_of_that_day(guarded_first):
    room, later = guarded_first
    room.add(f"{NOTICES}/{NEXT}.yaml", later)
    # Its term reaches into the later notice, so that what today's forbids is told as a caution, and published.
    room.edit(SUNNET, "to: 2027-03-31", "to: 2028-03-31")
    policy = resolve(load(room.policies, room.partners, COOP, samples=True).document)
    agreement = policy.agreements["kyoritsusha-sunnet-01"]
    for day, version, review in (
        (datetime(2026, 11, 23, tzinfo=UTC), NOW, True),
        (datetime(2027, 4, 1, tzinfo=UTC), NEXT, False),
    ):
        notice = governing(policy, agreement.programme, Moment(day))
        assert notice is not None
        assert notice.version == version
        ground = ground_of(notice, agreement)
        assert ground is not None
        assert (ground.review, ground.contact_only, ground.case_required) == (review,) * 3
