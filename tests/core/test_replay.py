"""What real questions would be answered under another policy: newly released, newly withheld, changed, unchanged."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.core.changes.replay import Asked, FieldEffect, replay
from gateway.core.days import days
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Policy, Predicate
from gateway.core.state import PartnerState, Snapshot, Version
from tests import factories as make
from tests.core.test_properties import decision_of, policies, requests
from tests.core.test_widening import asked_of

OLD = make.snapshot()


def under(**changes: Any) -> Snapshot:
    return make.snapshot(make.policy(agreements={"a-1": make.agreement(grants=(make.grant(**changes),))}))


def question(*names: str, **changes: Any) -> Asked:
    values = {"requests": 4, "asked": 40, "released": 30, **changes}
    fixed = {"partner": "sunnet", "client": "c-1", "agreement": "a-1", "purpose": "P4", "product": "G1"}
    return Asked(**{**fixed, "fields": names, **values})


def effect(name: str, outcome: str, before: str | None, after: str | None, **counts: int) -> FieldEffect:
    told: Any = {"requests": 4, "members": 30, "outcome": outcome, "before": before, "after": after, **counts}
    return FieldEffect(partner="sunnet", purpose="P4", field=name, **told)


@given(st.data())
def test_under_the_same_snapshot_nothing_changes(data: st.DataObject) -> None:
    policy = data.draw(policies())
    asked = [asked_of(data.draw(requests(policy.agreements["a-1"].grants[0])), page=page) for page in (False, True)]
    told = replay(asked, old=make.snapshot(policy), new=make.snapshot(policy), at=make.NOON)
    assert (told.turned, told.other_rule, told.requests, told.members) == ((), 0, 2, 4)
    assert {one.outcome for one in told.fields} <= {"unchanged"}


@given(st.data())
def test_it_answers_as_the_gates_do(data: st.DataObject) -> None:
    one, two = data.draw(policies()), data.draw(policies())
    asked = data.draw(requests(one.agreements["a-1"].grants[0]))
    told = replay([asked_of(asked)], old=make.snapshot(one), new=make.snapshot(two), at=make.NOON)
    before, after = decision_of(one, asked), decision_of(two, asked)
    given_before = {k: v for k, v in before.fields.items() if v != "drop"} if isinstance(before, Permit) else {}
    given_after = {k: v for k, v in after.fields.items() if v != "drop"} if isinstance(after, Permit) else {}
    assert {e.field: e.before for e in told.fields if e.before} == given_before
    assert {e.field: e.after for e in told.fields if e.after} == given_after
    turned = [(t.allowed, t.reasons) for t in told.turned]
    match before, after:
        case Permit(), Permit():
            assert turned == []
        case Permit(), Denial():
            assert turned == [(False, after.reasons)]
        case Denial(), Permit():
            assert turned == [(True, before.reasons)]
        case _:
            assert (turned, told.refused) == ([], 1)


@given(st.permutations([question("name"), question("phone"), question("name", "phone"), question("name", page=True)]))
def test_the_order_of_questions_makes_no_difference(asked: list[Asked]) -> None:
    new = under(fields={"name": "mask", "member_code": "as_is"})
    assert replay(asked, old=OLD, new=new, at=make.NOON) == replay(
        sorted(asked, key=repr), old=OLD, new=new, at=make.NOON
    )


def test_a_field_taken_out_turns_every_question_for_it_into_a_denial() -> None:
    told = replay([question("name", "phone")], old=OLD, new=under(fields={"name": "as_is"}), at=make.NOON)
    assert told.fields == (effect("name", "withheld", "as_is", None), effect("phone", "withheld", "phone_last4", None))
    (turned,) = told.turned
    assert (turned.allowed, turned.reasons) == (False, ("grant:phone:not_granted",))
    assert turned.question == question("name", "phone")


def test_a_new_field_is_newly_released_with_all_that_was_asked_beside_it() -> None:
    asked = question("name", "postal_code", released=0)
    wide = under(fields={**make.grant().fields, "postal_code": "postal_3"})
    told = replay([asked], old=OLD, new=wide, at=make.NOON)
    # Nothing of it was released before, so those asked for are the ones it would concern.
    assert told.fields == (
        effect("name", "released", None, "as_is", members=40),
        effect("postal_code", "released", None, "postal_3", members=40),
    )
    assert [(t.allowed, t.reasons) for t in told.turned] == [(True, ("grant:postal_code:not_granted",))]


def test_a_changed_transform_is_told_from_and_to() -> None:
    stronger = under(fields={**make.grant().fields, "phone": "as_is", "birth_date": "drop"})
    told = replay([question("birth_date", "name", "phone")], old=OLD, new=stronger, at=make.NOON)
    assert told.fields == (
        effect("birth_date", "withheld", "age_band", None),
        effect("name", "unchanged", "as_is", "as_is"),
        effect("phone", "changed", "phone_last4", "as_is"),
    )
    assert told.turned == ()


def test_questions_for_the_same_field_are_counted_together() -> None:
    asked = [question("name"), question("name", "phone"), question("name", client="c-9", requests=7, released=5)]
    told = replay(asked, old=OLD, new=OLD, at=make.NOON)
    assert told.fields == (
        effect("name", "unchanged", "as_is", "as_is", requests=8, members=60),
        effect("phone", "unchanged", "phone_last4", "phone_last4"),
    )
    assert (told.requests, told.members, told.refused) == (15, 65, 7)


def test_a_page_carries_the_code_as_soon_as_it_is_granted_as_is() -> None:
    pairwise = under(fields={"name": "as_is", "member_code": "pairwise_id"})
    told = replay([question("name", page=True)], old=pairwise, new=OLD, at=make.NOON)
    assert told.fields == (
        effect("member_code", "released", None, "as_is"),
        effect("name", "unchanged", "as_is", "as_is"),
    )
    assert replay([question("name")], old=pairwise, new=OLD, at=make.NOON).fields == (
        effect("name", "unchanged", "as_is", "as_is"),
    )


def test_a_case_number_given_counts_where_one_is_demanded() -> None:
    grant = make.grant(purpose="P12", fields={"name": "as_is"})
    snapshot = make.snapshot(make.policy(agreements={"a-1": make.agreement(grants=(grant,))}))
    asked = [question("name", purpose="P12", case=given) for given in (True, False)]
    told = replay(asked, old=OLD, new=snapshot, at=make.NOON)
    assert [(t.question.case, t.allowed) for t in told.turned] == [(True, True)]
    assert told.refused == 4


@pytest.mark.parametrize(
    "changes",
    [{"population": (Predicate(field="status", among=("active",)),)}, {"max_age_days": 6}, {"members_per_day": 9}],
    ids=str,
)
def test_another_rule_for_members_is_counted(changes: dict[str, Any]) -> None:
    told = replay([question("name")], old=OLD, new=under(**changes), at=make.NOON)
    assert (told.other_rule, told.turned) == (4, ())
    assert [one.outcome for one in told.fields] == ["unchanged"]


def test_both_are_asked_at_the_same_instant() -> None:
    ending: Policy = make.policy(agreements={"a-1": make.agreement(term=days(None, date(2026, 11, 30)))})
    asked = [question("name")]
    at = datetime(2026, 12, 1, tzinfo=UTC)
    assert replay(asked, old=OLD, new=make.snapshot(ending), at=make.NOON).turned == ()
    (turned,) = replay(asked, old=OLD, new=make.snapshot(ending), at=at).turned
    assert turned.reasons == ("agreement:a-1:out_of_term",)


def test_the_version_in_force_at_that_instant_is_the_one_asked() -> None:
    begins = make.NOON + timedelta(days=1)
    later = Version(effective=begins, index=6, policy=make.policy(agreements={}))
    new = replace(OLD, versions=(*OLD.versions, later))
    asked = [question("name")]
    assert replay(asked, old=OLD, new=new, at=make.NOON).turned == ()
    assert [t.reasons for t in replay(asked, old=OLD, new=new, at=begins).turned] == [("agreement:a-1:unknown",)]


@pytest.mark.parametrize(
    "state",
    [
        PartnerState(active=False, keys=(make.key("sig"), make.key("enc"))),
        PartnerState(active=True, keys=(make.key("enc"),)),
        PartnerState(active=True, keys=(make.key("sig"),)),
    ],
    ids=["suspended", "no signing key", "no encryption key"],
)
def test_a_partner_that_would_receive_nothing_receives_nothing_new(state: PartnerState) -> None:
    old, new = (replace(one, partners={"sunnet": state}) for one in (under(fields={"name": "as_is"}), OLD))
    told = replay([question("name", "phone")], old=old, new=new, at=make.NOON)
    assert (told.fields, told.turned, told.refused) == ((), (), 4)


def test_before_the_first_version_everything_is_refused() -> None:
    told = replay([question("name")], old=replace(OLD, versions=()), new=OLD, at=make.NOON)
    assert [(t.allowed, t.reasons) for t in told.turned] == [(True, ("notice:kyoritsusha:absent",))]


def test_snapshots_of_two_coops_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two co-ops"):
        replay([], old=OLD, new=replace(OLD, coop="coopdeli"), at=make.NOON)
