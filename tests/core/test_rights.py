"""Requests of the persons: every step of a case, every refusal of it, for every kind of request."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.core.legal_parameters import ANSWER_DAYS, COMPLAINT_DAYS, on
from gateway.core.members import rights, rights_words
from gateway.core.members.rights import (
    AGENTS,
    FORMS,
    KINDS,
    OUTCOMES,
    WITH_FEE,
    Agent,
    Answer,
    Case,
    Decision,
    Identity,
)
from gateway.core.refused import Refused

TODAY = date(2026, 11, 22)
SECRET = "髙﨑 𠮷邊"


def case(**changes: Any) -> Case:
    """A member's request as the office received it two days ago."""
    values: dict[str, Any] = {
        "kind": "disclose",
        "subject": "member",
        "member": "00012345",
        "name": SECRET,
        "asked": "どこに渡したか知りたい",
        "form": "pdf",
        "received": TODAY - timedelta(days=2),
        "office": "C-01",
        "channel": "counter",
    }
    return Case(**{**values, **changes})


def mandate(**changes: Any) -> Agent:
    values: dict[str, Any] = {
        "kind": "appointed",
        "name": "代理 太郎",
        "mandate": "委-7",
        "sealed": True,
        "identity": "document",
    }
    return Agent(**{**values, **changes})


def identity(**changes: Any) -> Identity:
    return Identity(**{"method": "document", "result": "confirmed", "on": TODAY, **changes})


def decision(**changes: Any) -> Decision:
    return Decision(**{"outcome": "granted", "reason": "", "on": TODAY, **changes})


def rule(step: Any, *arguments: Any, **named: Any) -> str:
    """The rule that a step is refused by; the message is in both languages."""
    with pytest.raises(Refused) as told:
        step(*arguments, **named)
    assert told.value.ja
    assert told.value.en
    assert told.value.ja != told.value.en
    assert SECRET not in str(told.value)
    return told.value.rule


@pytest.mark.clause("K-R1")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("subject", "member"), [("member", "00012345"), ("staff", None)])
def test_every_kind_can_be_asked_by_members_and_by_staff_and_passes_its_steps(kind: Any, subject: Any, member: Any):
    at = rights.opened(case(kind=kind, subject=subject, member=member), today=TODAY)
    assert rights.state_of(at) == "received"
    at = rights.identified(at, identity(), today=TODAY)
    assert rights.state_of(at) == "identified"
    at = rights.decided(at, decision(), today=TODAY)
    assert rights.state_of(at) == "decided"
    at = rights.closed(at, today=TODAY)
    assert (rights.state_of(at), at.closed) == ("closed", TODAY)


@pytest.mark.clause("D-R4")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fee_is_for_two_kinds_alone(kind: Any):
    at = rights.opened(case(kind=kind), today=TODAY)
    if kind in {"notify_purpose", "disclose"}:
        assert rights.charged(at, 300, most=300).fee == 300
        assert rights.charged(at, 0, most=300).fee == 0
        assert rule(rights.charged, at, 301, most=300) == "fee:amount"
        assert rule(rights.charged, at, -1, most=300) == "fee:amount"
        assert rule(rights.charged, at, 1, most=None) == "fee:none"
    else:
        assert rule(rights.charged, at, 0, most=300) == "fee:kind"
    assert {"notify_purpose", "disclose"} == WITH_FEE


def test_the_refusal_of_a_fee_names_the_article():
    with pytest.raises(Refused, match="38条1項"):
        rights.charged(case(kind="correct"), 300, most=300)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"received": TODAY + timedelta(days=1)}, "case:received"),
        ({"office": ""}, "case:office"),
        ({"office": "鶴岡"}, "case:office"),
        ({"office": "1" * 17}, "case:office"),
        ({"member": None}, "case:member"),
        ({"subject": "staff"}, "case:member"),
        ({"member": "１２３"}, "case:code"),
        ({"member": ""}, "case:code"),
        ({"name": " "}, "case:name"),
        ({"name": "a\nb"}, "case:name"),
        ({"asked": ""}, "case:text"),
        ({"asked": "a\u202eb"}, "case:text"),
        ({"asked": "長" * 2001}, "case:text"),
    ],
)
def test_a_request_is_taken_in_whole_or_not_at_all(changes: dict[str, Any], refused: str):
    assert rule(rights.opened, case(**changes), today=TODAY) == refused


