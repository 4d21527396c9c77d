"""What counts as unusual: thresholds of our own, each with the day from which it holds and why it is what it is.

None of them is the law's. A newer value is added with its day; what was listed before that day stays as it was judged.
"""

from datetime import date
from typing import Final, Literal, get_args

import msgspec

Name = Literal[
    "baseline_days",
    "history_days",
    "forgiven_days",
    "field_days",
    "volume_times",
    "volume_least",
    "night_from",
    "night_until",
    "refusals_times",
    "refusals_least",
    "unavailable_points",
    "unavailable_least",
    "pulls_times",
    "pulls_least",
    "enumeration_least",
    "enumeration_alert",
    "enumeration_stop",
]
NAMES: Final[tuple[Name, ...]] = get_args(Name)


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A number, since when it holds, and why, in both languages."""

    value: int
    start: date
    ja: str
    en: str


_START: Final = date(2022, 4, 1)


def _since(value: int, ja: str, en: str) -> tuple[Threshold, ...]:
    return (Threshold(value=value, start=_START, ja=ja, en=en),)


THRESHOLDS: Final[dict[Name, tuple[Threshold, ...]]] = {
    "baseline_days": _since(
        35, "月に1回のまとめた取得が必ず1回は入る日数", "days that always hold one pull of those made once a month"
    ),
    "history_days": _since(
        14, "平日と週末が2回ずつ入るまでは、ふだんの様子が分からない", "before two weeks nobody knows what is usual"
    ),
    "field_days": _since(
        400, "年に1回だけ渡す項目も、2回目からは新しくない", "a field given once a year is not new the second time"
    ),
    "forgiven_days": _since(
        3,
        "同じ異常が3日続いたら、新しいふだんとみなす(毎日知らせ続けない)",
        "what was unusual three times is the new usual, and is not told every day",
    ),
    "volume_times": _since(
        2, "最も多かった日の2倍は、週や月の波では届かない", "twice the busiest day is beyond any wave of week or month"
    ),
    "volume_least": _since(
        500,
        "少人数の取引では2倍がすぐ起きるため、500人の増加までは見ない",
        "few members double easily: below 500 more is not told",
    ),
    "night_from": _since(22, "業務のある時間(店舗・宅配の締め)が終わる時刻", "when stores and deliveries have closed"),
    "night_until": _since(5, "朝の配送の準備が始まる時刻", "when the morning's deliveries are made ready"),
    "refusals_times": _since(
        3,
        "設定の誤りは試行で数倍に増える。日々のばらつきは3倍に届かない",
        "a wrong setting is tried again and again; chance never makes it threefold",
    ),
    "refusals_least": _since(20, "担当者が試す程度の回数は知らせない", "what a person tries by hand is not told"),
    "unavailable_points": _since(
        20,
        "いない組合員を当てずに探すと率が大きく上がる。100人に20人を超える差は偶然では起きない",
        "who guesses at members finds few of them; 20 points in a hundred are never chance",
    ),
    "unavailable_least": _since(100, "100人未満では率が定まらない", "below a hundred members a rate says little"),
    "pulls_times": _since(
        3,
        "同じ要求の繰り返し(再送の誤り・抜き取り)は1時間の回数に出る",
        "a request sent over and over shows in the count of an hour",
    ),
    "pulls_least": _since(30, "2分に1回までの取得は画面の操作でも起きる", "once in two minutes happens by hand too"),
    "enumeration_least": _since(
        200, "200人未満では数人の入力誤りで率が動く", "below two hundred members a few slips of the pen move the rate"
    ),
    "enumeration_alert": _since(
        2,
        "自分の名簿から求める提供先が、渡したことのない人を空振りすることはほとんどない",
        "who asks from a list of its own hardly ever misses somebody whom it was never given",
    ),
    "enumeration_stop": _since(
        10,
        "10人に1人の空振りは入力誤りでは起きない。名簿の照合なら、前もって期間を承認する",
        "no slip of the pen misses one in ten; a reconciliation of lists has its window approved before",
    ),
}


def threshold(name: Name, day: date) -> Threshold:
    """Return what holds on a day: the newest that has begun; before all of them the first."""
    known = THRESHOLDS[name]
    return max((one for one in known if one.start <= day), key=lambda one: one.start, default=known[0])
