"""gateway emergency: asked for, seen, approved by another person; refused with the rule, usage told apart."""

import re

from tests.cli.proposal_desk import HERE, Desk, desk, employed
from tests.house import COOP

__all__ = ["desk", "employed"]

WHAT = (
    *("--partner", "sunnet", "--basis", "law", "--department", HERE, "--purpose", "P4", "--product", "G1"),
    *("--field", "member_code", "--field", "phone", "--members", "50", "--hours", "6", "--case", "KAIKO-1"),
    *("--law", "災害対策基本法49条の11第3項", "--document-number", "鶴災第118号", "--received-on", "2026-11-22"),
    *("--decided-by", "専務理事", "--subjects", "避難指示の区域の組合員"),
)
ASK = ("--by", "sato", "--reason", "大雨による避難指示")


def without(option: str) -> tuple[str, ...]:
    at = WHAT.index(option)
    return (*WHAT[:at], *WHAT[at + 2 :])


def asked(gateway: Desk, *more: str) -> dict[str, str]:
    gateway.published()
    made: dict[str, str] = gateway.facts("emergency", "ask", COOP, *WHAT, *ASK, *more)
    return made


def test_two_people_and_it_is_in_force(desk: Desk):
    one = asked(desk)
    assert (one["state"], one["article"], one["author"]) == ("asked", "法27条1項1号", "sato")
    told = desk.run("emergency", "show", COOP, one["emergency"])
    assert "案件番号「KAIKO-1」" in told
    seen = ("--preview", one["preview"])
    done = desk.facts("emergency", "approve", COOP, one["emergency"], *seen, "--by", "ito", "--reason", "避難の支援")
    assert (done["state"], done["approver"]) == ("in_force", "ito")
    [row] = desk.facts("emergency", "list", COOP)
    assert (row["emergency"], row["state"]) == (one["emergency"], "in_force")
    assert "in_force" in desk.run("emergency", "list", COOP)
    told = desk.run("emergency", "close", COOP, one["emergency"], "--by", "ito", "--looked", "記録", code=1)
    assert "[state]" in told


def test_whoever_asked_does_not_approve_and_what_is_refused_leaves_nothing(desk: Desk):
    one = asked(desk)
    before = desk.size()
    seen = ("--preview", one["preview"], "--by", "sato", "--reason", "急ぐため")
    told = desk.run("emergency", "approve", COOP, one["emergency"], *seen, code=1)
    assert re.search("[ぁ-ん]", told)
    assert "[role]" in told
    assert "組合員すべて" in desk.run("emergency", "ask", COOP, *without("--case"), *ASK, code=1)
    assert "根拠法令" in desk.run("emergency", "ask", COOP, *without("--law"), *ASK, code=1)
    assert desk.size() == before
    back = desk.facts("emergency", "refuse", COOP, one["emergency"], "--by", "ito", "--reason", "区域が違う")
    assert back["state"] == "refused"
    taken = desk.facts("emergency", "withdraw", COOP, one["emergency"], "--by", "sato", "--reason", "申請し直す")
    assert taken["state"] == "withdrawn"


def test_a_command_line_that_says_nothing_sensible_ends_with_2(desk: Desk):
    desk.run("emergency", "show", COOP, "emergency-nowhere", code=2)
    desk.run("emergency", "list", "nowhere", code=2)
    desk.run("emergency", "approve", COOP, "x", "--preview", "0", "--by", "ito", "--reason", "試験", code=2)
    desk.run("emergency", "ask", COOP, *WHAT, *ASK, "--where", "municipality_code 06", code=2)