@pytest.mark.clause("D-R3")
@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"mandate": ""}, "agent:mandate"),
        ({"mandate": "a\nb"}, "agent:mandate"),
        ({"sealed": False}, "agent:seal"),
        ({"identity": None}, "agent:identity"),
        ({"name": ""}, "agent:name"),
        ({"kind": "legal", "mandate": ""}, "agent:capacity"),
        ({"kind": "legal", "identity": None}, "agent:identity"),
    ],
)
def test_an_agent_shows_that_they_may(changes: dict[str, Any], refused: str):
    assert rule(rights.opened, case(agent=mandate(**changes)), today=TODAY) == refused


def test_who_shows_it_may_act():
    for agent in (mandate(), mandate(kind="legal", sealed=False)):
        assert rights.opened(case(agent=agent), today=TODAY).agent == agent


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_complaint_needs_no_identity_check(kind: Any):
    at, none = rights.opened(case(kind=kind), today=TODAY), identity(result="not_needed")
    if kind == "complain":
        assert rights.identified(at, none, today=TODAY).identity == none
    else:
        assert rule(rights.identified, at, none, today=TODAY) == "identity:needed"


def test_an_identity_check_is_of_a_day_between_receipt_and_today_and_before_the_decision():
    at = rights.opened(case(), today=TODAY)
    for day in (at.received - timedelta(days=1), TODAY + timedelta(days=1)):
        assert rule(rights.identified, at, identity(on=day), today=TODAY) == "identity:day"
    again = rights.identified(rights.identified(at, identity(result="failed"), today=TODAY), identity(), today=TODAY)
    assert again.identity == identity()
    over = rights.decided(again, decision(), today=TODAY)
    assert rule(rights.identified, over, identity(), today=TODAY) == "case:decided"


@pytest.mark.clause("D-R1")
def test_nothing_is_decided_or_closed_before_it_is_known_who_asks():
    at = rights.opened(case(), today=TODAY)
    for outcome in OUTCOMES:
        assert rule(rights.decided, at, decision(outcome=outcome, reason="理由"), today=TODAY) == "decision:identity"
    assert rule(rights.closed, at, today=TODAY) == "close:identity"
    assert rule(rights.answerable, at) == "answer:identity"
    known = rights.identified(at, identity(), today=TODAY)
    assert rule(rights.closed, known, today=TODAY) == "close:decision"


def test_whoever_could_not_be_identified_is_refused_with_the_reason_and_gets_no_answer_sheet():
    at = rights.identified(rights.opened(case(), today=TODAY), identity(result="failed"), today=TODAY)
    for outcome in ("granted", "partly"):
        assert rule(rights.decided, at, decision(outcome=outcome, reason="理由"), today=TODAY) == (
            "decision:unidentified"
        )
    assert rule(rights.answerable, at) == "answer:identity"
    refused = rights.decided(at, decision(outcome="refused", reason="本人と確認できないため"), today=TODAY)
    assert rights.state_of(rights.closed(refused, today=TODAY)) == "closed"


@pytest.mark.clause("D-R1")
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("reason", ["", "  ", "a\u202eb", "長" * 2001])
def test_whatever_is_refused_is_refused_with_a_reason(outcome: Any, reason: str):
    at = rights.identified(rights.opened(case(), today=TODAY), identity(), today=TODAY)
    if outcome == "granted" and not reason:
        assert rights.decided(at, decision(outcome=outcome), today=TODAY).decision == decision()
        return
    expected = "decision:reason" if outcome != "granted" and not reason.strip() else "case:text"
    assert rule(rights.decided, at, decision(outcome=outcome, reason=reason), today=TODAY) == expected


