"""The synthetic members of 共立社's すくすく会員: the same people from the same seed, whatever their number or the day.

A member is a dict of columns as a member system holds them: the catalogue's fields, the gate facts of
policy-semantics.md "Gate 4", and the product classes that the member uses. Of all this only `as_of` follows the day.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from gateway.core.days import JST
from gateway.demo.awkward import CHANGES, care_consent, stop, timestamp
from gateway.demo.names import FEMALE, MALE, SURNAMES, half_width
from gateway.demo.places import PLACES, TSURUOKA, Municipality, landline, mobile, residence

Member = dict[str, Any]

SEED = 20220401
"""The day of 共立社's present notice."""

NOTICE_VERSIONS = ("2005-03-31", "2011-10-26", "2017-06-01", "2018-03-08", "2021-06-01", "2022-04-01")

COLUMNS = (
    "member_code", "name", "name_kana", "sex", "birth_date", "postal_code", "municipality_code", "address_line",
    "phone", "email", "order_course", "delivery_day", "kyosai_enrolled", "receivable_yen", "bank_account", "share_yen",
    "care_level", "child_birth_date", "inquiry_text",
    "status", "subject", "programmes", "acquired_under", "as_of", "consents", "stops", "product_classes",
)  # fmt: skip
"""Every column of the member system: fields, then gate facts, then what the product filter reads."""

_GIVEN = [(*name, "2") for name in FEMALE] + [(*name, "1") for name in MALE]
_NAMES = len(SURNAMES) * len(_GIVEN)
_INQUIRIES = ("配達曜日を変えたい", "カタログが届かない", "共済の資料がほしい", "請求額を確認したい")
_WEIGHTS = [place.weight for place in PLACES]
_FIRST, _STEP = 12_345, 61  # between two members' codes there are codes that nobody has
_PRIME = 6_700_417  # divides none of the spaces below, so that counting in it visits every number of each


def make_members(count: int = 5000, *, seed: int = SEED, today: date) -> list[Member]:
    """Return `count` made-up members in the order of their codes, the awkward ones of AWKWARD among them.

    `today` is a JST day: most records were confirmed in the night before it. A larger `count` adds members and changes
    none. Names are unique up to 6,000 members, telephone numbers up to 100,000, houses, accounts and e-mail addresses
    always. Raises ValueError when `count` leaves no room for the awkward ones, or needs more than eight digits.
    """
    ordinary = count - len(CHANGES)
    if ordinary < 0 or _FIRST + ordinary * _STEP >= 10**8:
        raise ValueError(f"cannot make {count} members")
    return [*_awkward(seed, today), *_ordinary(ordinary, seed, today)]


def _awkward(seed: int, today: date) -> Iterator[Member]:
    # Awkward in its own way only: otherwise active, fresh, of 鶴岡市 and covered by the notice.
    for serial, code in enumerate(sorted(CHANGES)):
        rng = random.Random(f"{seed}/{code}")
        yield _member(rng, code, serial * _PRIME + seed, TSURUOKA, today) | CHANGES[code]


def _ordinary(count: int, seed: int, today: date) -> Iterator[Member]:
    for index in range(count):
        code = f"{_FIRST + index * _STEP:08d}"
        rng = random.Random(f"{seed}/{code}")
        (place,) = rng.choices(PLACES, _WEIGHTS)
        member = _member(rng, code, (len(CHANGES) + index) * _PRIME + seed, place, today)
        _live(rng, member)
        _drift(rng, member, today)
        _object(rng, member)
        yield member


