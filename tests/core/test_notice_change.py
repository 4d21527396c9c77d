"""Every kind of change of a notice, what the law asks for because of it, by when, and how it stands."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.core.days import days, midnight
from gateway.core.legal_parameters import WITHOUT_DELAY_DAYS, days_after, on
from gateway.core.notices.change import between_versions, of_proposal, within_versions
from gateway.core.notices.matters import DatedWord, NoticeChange, NoticeWords, Party
from gateway.core.policy import Decision, Item, Notice, Partner, Policy, Predicate, Purpose, User
from tests import factories as make

TODAY = date(2026, 11, 22)
FIRST, SECOND = "2022-04-01", "2026-12-01"
OLD = make.notice()
I12 = {**OLD.items, "I12": Item(id="I12", fields=frozenset({"name_kana"}))}
NEW_USER = (*OLD.users, User(partner="jccu", span=days(date(2026, 12, 1), None)))


def second(**changes: Any) -> Notice:
    """A version published today that takes effect on 1 December."""
    values = {"effective": days(date(2026, 12, 1), None), "published": days(TODAY, None), **changes}
    return make.notice(version=SECOND, **values)


def entity(name: str, number: str | None = None, **changes: Any) -> Partner:
    values: dict[str, Any] = {"id": name, "name": name, "corporate_number": number, "country": "JP"}
    values |= {"clients": frozenset()}
    return Partner(**{**values, **changes})


def policy(*notices: Notice, **changes: Any) -> Policy:
    values = {"partners": {one: entity(one) for one in ("sunnet", "jccu")}, **changes}
    return make.policy(notices=notices, **values)


def cohort(**changes: Any) -> Decision:
    values = {
        "id": "d-cohort",
        "kind": "cohort",
        "span": days(TODAY, None),
        "versions": frozenset({FIRST}),
        "ground": "consent",
    }
    return Decision(**{**values, **changes})


def dated(text: str, start: date = date(2022, 4, 1)) -> DatedWord:
    return DatedWord(text=text, start=start)


def party(**changes: Any) -> Party:
    values = {"name": dated("生活協同組合 共立社"), "address": dated("鶴岡市"), "representative": dated("渡邊 一弥")}
    return Party(**{**values, **changes})


def words(**changes: Any) -> NoticeWords:
    values = {
        "text": "a" * 64,
        "joint_purpose": "「商品・サービス」の提供をおこなうため。",
        "purposes": {"P4": "お届けのため", "P13": "雇用管理のため"},
        "items": {"I1": "氏名", "I5": "住所"},
        "users": {"sunnet": "サンネット"},
        "parties": (party(),),
    }
    return NoticeWords(**{**values, **changes})


def between(new: Notice, *, says: NoticeWords | None = None, today: date = TODAY, **changes: Any) -> list[NoticeChange]:
    both = {FIRST: words(), SECOND: words(text="b" * 64) if says is None else says}
    return list(between_versions(policy(OLD, new, **changes), words=both, today=today))


def one(new: Notice, **changes: Any) -> NoticeChange:
    (found,) = between(new, **changes)
    return found


# ── items and users ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_that_says_the_same_changes_nothing():
    assert between(second()) == []
    assert between_versions(policy(OLD), words={}, today=TODAY) == ()
    assert of_proposal(None, policy(OLD), said={}, says={}, today=TODAY) == ()


def test_an_item_added_does_not_reach_members_acquired_before():
    made = one(second(items=I12), says=words(text="b" * 64, items={**words().items, "I12": "フリガナ"}))
    assert (made.kind, made.subjects, made.labels) == ("items_widened", ("I12",), ("フリガナ",))
    assert (made.state, made.task, made.uncovered) == ("kept_out", "cohort", (FIRST,))
    assert (made.earlier, made.notice) == (FIRST, SECOND)
    assert "3-6-3" in made.source
    assert made.grade == "K"


def test_a_version_known_by_its_date_alone_is_not_covered_either():
    header = make.notice(version="2005-03-31", held=False, items={}, users=(), effective=days(date(2005, 3, 31), None))
    (made,) = between_versions(policy(header, OLD, second(items=I12)), words={}, today=TODAY)
    assert made.uncovered == ("2005-03-31", FIRST)


def test_an_item_that_becomes_open_ended_is_an_item_added():
    opened = {**OLD.items, "I1": replace(OLD.items["I1"], open=True)}
    assert one(second(items=opened)).subjects == ("I1",)


def test_a_cohort_decision_on_consent_covers_whom_it_names():
    made = one(second(items=I12), decisions=(cohort(),))
    assert (made.state, made.uncovered) == ("done", ())
    (covered,) = made.covered
    assert (covered.decision, covered.versions, covered.ground) == ("d-cohort", (FIRST,), "consent")
    assert (covered.fits, covered.earlier, covered.partly) == (True, False, False)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"span": days(date(2026, 4, 1), None)}, "earlier"),
        ({"ground": "name_change"}, "unfit"),
        ({"ground": "succession"}, "unfit"),
    ],
)
def test_a_decision_that_was_not_made_for_this_change_is_to_be_confirmed(changes, flag):
    made = one(second(items=I12), decisions=(cohort(**changes),))
    assert (made.state, made.task) == ("open", "confirm_cohort")
    assert made.covered[0].earlier == (flag == "earlier")
    assert made.covered[0].fits == (flag == "earlier")


def test_a_decision_with_conditions_leaves_its_version_uncovered():
    chosen = replace(cohort(), selectors=(Predicate(field="postal_code", prefixes=("997",)),))
    made = one(second(items=I12), decisions=(chosen,))
    assert made.covered[0].partly
    assert (made.uncovered, made.state) == ((FIRST,), "kept_out")


@pytest.mark.parametrize(
    "changes",
    [{"span": days(None, date(2026, 11, 30))}, {"versions": frozenset({"2021-06-01"})}, {"kind": "purpose"}],
)
def test_a_decision_that_ended_or_is_about_something_else_covers_nobody(changes):
    made = one(second(items=I12), decisions=(cohort(**changes),))
    assert (made.covered, made.uncovered) == ((), (FIRST,))


def test_a_user_added_is_covered_by_succession_too():
    made = one(second(users=NEW_USER), decisions=(cohort(ground="succession"),))
    assert (made.kind, made.subjects, made.state) == ("users_widened", ("jccu",), "done")
    assert one(second(users=NEW_USER)).state == "kept_out"


def test_versions_that_named_the_item_already_cover_themselves():
    early = make.notice(version="2021-06-01", items=I12, effective=days(date(2021, 6, 1), None))
    found = between_versions(policy(early, OLD, second(items=I12)), words={}, today=TODAY)
    assert [(change.notice, change.uncovered) for change in found] == [(SECOND, (FIRST,))]


@pytest.mark.clause("K-U*")
def test_a_name_alone_makes_no_new_user():
    made = one(second(), says=words(text="b" * 64, users={"sunnet": "新サンネット"}))
    assert (made.kind, made.task, made.state) == ("user_renamed", "update_name", "done")


def test_the_same_corporate_number_under_another_id_is_no_new_user():
    number = "1000020110001"
    old = policy(OLD, partners={"sunnet": entity("sunnet", number)})
    renamed = replace(OLD, users=(User(partner="shin-sunnet", span=OLD.users[0].span),))
    new = policy(renamed, partners={"shin-sunnet": entity("shin-sunnet", number)})
    (made,) = within_versions(old, new, said={}, says={}, today=TODAY)
    assert (made.kind, made.subjects) == ("user_renamed", ("shin-sunnet",))


@pytest.mark.clause("K-U*")
def test_another_corporate_number_under_the_same_id_is_a_new_user():
    old = policy(OLD, partners={"sunnet": entity("sunnet", "1000020110001")})
    new = policy(OLD, partners={"sunnet": entity("sunnet", "2000020110002")})
    (made,) = within_versions(old, new, said={}, says={}, today=TODAY)
    assert (made.kind, made.task, made.state) == ("users_widened", "new_version", "open")
    first_number = policy(OLD, partners={"sunnet": entity("sunnet", None)})
    assert within_versions(first_number, new, said={}, says={}, today=TODAY) == ()


def test_a_programme_of_its_own_is_compared_with_no_other():
    other = second(items=I12, programmes=frozenset({"another"}))
    assert between(other) == []


def test_another_wording_of_an_item_is_judged_before_it_is_published():
    says = words(text="b" * 64, items={"I1": "氏名", "I5": "住所及び勤務先"})
    later = second(published=days(date(2026, 11, 25), None))
    made = one(later, says=says)
    assert (made.kind, made.before, made.after) == ("items_reworded", "住所", "住所及び勤務先")
    assert (made.task, made.state) == ("judge_wording", "open")
    assert one(later, says=says, today=date(2026, 11, 25)).state == "done"


# ── purposes ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("D-09")
def test_a_purpose_is_announced_before_it_takes_effect():
    added = {**OLD.purposes, "P14": Purpose(id="P14", joint="review")}
    made = one(second(purposes=added))
    assert (made.kind, made.subjects, made.source) == ("purposes_changed", ("P14",), "法27条6項")
    assert (made.state, made.until, made.late) == ("done", date(2026, 12, 1), False)
    waiting = one(second(purposes=added, published=days(date(2026, 11, 30), None)))
    assert (waiting.state, waiting.late) == ("open", False)


def test_published_on_the_day_it_takes_effect_is_in_time_and_a_day_later_is_not():
    says = words(text="b" * 64, joint_purpose="提供および案内のため。")
    made = one(second(published=days(date(2026, 12, 1), None)), says=says)
    assert (made.kind, made.subjects, made.late) == ("purposes_changed", ("J1",), False)
    assert (made.before, made.after) == ("「商品・サービス」の提供をおこなうため。", "提供および案内のため。")
    assert one(second(published=days(date(2026, 12, 2), None)), says=says).late


def test_the_words_of_a_purpose_outside_joint_use_are_no_change_of_it():
    says = words(text="b" * 64, purposes={"P4": "お届けのため", "P13": "雇用のため"})
    assert between(second(), says=says) == []
    says = words(text="b" * 64, purposes={"P4": "お届けと案内のため", "P13": "雇用管理のため"})
    assert one(second(), says=says).subjects == ("P4",)


def test_a_purpose_withdrawn_is_a_change_too():
    left = {name: purpose for name, purpose in OLD.purposes.items() if name not in {"P6", "P13"}}
    made = one(second(purposes=left))
    assert (made.kind, made.subjects) == ("purposes_removed", ("P6",))


def test_a_mapping_that_widens_is_announced_before_and_one_that_narrows_is_not_told_of():
    mapped = {**OLD.purposes, "P2": replace(OLD.purposes["P2"], joint="yes")}
    assert one(second(purposes=mapped)).kind == "mapping_widened"
    narrower = {**OLD.purposes, "P4": replace(OLD.purposes["P4"], joint="review")}
    assert between(second(purposes=narrower)) == []


# ── who is responsible ────────────────────────────────────────────────────────────────────────────────────────────


def answered(changed: Party, *, published: date = TODAY, today: date = TODAY) -> NoticeChange:
    effective = max(published, date(2026, 12, 1))
    new = second(published=days(published, None), effective=days(effective, None))
    return one(new, says=words(text="b" * 64, parties=(changed,)), today=today)


@pytest.mark.clause("K-M1")
@pytest.mark.parametrize("word", ["name", "address", "representative"])
def test_a_name_address_or_representative_is_announced_without_delay(word):
    numbered = party(corporate_number="1390005000001")
    changed = replace(numbered, **{word: dated("新しい文言", date(2026, 11, 1))})
    new = second()
    both = {FIRST: words(parties=(numbered,)), SECOND: words(text="b" * 64, parties=(changed,))}
    (made,) = between_versions(policy(OLD, new), words=both, today=TODAY)
    assert (made.kind, made.subjects, made.after) == ("responsible_party_details", (word,), "新しい文言")
    assert (made.days, made.late, made.state) == (21, False, "done")
    assert made.until == date(2026, 12, 1)
    assert made.task == "announce_without_delay"


@pytest.mark.parametrize(
    ("published", "delay", "late"),
    [
        (date(2026, 10, 1), 0, False),
        (date(2026, 9, 20), 0, False),
        (date(2026, 10, 31), 30, False),
        (date(2026, 11, 1), 31, True),
    ],
)
def test_the_days_without_delay_are_counted_to_the_publication(published, delay, late):
    changed = party(representative=dated("代表理事 次の人", date(2026, 10, 1)))
    made = answered(changed, published=published)
    assert (made.days, made.late, made.state) == (delay, late, "done")


def test_the_task_stays_open_until_the_version_is_published():
    changed = party(address=dated("酒田市", date(2026, 11, 20)))
    assert answered(changed, published=date(2026, 12, 1)).state == "open"
    assert answered(changed, published=date(2026, 12, 1), today=date(2026, 12, 1)).state == "done"


def test_before_the_rule_no_delay_is_measured():
    assert on(WITHOUT_DELAY_DAYS, date(2022, 3, 31)) is None
    assert days_after(WITHOUT_DELAY_DAYS, date(2022, 4, 1)) == date(2022, 5, 1)
    made = answered(party(address=dated("酒田市", date(2022, 3, 31))))
    assert (made.until, made.late) == (None, False)


def test_another_legal_person_is_announced_before_it_answers():
    other = party(name=dated("別の生協", date(2026, 11, 21)), corporate_number="2390005000002")
    new = second()
    both = {FIRST: words(parties=(party(corporate_number="1390005000001"),)), SECOND: words(parties=(other,))}
    (made,) = between_versions(policy(OLD, new), words=both, today=TODAY)
    assert (made.kind, made.presumed, made.until, made.late) == (
        "responsible_party_changed",
        False,
        date(2026, 11, 21),
        True,
    )


def test_without_a_number_another_name_is_presumed_to_be_another_person_but_for_its_blanks():
    made = answered(party(name=dated("別の生協", date(2026, 12, 1))))
    assert (made.kind, made.presumed, made.late, made.task) == (
        "responsible_party_changed",
        True,
        False,
        "announce_before",
    )
    same = answered(party(name=dated("生活協同組合共立社", date(2026, 11, 20))))
    assert same.kind == "responsible_party_details"


def test_one_party_more_is_another_responsible_party():
    says = words(text="b" * 64, parties=(party(), party(name=dated("二つ目"))))
    assert one(second(), says=says).kind == "responsible_party_changed"


def test_what_was_missing_is_no_change():
    both = {FIRST: words(parties=()), SECOND: words(text="b" * 64)}
    assert between_versions(policy(OLD, second()), words=both, today=TODAY) == ()
    both = {FIRST: words(parties=(party(address=None),)), SECOND: words(text="b" * 64)}
    assert between_versions(policy(OLD, second()), words=both, today=TODAY) == ()


# ── a published version that was edited ───────────────────────────────────────────────────────────────────────────


def edited(new: Notice, *, text: str | None, **changes: Any) -> NoticeChange:
    says = {FIRST: words(text=text, **changes)}
    (made,) = within_versions(policy(OLD), policy(new), said={FIRST: words()}, says=says, today=TODAY)
    assert made.in_place
    return made


@pytest.mark.parametrize(
    "new",
    [
        replace(OLD, items=I12),
        replace(OLD, users=NEW_USER),
        replace(OLD, purposes={**OLD.purposes, "P2": replace(OLD.purposes["P2"], joint="yes")}),
    ],
)
def test_an_edit_of_a_published_text_asks_for_a_new_version_and_one_of_its_reading_does_not(new):
    made = edited(new, text="b" * 64)
    assert (made.task, made.state) == ("new_version", "open")
    assert edited(new, text=None).task == "new_version"
    mended = edited(new, text="a" * 64)
    assert (mended.task, mended.state, mended.late) == ("same_text", "done", False)


def test_days_run_on_while_a_new_representative_stands_in_an_edited_version_alone():
    new = party(representative=dated("次の人", date(2026, 10, 1)))
    made = edited(OLD, text="b" * 64, parties=(new,))
    assert (made.task, made.state, made.days, made.late) == ("new_version", "open", 52, True)
    assert not edited(OLD, text="a" * 64, parties=(new,)).late


def test_a_proposal_is_told_of_with_what_it_edits_and_what_it_adds_and_nothing_older():
    early = make.notice(version="2021-06-01", items=I12, effective=days(date(2021, 6, 1), None))
    old = policy(early, OLD)
    new = policy(early, replace(OLD, users=NEW_USER), second(items=I12, users=NEW_USER))
    found = of_proposal(old, new, said={}, says={}, today=TODAY)
    assert [(change.kind, change.notice, change.earlier) for change in found] == [
        ("users_widened", FIRST, FIRST),
        ("items_widened", SECOND, FIRST),
    ]


def test_a_version_is_compared_at_jst_days():
    evening = midnight(date(2026, 11, 22)) - timedelta(seconds=1)
    late = second(published=replace(OLD.published, start=evening))
    changed = party(address=dated("酒田市", date(2026, 11, 21)))
    made = one(late, says=words(text="b" * 64, parties=(changed,)))
    assert made.days == 0