def test_a_decision_is_of_a_day_between_the_check_and_today():
    at = rights.identified(rights.opened(case(), today=TODAY), identity(), today=TODAY)
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        assert rule(rights.decided, at, decision(on=day), today=TODAY) == "decision:day"


def test_a_closed_case_stays_as_it_is():
    at = rights.identified(rights.opened(case(), today=TODAY), identity(), today=TODAY)
    at = rights.closed(rights.decided(at, decision(), today=TODAY), today=TODAY)
    assert rule(rights.identified, at, identity(), today=TODAY) == "case:closed"
    assert rule(rights.charged, at, 1, most=300) == "case:closed"
    assert rule(rights.decided, at, decision(), today=TODAY) == "case:closed"
    assert rule(rights.closed, at, today=TODAY) == "case:closed"
    assert rule(rights.answerable, at) == "answer:closed"


def test_answer_sheets_are_kept_by_their_digest():
    at = rights.identified(rights.opened(case(), today=TODAY), identity(), today=TODAY)
    made = Answer(form="pdf", on=TODAY, digest="d" * 43)
    assert rights.answered(at, made).answers == (made,)


@pytest.mark.clause("D-R2")
@pytest.mark.parametrize("kind", KINDS)
def test_the_clock_runs_from_the_receipt_at_the_office(kind: Any):
    parameter = on(COMPLAINT_DAYS if kind == "complain" else ANSWER_DAYS, TODAY)
    assert parameter is not None
    assert (parameter.grade, bool(parameter.source)) == ("K", True)
    received = TODAY - timedelta(days=9)
    assert rights.due_day(case(kind=kind, received=received)) == received + timedelta(days=parameter.value)
    assert rights.due_day(case(kind=kind, received=date(2000, 1, 1))) is None


def test_nobody_s_name_prints_itself():
    made = replace(case(), agent=mandate(), decision=decision(reason=SECRET), identity=identity())
    for one in (made, made.agent, made.decision):
        for secret in (SECRET, "00012345", "代理", "どこに"):
            assert secret not in repr(one)


def test_every_kind_and_step_has_its_words():
    for words, codes in (
        (rights_words.KIND, KINDS),
        (rights_words.FORM, FORMS),
        (rights_words.AGENT, AGENTS),
        (rights_words.SUBJECT, rights.SUBJECTS),
        (rights_words.CHANNEL, rights.CHANNELS),
        (rights_words.METHOD, rights.METHODS),
        (rights_words.RESULT, rights.RESULTS),
        (rights_words.OUTCOME, OUTCOMES),
        (rights_words.STATE, rights.STATES),
        (rights.ARTICLES, KINDS),
    ):
        assert {*words} == {*codes}
    assert set(rights.STATES) - set(rights.OPEN_STATES) == {"closed"}


STEPS = st.lists(
    st.one_of(
        st.builds(lambda r: ("identify", r), st.sampled_from(rights.RESULTS)),
        st.builds(lambda o, r: ("decide", o, r), st.sampled_from(OUTCOMES), st.sampled_from(["", "理由"])),
        st.just(("close",)),
    ),
    max_size=8,
)


@given(kind=st.sampled_from(KINDS), steps=STEPS)
def test_in_whatever_order_steps_are_tried_no_case_ends_without_its_check_and_its_reason(kind: Any, steps: list[Any]):
    at = rights.opened(case(kind=kind), today=TODAY)
    for step in steps:
        try:
            match step:
                case ("identify", result):
                    at = rights.identified(at, identity(result=result), today=TODAY)
                case ("decide", outcome, reason):
                    at = rights.decided(at, decision(outcome=outcome, reason=reason), today=TODAY)
                case _:
                    at = rights.closed(at, today=TODAY)
        except Refused:
            continue
    if at.closed is not None:
        assert at.identity is not None
        assert at.decision is not None
        assert at.decision.outcome == "granted" or at.decision.reason
        assert at.identity.result == "confirmed" or kind == "complain" or at.decision.outcome == "refused"
