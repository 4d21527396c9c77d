"""What a restriction of a member rests on (根拠): a closed list, each with its article, for the kinds that it can be the ground of.

`V` was read in a public source; `K` is general knowledge of law or practice, to be confirmed by a person in charge before it
is quoted (core/legal_parameters.py).
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

from gateway.core.legal_parameters import Grade
from gateway.core.state import RestrictionKind

GroundId = Literal[
    "art35_1", "art35_3", "art35_5", "art27_2", "art22", "offer", "protection", "order", "agreement", "core_system"
]
GROUND_IDS: Final[tuple[GroundId, ...]] = get_args(GroundId)


class RestrictionGround(msgspec.Struct, frozen=True, kw_only=True):
    """One ground: its article, what it says, and which kinds of restriction it can be the ground of."""

    article: str
    ja: str
    en: str
    kinds: frozenset[RestrictionKind]
    grade: Grade


_ALL: Final[frozenset[RestrictionKind]] = frozenset(get_args(RestrictionKind))

GROUNDS: Final[Mapping[GroundId, RestrictionGround]] = {
    "art35_1": RestrictionGround(
        article="法35条1項",
        ja="利用停止・消去の請求(目的外の利用、不適正な利用・取得)",
        en="a request to stop use or to erase: used beyond the purpose, or used or obtained improperly",
        kinds=frozenset({"stop_use"}),
        grade="K",
    ),
    "art35_3": RestrictionGround(
        article="法35条3項",
        ja="第三者提供の停止の請求(法27条1項・28条に反する提供)",
        en="a request to stop providing to third parties against Arts. 27(1) or 28",
        kinds=frozenset({"stop_provide"}),
        grade="K",
    ),
    "art35_5": RestrictionGround(
        article="法35条5項",
        ja="利用する必要がなくなった、漏えい等があった、本人の権利・正当な利益が害されるおそれがある",
        en="no longer needed, leaked, or likely to harm the person's rights or legitimate interests",
        kinds=frozenset({"stop_use", "stop_provide"}),
        grade="K",
    ),
    "art27_2": RestrictionGround(
        article="法27条2項",
        ja="本人の求めによる第三者提供の停止(オプトアウト)",
        en="provision to third parties stopped at the person's demand (opt-out)",
        kinds=frozenset({"stop_provide"}),
        grade="K",
    ),
    "art22": RestrictionGround(
        article="法22条",
        ja="利用する必要がなくなった(脱退など)",
        en="no longer needed, such as after the member left",
        kinds=frozenset({"stop_use"}),
        grade="K",
    ),
    "offer": RestrictionGround(
        article="生協の規程",
        ja="本人の申出(任意の対応)",
        en="the person's wish, met voluntarily",
        kinds=_ALL,
        grade="V",
    ),
    "protection": RestrictionGround(
        article="法27条1項2号の趣旨",
        ja="生命・身体の保護(配偶者からの暴力等の被害者の支援措置など)",
        en="protection of life and body, such as support measures for victims of violence",
        kinds=frozenset({"protected", "stop_use", "stop_provide"}),
        grade="K",
    ),
    "order": RestrictionGround(
        article="法148条",
        ja="個人情報保護委員会の勧告・命令、裁判所の決定",
        en="a recommendation or order of the PPC, or a court's decision",
        kinds=_ALL,
        grade="K",
    ),
    "agreement": RestrictionGround(
        article="法27条5項3号",
        ja="共同利用の契約・取り決めによる停止",
        en="a stop that the joint users' agreement provides for",
        kinds=_ALL,
        grade="V",
    ),
    "core_system": RestrictionGround(
        article="法22条",
        ja="基幹システムの停止記録の反映",
        en="a stop taken over from the core system",
        kinds=_ALL,
        grade="K",
    ),
}
"""In the order in which they are offered."""


def grounds_of(kind: RestrictionKind) -> list[GroundId]:
    """Return what a restriction of this kind can rest on."""
    return [name for name, ground in GROUNDS.items() if kind in ground.kinds]


def ground_words(ground: str | None) -> tuple[str, str]:
    """Return a ground in words, (Japanese, English); a code that is none of the list stands as it is, none as unrecorded."""
    found = GROUNDS.get(ground) if ground is not None else None  # type: ignore[call-overload]  # any text may be asked
    if found is not None:
        return f"{found.article} {found.ja}", f"{found.article}: {found.en}"
    return (ground, ground) if ground else ("記録なし", "not recorded")
