"""Members that break software, each at a code that never changes, each unusual in one way only."""

from datetime import UTC, datetime
from typing import Any

from gateway.core.days import JST
from gateway.demo.places import NIKAHO, landline, residence


def timestamp(instant: datetime) -> str:
    """Return an instant as the member system writes it: RFC 3339, UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_SINCE = timestamp(datetime(2026, 5, 1, tzinfo=JST))


def stop(kind: str) -> dict[str, Any]:
    """Return a stop of one kind against every partner and purpose, as the record carries it."""
    return {"kind": kind, "partner": None, "purpose": None, "from": _SINCE, "to": None}


def care_consent(code: str) -> dict[str, Any]:
    """Return the member's consent to the release of the care level to the kyosai federation."""
    fields = ["care_level"]
    return {
        "id": f"DOUI-{code}",
        "partner": "coop-kyosai",
        "purpose": "P8",
        "fields": fields,
        "from": _SINCE,
        "to": None,
    }


def _programme(first: str, last: str | None) -> dict[str, Any]:
    return {"programmes": [{"id": "sukusuku", "from": first, "to": last}]}


_TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    # names and codes that encodings lose
    "leading_zeros": ("00000007", {"name": "零石 七海", "name_kana": "レイイシ ナナミ", "sex": "2"}),
    "takasaki": ("00000101", {"name": "髙﨑 花子", "name_kana": "タカサキ ハナコ", "sex": "2"}),
    "yoshino": ("00000102", {"name": "\U00020bb7野 太郎", "name_kana": "ヨシノ タロウ", "sex": "1"}),
    "watanabe": ("00000103", {"name": "渡\u908a 京子", "name_kana": "ワタナベ キョウコ", "sex": "2"}),
    "gaiji": ("00000104", {"name": "\ue000田 次郎", "name_kana": "ツジタ ジロウ", "sex": "1"}),
    "half_width_kana": ("00000105", {"name": "出羽 月子", "name_kana": "ﾃﾞﾜ ﾂｷｺ", "sex": "2"}),
    # members whom a gate keeps back, and those it must not
    "withdrawn": ("00000201", {"status": "withdrawn"}),
    "suspended": ("00000202", {"status": "suspended"}),
    "moved": (
        "00000203",
        residence(NIKAHO, town=2, number=9_000_203) | {"phone": landline(NIKAHO.area, number=203, hyphen="\u2010")},
    ),
    "outside_programme": ("00000204", {"programmes": []}),
    "programme_ended": ("00000205", _programme("2022-04-01", "2025-03-31")),
    "restricted": ("00000301", {"stops": [stop("stop_provide")]}),
    "stop_use": ("00000302", {"stops": [stop("stop_use")]}),
    "marketing_stop": ("00000303", {"stops": [stop("marketing_stop")]}),
    "protected": ("00000304", {"stops": [stop("protected")]}),
    "stale": ("00000401", {"as_of": timestamp(datetime(2024, 3, 1, 23, tzinfo=JST))}),
    "notice_2018": ("00000501", _programme("2019-05-01", None) | {"acquired_under": "2018-03-08"}),
    "notice_2021": ("00000502", _programme("2021-09-15", None) | {"acquired_under": "2021-06-01"}),
    # values that are missing, wrong or at an edge
    "null_phone": ("00000601", {"phone": None}),
    "null_name": ("00000602", {"name": None}),  # the catalogue says `null: never`
    "malformed": ("00000603", {"phone": 235001234}),  # a number, so its leading zero is lost
    "malformed_fact": ("00000604", {"programmes": "sukusuku"}),
    "leap_day": ("00000701", {"birth_date": "1988-02-29"}),
    "over_90": ("00000702", {"birth_date": "1931-05-05"}),
    "child_household": (
        "00000703",
        {"child_birth_date": "2024-05-01", "inquiry_text": "【見本】受付00000703 子の名前は見本ひなた、アレルギーあり"},
    ),
    "care_consent": (
        "00000704",
        {"care_level": "1", "consents": [care_consent("00000704")], "product_classes": ["G1", "G3"]},
    ),
    "no_delivery": ("00000705", {"order_course": None, "delivery_day": None, "product_classes": []}),
}

AWKWARD: dict[str, str] = {label: code for label, (code, _) in _TABLE.items()}
"""What is awkward about a member → the member's code."""

CHANGES: dict[str, dict[str, Any]] = dict(_TABLE.values())
"""Code → the columns in which the member differs from an ordinary one."""
