"""How a granted field leaves (policy-semantics.md "Transforms"): each typed, null stays null.

The wrong type is refused when a policy is checked (`ceiling`), so a transform here meets only values of its type.
"""

from collections.abc import Callable
from datetime import date
from typing import Any
from unicodedata import decimal

from gateway.core.policy import FieldType, Transform

Change = Callable[[Any], Any]

FITS: dict[Transform, frozenset[FieldType] | None] = {
    "as_is": None,
    "mask": None,
    "drop": None,
    "prefecture": frozenset({"jis_x0402"}),
    "municipality": frozenset({"jis_x0402"}),
    "postal_3": frozenset({"digits"}),
    "birth_year": frozenset({"date"}),
    "age_band": frozenset({"date"}),
    "phone_last4": frozenset({"phone"}),
    "pairwise_id": frozenset({"code"}),
}
"""The field types a transform takes; None takes all. `postal_3` further wants length 7, `pairwise_id` the member code."""

TRANSFORM_WORDS: dict[Transform, tuple[str, str]] = {
    "as_is": ("そのまま", "as it is"),
    "mask": ("伏せ字", "masked"),
    "prefecture": ("都道府県まで", "prefecture"),
    "municipality": ("市区町村まで", "municipality"),
    "birth_year": ("生年", "year of birth"),
    "age_band": ("年代", "age band"),
    "postal_3": ("郵便番号の上3桁", "first 3 of postal code"),
    "phone_last4": ("電話番号の下4桁", "last 4 of telephone"),
    "drop": ("出力しない", "no output"),
    "pairwise_id": ("提供先別ID", "pairwise id"),
}
"""Transform → (Japanese, English), no two alike."""

MASK = "***"
_OLDEST = 90


def age(born: date, today: date) -> int:
    """Return full years of age on a JST day; born on 29 February counts on 1 March in a common year."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_band(born: date, today: date) -> str:
    """Return the ten-year band of an age, `30-39`; `90+` from ninety; under ten `0-9`; not yet born counts as 0."""
    years = max(age(born, today), 0)
    if years >= _OLDEST:
        return f"{_OLDEST}+"
    low = years // 10 * 10
    return f"{low}-{low + 9}"


def phone_last4(number: str) -> str | None:
    """Return the last four digits, in ASCII; fewer than eight digits in all tell too much, so null."""
    digits = "".join(str(decimal(c)) for c in number if c.isdecimal())
    return digits[-4:] if len(digits) >= 8 else None


def bind(transform: Transform, *, today: date, pairwise: Change) -> Change | None:
    """Return the function a transform is on one JST day for one partner; None where the value leaves as it is.

    `drop` has no function: a dropped field has no key in the answer. Null never reaches the function.
    """
    match transform:
        case "as_is":
            return None
        case "mask":
            return lambda _: MASK
        case "prefecture":
            return lambda code: code[:2]
        case "municipality":
            return lambda code: code[:5]
        case "postal_3":
            return lambda postal: postal[:3]
        case "birth_year":
            return lambda born: f"{born.year:04d}"
        case "age_band":
            return lambda born: age_band(born, today)
        case "phone_last4":
            return phone_last4
        case "pairwise_id":
            return pairwise
        case "drop":
            raise ValueError("a dropped field has no value")
