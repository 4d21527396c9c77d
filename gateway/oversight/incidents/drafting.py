"""規則8条1項の九事項: drafted in Japanese from what is known; and what a person is told (規則10条).

A draft is text for a person to finish. What nobody wrote and nothing tells is marked 「調査中(不明)」.
"""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec

from gateway.core.incidents.incident import MATTERS, TO_PERSONS, Matter, Scope
from gateway.oversight.incidents.file import Draft, IncidentFile
from gateway.oversight.incidents.words import CLASSES, MATTERS as NAMES, PARTIES, SOURCES, UNKNOWN, persons


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a person may ask, as the notice in force says."""

    coop: str
    desk: str
    tel: str
    hours: str = ""


def proposed_texts(made: IncidentFile, *, partner: str | None) -> dict[Matter, str]:
    """Return the matters that can be told from what is known by now; `partner` is the name of the one named in it."""
    texts: dict[Matter, str] = {"outline": _outline(made, partner)}
    if made.scope is not None:
        texts["items"] = _items(made.scope)
        texts["persons"] = _persons(made.scope)
        texts["reference"] = _reference(made.scope)
    return texts


def written(made: IncidentFile, *, partner: str | None) -> dict[Matter, str]:
    """Return the texts that a next revision begins with: those of the newest draft, and what is proposed where it says nothing."""
    last: Mapping[Matter, str] = made.drafts[-1].texts if made.drafts else {}
    proposed = proposed_texts(made, partner=partner)
    return {one: last.get(one) or ("" if one in last else proposed.get(one, "")) for one in MATTERS}


def shown(draft: Draft, *, english: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Yield each matter of a draft: its name, its text, whether it is unknown."""
    for one in MATTERS:
        text = draft.texts.get(one, "")
        yield NAMES[one][english], text or UNKNOWN[english], not text


def report_text(draft: Draft, *, coop: str, title: str) -> str:
    """Return a draft as one text, for the form of the commission: Japanese."""
    head = f"{coop} 個人データの漏えい等報告({_REPORT[draft.report]}) {title}"
    return "\n\n".join([head, *(f"【{name}】\n{text}" for name, text, _ in shown(draft))]) + "\n"


_REPORT = {"first": "速報", "follow_up": "続報", "final": "確報"}


_APOLOGY = (
    "このたび、あなた様の個人データについて、次のとおり漏えい等が発生し、又は発生したおそれがあることが分かりました。"
    "ご心配とご迷惑をおかけしますことを、深くお詫び申し上げます。"
)


def notice_text(draft: Draft | None, desk: Desk, *, day: date) -> str:
    """Return the notice to persons (法26条2項, 規則10条): matters 1, 2, 4, 5 and 9, and whom to ask; Japanese."""
    texts: Mapping[Matter, str] = {} if draft is None else draft.texts
    body = [f"■ {NAMES[one][0].partition(' ')[2]}\n{texts.get(one) or UNKNOWN[0]}" for one in TO_PERSONS]
    hours = f" 受付 {desk.hours}" if desk.hours else ""
    return (
        "\n\n".join(
            [
                "(お名前) 様",
                f"{desk.coop}",
                f"{_day(day)}",
                "個人情報の漏えい等に関するお知らせとお詫び",
                _APOLOGY,
                *body,
                f"■ お問い合わせ\n{desk.desk} {desk.tel}{hours}",
            ]
        )
        + "\n"
    )


def _outline(made: IncidentFile, partner: str | None) -> str:
    intake = made.intake
    lines = [
        f"発覚日: {_day(intake.discovered)}",
        f"知った日: {_day(intake.known)}({intake.known_by})",
        f"発生場所: {partner or '提供先'}({SOURCES['partner'][0]})"
        if intake.source == "partner"
        else f"発生場所: {SOURCES['own'][0]}",
        f"報告する者: {PARTIES[intake.party][0]}" if intake.party != "undecided" else "",
        intake.what,
    ]
    return "\n".join(line for line in lines if line)


def _items(scope: Scope) -> str:
    by_class: dict[str, list[str]] = {}
    for one in scope.fields:
        by_class.setdefault(one.cls, []).append(one.ja)
    lines = [f"{CLASSES[cls][0]}の項目: {'、'.join(names)}" for cls, names in by_class.items()]
    if scope.unknown_fields:
        lines.append(f"分類の分からない項目: {'、'.join(scope.unknown_fields)}")
    return "\n".join(lines)


def _persons(scope: Scope) -> str:
    lines = [persons(scope, english=False)]
    if scope.erased:
        lines.append(
            f"組合員との対応づけを消去済みの提供が{scope.erased_entries:,}件あり、"
            f"その延べ{scope.erased:,}名は重複を除けないため最大数に含めた"
        )
    return "\n".join(lines)


def _reference(scope: Scope) -> str:
    sealed = "、".join(f"{one.alg}/{one.enc} {one.entries:,}件" for one in scope.encryptions)
    return "\n".join(
        [
            f"提供ログによる調査: 対象の提供 {scope.entries:,}件(記録{scope.size:,}件の時点)",
            *([f"提供時の暗号化: {sealed}"] if sealed else []),
        ]
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
