"""The four kinds of a leak that are reported: proposed from what was reached, by dated numbers and lists."""

from datetime import date
from typing import Any

import pytest

from gateway.core.incidents.breach import encrypted, propose
from gateway.core.incidents.incident import Encryption, FieldReached, Others, Scope, Wanted

DAY = date(2026, 11, 22)
STRONG = Encryption(alg="ECDH-ES+A256KW", enc="A256GCM", entries=3)


def scope(members: int = 1, *, fields: dict[str, str] | None = None, **more: Any) -> Scope:
    reached = tuple(
        FieldReached(field=name, ja=name, en=name, cls=cls, entries=1, members=members)  # type: ignore[arg-type]
        for name, cls in (fields or {"name": "ordinary"}).items()
    )
    wanted = Wanted(first=DAY, last=DAY)
    return Scope(wanted=wanted, size=9, counted="t", entries=1, members=members, fields=reached, **more)


def standings(found: Scope, **words: Any) -> dict[str, str]:
    proposed = propose(found, **{"wrongful": "no", "day": DAY, **words})
    return {one.trigger: one.standing for one in proposed}


NONE = dict.fromkeys(("special_care", "property", "wrongful", "many"), "not_met")


@pytest.mark.parametrize(("members", "standing"), [(0, "not_met"), (1_000, "not_met"), (1_001, "met")])
def test_more_than_a_thousand_persons_and_not_a_thousand(members: int, standing: str):
    assert standings(scope(members)) == {**NONE, "many": standing}


@pytest.mark.parametrize(
    ("members", "more", "standing"),
    [
        (999, {"erased": 1}, "not_met"),
        (999, {"erased": 2, "erased_entries": 1}, "possible"),
        (600, {"others": (Others(subject="child", once=400, most=400),)}, "not_met"),
        (600, {"others": (Others(subject="child", once=400, most=401),)}, "possible"),
        (1_001, {"erased": 5}, "met"),
    ],
)
def test_what_is_not_known_counts_at_its_most(members: int, more: dict[str, Any], standing: str):
    assert standings(scope(members, **more))["many"] == standing


@pytest.mark.parametrize(
    ("fields", "special_care", "damage"),
    [
        ({"care_level": "special_care"}, "met", "not_met"),
        ({"inquiry_text": "free_text"}, "possible", "not_met"),
        ({"bank_account": "financial"}, "not_met", "possible"),
        ({"bank_account": "financial", "card_number": "financial"}, "not_met", "met"),
        ({"login_id": "ordinary"}, "not_met", "not_met"),
        ({"login_id": "ordinary", "password": "ordinary"}, "not_met", "met"),
        ({"name": "ordinary"}, "not_met", "not_met"),
    ],
)
def test_from_one_person_on_the_classes_of_the_fields_decide(fields: dict[str, str], special_care: str, damage: str):
    found = standings(scope(1, fields=fields))
    assert (found["special_care"], found["property"]) == (special_care, damage)


def test_a_field_of_unknown_class_may_be_special_care():
    assert standings(scope(unknown_fields=("old",)))["special_care"] == "possible"


@pytest.mark.parametrize(("wrongful", "standing"), [("yes", "met"), ("no", "not_met"), ("unknown", "possible")])
def test_a_wrongful_purpose_is_a_person_s_answer(wrongful: str, standing: str):
    assert standings(scope(), wrongful=wrongful)["wrongful"] == standing


def test_before_the_numbers_hold_none_is_used():
    assert standings(scope(5_000, fields={"card_number": "financial"}), day=date(2022, 3, 31)) == NONE


@pytest.mark.parametrize(
    ("encryptions", "safe", "standing"),
    [
        ((STRONG,), "yes", "met"),
        ((STRONG,), "unknown", "possible"),
        ((STRONG,), "no", "not_met"),
        ((STRONG, Encryption(alg="RSA1_5", enc="A128CBC-HS256", entries=1)), "yes", "not_met"),
        ((), "yes", "not_met"),
    ],
)
def test_strong_encryption_needs_a_listed_algorithm_and_a_key_that_is_safe(encryptions, safe, standing):
    assert encrypted(encryptions, safe=safe, day=DAY) == standing


def test_an_algorithm_counts_from_its_day_on():
    assert encrypted((STRONG,), safe="yes", day=date(2022, 3, 31)) == "not_met"
