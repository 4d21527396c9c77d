"""The notice that governs does so per programme: an agreement for one programme reaches nobody who takes part in another alone."""

from datetime import date

import pytest

from gateway.core.days import days, midnight
from gateway.core.policy import Notice, Policy
from tests import factories as make
from tests.core.test_member_gate import RECORD, admitted

ONE, OTHER = {"id": "sukusuku"}, {"id": "other"}


def policy_of(*notices: Notice, programme: str | None = "sukusuku") -> Policy:
    return make.policy(notices=notices, agreements={"a-1": make.agreement(programme=programme)})


BOTH = make.notice(programmes=frozenset({"sukusuku", "other"}))
ALL = make.notice(programmes=None)
NEWER = make.notice(
    version="2024-04-01", effective=days(date(2024, 4, 1), None), programmes=frozenset({"other"}), users=()
)


@pytest.mark.parametrize("notice", [BOTH, ALL], ids=["both", "all"])
def test_a_newer_notice_of_another_programme_alone_governs_its_members(notice: Notice) -> None:
    policy = policy_of(notice, NEWER)
    assert admitted({**RECORD, "programmes": [ONE]}, policy=policy)[0]
    assert admitted({**RECORD, "programmes": [OTHER, ONE]}, policy=policy)[0]
    # The partner is no user of the notice that governs these.
    assert not admitted({**RECORD, "programmes": [OTHER]}, policy=policy)[0]


@pytest.mark.parametrize("notice", [BOTH, ALL], ids=["both", "all"])
def test_an_agreement_for_one_programme_is_for_its_members(notice: Notice) -> None:
    policy = policy_of(notice)
    assert admitted({**RECORD, "programmes": [ONE]}, policy=policy)[0]
    for programmes in ([OTHER], [], None):
        assert not admitted({**RECORD, "programmes": programmes}, policy=policy)[0]
    ends = {**ONE, "to": "2026-11-30"}
    assert admitted({**RECORD, "programmes": [ends]}, policy=policy)[0]
    over = midnight(date(2026, 12, 1))
    assert not admitted({**RECORD, "programmes": [ends]}, policy=policy, at=over)[0]


def test_an_agreement_for_no_programme_is_for_all_that_the_notice_names() -> None:
    policy = policy_of(BOTH, programme=None)
    for programmes in ([ONE], [OTHER]):
        assert admitted({**RECORD, "programmes": programmes}, policy=policy)[0]
    assert not admitted({**RECORD, "programmes": [{"id": "third"}]}, policy=policy)[0]