def _member(rng: random.Random, code: str, mark: int, place: Municipality, today: date) -> Member:
    """Return a member about whom nothing is unusual; `mark` is a number that no other member has."""
    surname, surname_kana = SURNAMES[mark % _NAMES // len(_GIVEN)]
    given, given_kana, sex = _GIVEN[mark % len(_GIVEN)]
    hyphen = rng.choice(("\u2010", "\u2010", "-", ""))
    joined = date(2022, 4, 1) + timedelta(days=rng.randrange(1400))
    return {
        "member_code": code,
        "name": f"{surname} {given}",
        "name_kana": f"{surname_kana} {given_kana}",
        "sex": sex,
        "birth_date": (date(1998, 3, 31) - timedelta(days=rng.randrange(40 * 365))).isoformat(),
        **residence(place, town=rng.randrange(len(place.towns)), number=mark % 10**7),
        "phone": rng.choice(
            (
                landline(place.area, number=mark, hyphen=hyphen),
                mobile(rng.choice(("070", "080", "090")), number=mark, hyphen=hyphen),
            )
        ),
        "email": f"mihon-{mark % 2**24:06x}@example.jp",
        "order_course": rng.choice("AAB"),
        "delivery_day": rng.choice("12345"),
        "kyosai_enrolled": False,
        "receivable_yen": rng.choice((0, rng.randrange(200, 40_000))),
        "bank_account": f"{(mark + 5_000_000) % 10**7:07d}",
        "share_yen": 1000 * rng.randrange(1, 100),
        "care_level": None,
        "child_birth_date": None,
        "inquiry_text": None,
        "status": "active",
        "subject": "member",
        **_joined(joined),
        "as_of": _in_the_night_before(today, rng),
        "consents": [],
        "stops": [],
        "product_classes": ["G1"],
    }


def _live(rng: random.Random, member: Member) -> None:
    """Give a member the ordinary differences between people."""
    if rng.random() < 0.2:
        member["name_kana"] = half_width(member["name_kana"])
    if rng.random() < 0.02:
        member["sex"] = "9"
    if rng.random() < 0.02:
        member["phone"] = None
    if rng.random() < 0.12:
        member["email"] = None
    if rng.random() < 0.08:
        member |= {"order_course": None, "delivery_day": None, "product_classes": []}
    if rng.random() < 0.4:
        member["kyosai_enrolled"] = True
        member["product_classes"] = [*member["product_classes"], "G2"]
    if rng.random() < 0.03:
        member["care_level"] = "1"
        member["product_classes"] = [*member["product_classes"], "G3"]
        member["consents"] = [care_consent(member["member_code"])] if rng.random() < 0.6 else []
    for product, share in (("G4", 0.1), ("G5", 0.15)):
        if rng.random() < share:
            member["product_classes"] = [*member["product_classes"], product]
    if rng.random() < 0.6:
        member["child_birth_date"] = (date(2026, 3, 31) - timedelta(days=rng.randrange(6 * 365))).isoformat()
    if rng.random() < 0.1:
        member["inquiry_text"] = f"【見本】受付{member['member_code']} {rng.choice(_INQUIRIES)}"


def _drift(rng: random.Random, member: Member, today: date) -> None:
    """Let some members join under an older notice, leave, or fall out of date."""
    if rng.random() < 0.25:
        member |= _joined(date(2017, 6, 1) + timedelta(days=rng.randrange(1700)))
    (member["status"],) = rng.choices(("active", "withdrawn", "suspended"), (970, 25, 5))
    if rng.random() < 0.02:
        member["programmes"] = []
    (age,) = rng.choices((0, rng.randrange(2, 7), rng.randrange(30, 400)), (960, 30, 10))
    member["as_of"] = _in_the_night_before(today - timedelta(days=age), rng)


def _object(rng: random.Random, member: Member) -> None:
    """Let some members stop a use of their data."""
    (kind,) = rng.choices((None, "stop_use", "stop_provide", "marketing_stop", "protected"), (940, 5, 10, 40, 5))
    if kind is not None:
        member["stops"] = [stop(kind)]


def _joined(day: date) -> Member:
    version = max(version for version in NOTICE_VERSIONS if version <= day.isoformat())
    return {
        "programmes": [{"id": "sukusuku", "from": day.isoformat(), "to": None}],
        "acquired_under": version,
    }


def _in_the_night_before(day: date, rng: random.Random) -> str:
    night = datetime.combine(day - timedelta(days=1), time(21), JST) + timedelta(seconds=rng.randrange(3 * 3600))
    return timestamp(night)
