"""Whether a leak is one of the four kinds that are reported (法26条1項, Rule 7): proposed from facts, for a person to decide.

(i) special-care data · (ii) a risk of property damage · (iii) a wrongful purpose · (iv) more than 1,000 persons. What is
not known is taken at its most: then a kind is `possible`, and a person finds out. Data in 高度な暗号化 is outside all
four (Rule 7(i)); that needs an algorithm of the dated list and a key that is still safe, which only a person can say.
"""

from collections.abc import Collection
from datetime import date
from typing import Final, Literal, get_args

import msgspec

from gateway.core.incidents.incident import Encryption, Known, Scope
from gateway.core.legal_parameters import BREACH_MANY_PERSONS, Grade, on

Trigger = Literal["special_care", "property", "wrongful", "many"]
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)
Standing = Literal["met", "possible", "not_met"]

RULE: Final[dict[Trigger, str]] = {
    "special_care": "規則7条1号",
    "property": "規則7条2号",
    "wrongful": "規則7条3号",
    "many": "規則7条4号",
}


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Fields, or a class of them, that make damage to property likely, or possible, when all of them leak together."""

    fields: frozenset[str] = frozenset()
    cls: str | None = None
    standing: Standing
    start: date
    source: str
    grade: Grade


_SINCE: Final = date(2022, 4, 1)
PROPERTY: Final = (
    Mark(
        fields=frozenset({"card_number"}), standing="met", start=_SINCE,
        source="通則編3-5-3-1(2) クレジットカード番号", grade="K",
    ),
    Mark(
        fields=frozenset({"login_id", "password"}), standing="met", start=_SINCE,
        source="通則編3-5-3-1(2) 決済機能のあるサービスのID・パスワードの組合せ", grade="K",
    ),
    # PPC's Q14-8: an account number alone is none; with what else leaked a person judges.
    Mark(
        cls="financial", standing="possible", start=_SINCE,
        source="Q&A 14-8 口座番号だけでは直ちに当たらない(併せて漏えいしたもので判断)", grade="K",
    ),
)  # fmt: skip
"""By field id of the co-op's catalogue, or by class; the id of a field that is a card's number is `card_number`."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An algorithm that counts as 高度な暗号化 from a day on."""

    alg: str
    enc: str
    start: date
    source: str
    grade: Grade = "K"


STRONG: Final = tuple(
    Listed(alg=alg, enc="A256GCM", start=_SINCE, source="CRYPTREC電子政府推奨暗号リスト(AES-256・GCM、" + kind + ")")
    for alg, kind in (("ECDH-ES+A256KW", "ECDH"), ("RSA-OAEP-256", "RSA-OAEP"))
)


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed for one trigger; `why` is a code with its words in oversight/incidents/words.py."""

    trigger: Trigger
    standing: Standing
    why: str
    source: str
    persons: int = 0
    limit: int = 0
    fields: tuple[str, ...] = ()


def propose(scope: Scope, *, wrongful: Known, day: date) -> tuple[Proposed, ...]:
    """Return what is proposed for each of the four, by what holds on a day. Nothing is decided by it."""
    return (
        _special_care(scope),
        _property(scope, day),
        _wrongful(wrongful),
        _many(scope, day),
    )


def encrypted(scope_encryptions: Collection[Encryption], *, safe: Known, day: date) -> Standing:
    """Tell whether the exclusion for 高度な暗号化 holds.

    `safe`: a person's answer whether what leaked was still encrypted and its key was kept apart and did not leak. It is
    never met where an algorithm is not on the list, nothing was counted, or the answer is no.
    """
    strong = {(one.alg, one.enc) for one in STRONG if one.start <= day}
    if not scope_encryptions or any((one.alg, one.enc) not in strong for one in scope_encryptions) or safe == "no":
        return "not_met"
    return "met" if safe == "yes" else "possible"


def _special_care(scope: Scope) -> Proposed:
    hit = tuple(one.field for one in scope.fields if one.cls == "special_care")
    if hit:
        return Proposed(trigger="special_care", standing="met", why="class", source=RULE["special_care"], fields=hit)
    # What somebody wrote freely, or what no version classes, may be about health all the same.
    free = tuple(one.field for one in scope.fields if one.cls == "free_text") + scope.unknown_fields
    standing: Standing = "possible" if free else "not_met"
    why = "free_text" if free else "none"
    return Proposed(trigger="special_care", standing=standing, why=why, source=RULE["special_care"], fields=free)


def _property(scope: Scope, day: date) -> Proposed:
    released = {one.field: one.cls for one in scope.fields}
    found: Proposed | None = None
    for mark in PROPERTY:
        if mark.start > day:
            continue
        hit = tuple(sorted(mark.fields)) if mark.fields else tuple(f for f, cls in released.items() if cls == mark.cls)
        if not hit or not mark.fields <= released.keys():
            continue
        if found is None or (found.standing == "possible" and mark.standing == "met"):
            source = f"{RULE['property']}・{mark.source}"
            found = Proposed(trigger="property", standing=mark.standing, why="mark", source=source, fields=hit)
    return found or Proposed(trigger="property", standing="not_met", why="none", source=RULE["property"])


def _wrongful(wrongful: Known) -> Proposed:
    standings: dict[Known, Standing] = {"yes": "met", "no": "not_met", "unknown": "possible"}
    return Proposed(trigger="wrongful", standing=standings[wrongful], why=wrongful, source=RULE["wrongful"])


def _many(scope: Scope, day: date) -> Proposed:
    limit = on(BREACH_MANY_PERSONS, day)
    if limit is None:
        return Proposed(trigger="many", standing="not_met", why="before", source=RULE["many"])
    standing: Standing = "not_met"
    why, persons = "fewer", scope.most_persons
    if scope.members > limit.value:
        standing, why, persons = "met", "members", scope.members
    elif scope.most_persons > limit.value:
        standing, why = "possible", "most"
    return Proposed(trigger="many", standing=standing, why=why, source=limit.source, persons=persons, limit=limit.value)
