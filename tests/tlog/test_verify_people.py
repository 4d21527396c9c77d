"""The verifier on acts that take two people: what was asked for by one and approved by another, once, and nothing else."""

from typing import Any

import pytest

from gateway.tlog import entries
from gateway.tlog.findings import Code
from tests.tlog.exported_log import NOON, check, export, refused

JWK = {"kty": "EC", "kid": "sig-1"}
OTHER = {"kty": "EC", "kid": "sig-2"}
KEYS: dict[str, Any] = {"request": "q1", "client": "jccu-1", "keys": [JWK], "proof": "p"}
APPROVED: dict[str, Any] = {"event": "keys_added", "approver": "ito", **KEYS}
RESUMED: dict[str, Any] = {"event": "active", "approver": "ito", "request": "q1"}


def role(event: str = "role_given") -> bytes:
    said: dict[str, Any] = {"event": event, "person": "unyo", "by": "設定", "reason": "試験"}
    return entries.encode(entries.Staff(coop="kyoritsusha", time=NOON, **said))


def act(gov: int, event: str, **said: Any) -> bytes:
    values: dict[str, Any] = {"partner": "jccu", "by": "unyo", "reason": "試験", **said}
    return entries.encode(entries.Partner(coop="kyoritsusha", time=NOON, gov=gov, event=event, **values))  # type: ignore[arg-type]


def asked(**changes: Any) -> bytes:
    return act(-1, **{"event": "keys_asked", **KEYS, **changes})


def test_what_was_asked_for_and_approved_by_another_is_in_order():
    assert check(export([role(), asked(), act(1, **APPROVED)])).ok
    assert check(export([role(), act(-1, "resume_asked", request="q1"), act(1, **RESUMED)])).ok


def test_what_was_asked_for_may_be_refused_or_taken_back_and_asked_for_again():
    for event, by in (("request_refused", "ito"), ("request_withdrawn", "unyo")):
        said = {"request": "q1", "client": "jccu-1", "by": by}
        assert check(export([role(), asked(), act(1, event, **said)])).ok
        again = act(2, "keys_asked", **KEYS | {"request": "q2"})
        assert check(export([role(), asked(), act(1, event, **said), again])).ok
        refused(check(export([role(), asked(), act(1, event, **said), act(2, **APPROVED)])), Code.ONE_PERSON, 3)


def test_one_person_registers_keys_only_before_anybody_was_given_a_role():
    alone = act(-1, "key_added", client="jccu-1", jwk=JWK)
    assert check(export([alone])).ok
    assert check(export([role("added"), alone])).ok
    assert check(export([alone, role()])).ok
    refused(check(export([role(), alone])), Code.ONE_PERSON, 1)
    refused(check(export([role(), role("role_ended"), alone])), Code.ONE_PERSON, 2)
    with_approver = act(-1, "key_added", client="jccu-1", jwk=JWK, approver="ito")
    refused(check(export([role(), with_approver])), Code.ONE_PERSON, 1)


def test_to_stop_takes_one_person_always():
    ends = act(0, "key_ends", client="jccu-1", thumbprint="t")
    assert check(export([act(-1, "active"), ends, role(), act(1, "suspended"), act(3, "active", approver="ito")])).ok


@pytest.mark.parametrize(
    "changes",
    [
        {"approver": "unyo"},
        {"approver": None},
        {"by": "abe"},
        {"request": "q2"},
        {"request": None},
        {"keys": [OTHER]},
        {"keys": [JWK, OTHER]},
        {"keys": []},
        {"client": "jccu-2"},
        {"partner": "sunnet"},
        {"proof": "another"},
        {"event": "active"},
    ],
)
def test_an_approval_of_something_else_or_by_the_same_person(changes: dict[str, Any]):
    refused(check(export([role(), asked(), act(1, **APPROVED | changes)])), Code.ONE_PERSON, 2)
    assert check(export([role(), asked()])).ok


@pytest.mark.parametrize("changes", [{"approver": "unyo"}, {"approver": None}, {"by": "abe"}, {"partner": "sunnet"}])
def test_a_resumption_by_the_same_person(changes: dict[str, Any]):
    start = [role(), act(-1, "resume_asked", request="q1")]
    refused(check(export([*start, act(1, **RESUMED | changes)])), Code.ONE_PERSON, 2)


def test_nothing_is_decided_twice_or_by_whoever_asked():
    start = [role(), asked(), act(1, **APPROVED)]
    refused(check(export([*start, act(2, **APPROVED)])), Code.ONE_PERSON, 3)
    refused(check(export([*start, act(2, "request_refused", request="q1", client="jccu-1")])), Code.ONE_PERSON, 3)
    own = act(1, "request_refused", request="q1", client="jccu-1")
    refused(check(export([role(), asked(), own])), Code.ONE_PERSON, 2)
    refused(check(export([role(), asked(), act(1, "keys_asked", **KEYS)])), Code.ONE_PERSON, 2)
    refused(check(export([role(), asked(request=None)])), Code.ONE_PERSON, 1)
    refused(check(export([role(), act(-1, "request_refused")])), Code.ONE_PERSON, 1)
