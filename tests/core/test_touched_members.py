"""A snapshot knows by which entry a member's restrictions were last changed, set or lifted."""

from datetime import UTC, datetime
from typing import Any

from gateway.core.state import Effect, MembersLifted, MembersRestricted, PartnerStateSet, Restriction, Snapshot, apply

ANNA, BEN = b"a" * 32, b"b" * 32
STOP = Restriction(kind="stop_provide", start=datetime(2026, 11, 22, tzinfo=UTC))


def after(*effects: tuple[int, Effect]) -> Snapshot:
    snapshot = Snapshot(coop="kyoritsusha")
    resolve: Any = None
    for index, effect in effects:
        snapshot = apply(snapshot, index, effect, resolve)
    return snapshot


def test_a_stop_and_its_end_both_count() -> None:
    stop, lift = MembersRestricted(tags=(ANNA, BEN), restriction=STOP), MembersLifted(tags=(BEN,), kind="stop_provide")
    assert after((3, stop)).touched == {ANNA: 3, BEN: 3}
    lifted = after((3, stop), (7, lift))
    assert lifted.touched == {ANNA: 3, BEN: 7}
    assert BEN not in lifted.restrictions


def test_a_lift_of_nothing_counts_too_and_nothing_else_does() -> None:
    lift = MembersLifted(tags=(ANNA,), kind="stop_use")
    assert after((2, lift), (5, PartnerStateSet(partner="sunnet", active=True))).touched == {ANNA: 2}
