"""What triggers, grounds, parties and matters are called, and why a trigger is proposed: in Japanese and English."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.core.incidents.breach import Proposed, Standing, Trigger
from gateway.core.incidents.deadlines import Name
from gateway.core.incidents.incident import Known, Matter, Party, Report, Scope, Source, State
from gateway.oversight.incidents.file import Ground

Words = tuple[str, str]
"""(Japanese, English)."""

UNKNOWN: Final[Words] = ("調査中(不明)", "under investigation (unknown)")

TRIGGERS: Final[Mapping[Trigger, Words]] = {
    "special_care": ("一 要配慮個人情報", "(i) special-care data"),
    "property": ("二 財産的被害のおそれ", "(ii) a risk of damage to property"),
    "wrongful": ("三 不正の目的のおそれ", "(iii) a wrongful purpose"),
    "many": ("四 本人の数が千人を超える", "(iv) more than 1,000 persons"),
}
STANDINGS: Final[Mapping[Standing, Words]] = {
    "met": ("該当", "holds"),
    "possible": ("該当のおそれ(要確認)", "may hold; find out"),
    "not_met": ("該当なし", "does not hold"),
}
GROUNDS: Final[Mapping[Ground, Words]] = {
    "no_trigger": ("四つのいずれにも該当しない", "none of the four holds"),
    "encrypted": ("高度な暗号化が施されていた(規則7条1号括弧書)", "strong encryption (Rule 7(i), in brackets)"),
    "processor": ("委託先が委託元に通知した(法26条1項ただし書・規則9条)", "a processor told its principal (Rule 9)"),
    "other": ("その他(理由に詳しく書く)", "another ground, told in the reason"),
}
STATES: Final[Mapping[State, Words]] = {
    "received": ("受付", "received"),
    "report": ("報告対象", "to be reported"),
    "first_sent": ("速報済み", "first report sent"),
    "final_sent": ("確報済み", "final report sent"),
    "not_required": ("報告不要", "no report due"),
    "closed": ("終結", "closed"),
}
SOURCES: Final[Mapping[Source, Words]] = {
    "own": ("自組合で起きた", "it happened at the co-op"),
    "partner": ("提供先で起きた", "it happened at a partner"),
}
PARTIES: Final[Mapping[Party, Words]] = {
    "undecided": ("未定", "not decided"),
    "own": ("自組合が報告する", "the co-op reports"),
    "joint_user": ("共同利用者が報告する", "the joint user reports"),
    "jointly": ("連名で報告する", "both in one report"),
    "processor": ("委託先が委託元へ通知する(規則9条)", "the processor tells its principal (Rule 9)"),
}
KNOWN: Final[Mapping[Known, Words]] = {
    "yes": ("はい", "yes"),
    "no": ("いいえ", "no"),
    "unknown": ("不明・調査中", "not known yet"),
}
REPORTS: Final[Mapping[Report, Words]] = {
    "first": ("速報", "first report"),
    "follow_up": ("続報", "follow-up report"),
    "final": ("確報", "final report"),
}
DEADLINES: Final[Mapping[Name, Words]] = {
    "first": ("速報の目安(3日目)", "first report: day 3"),
    "first_latest": ("速報の目安の末日(5日目)", "first report: day 5, the last of the guide"),
    "final": ("確報の期限", "final report"),
}
MATTERS: Final[Mapping[Matter, Words]] = {
    "outline": ("一 概要", "1 outline"),
    "items": ("二 漏えい等した(おそれがある)個人データの項目", "2 items of personal data"),
    "persons": ("三 漏えい等した(おそれがある)個人データに係る本人の数", "3 number of persons"),
    "cause": ("四 原因", "4 cause"),
    "secondary": ("五 二次被害又はそのおそれの有無及びその内容", "5 further damage, or the risk of it"),
    "response": ("六 本人への対応の実施状況", "6 what was done towards the persons"),
    "publication": ("七 公表の実施状況", "7 publication"),
    "prevention": ("八 再発防止のための措置", "8 measures against its coming again"),
    "reference": ("九 その他参考となる事項", "9 anything else"),
}
CLASSES: Final[Mapping[str, Words]] = {
    "ordinary": ("通常", "ordinary"),
    "financial": ("金融", "financial"),
    "special_care": ("要配慮", "special care"),
    "free_text": ("自由記述", "free text"),
}
SUBJECTS: Final[Mapping[str, Words]] = {
    "member": ("組合員", "member"),
    "household": ("家族", "household"),
    "gift": ("ギフトの届け先", "recipient of a gift"),
    "child": ("子", "child"),
}

_WHY: Final[Mapping[tuple[Trigger, str], Words]] = {
    ("special_care", "class"): (
        "要配慮の項目が提供されています: {fields}",
        "special-care fields were released: {fields}",
    ),
    ("special_care", "free_text"): (
        "自由記述、または分類の分からない項目に含まれることがあります: {fields}",
        "free text, or fields of unknown class, may hold some: {fields}",
    ),
    ("special_care", "none"): ("要配慮の項目は提供されていません", "no special-care field was released"),
    ("property", "mark"): (
        "財産的被害につながりうる項目: {fields}({source})",
        "fields that may lead to it: {fields} ({source})",
    ),
    ("property", "none"): ("該当する項目は提供されていません", "no such field was released"),
    ("wrongful", "yes"): ("受付で「不正の目的のおそれあり」と答えています", "the intake says that there may be one"),
    ("wrongful", "no"): ("受付で「なし」と答えています", "the intake says that there is none"),
    ("wrongful", "unknown"): ("受付では不明です。原因を調べて決めてください", "not known yet; find out the cause"),
    ("many", "members"): (
        "組合員だけで{persons:,}名({limit:,}名を超える)",
        "{persons:,} members alone, more than {limit:,}",
    ),
    ("many", "most"): (
        "最大で{persons:,}名になりうる({limit:,}名を超えるおそれ)",
        "{persons:,} persons at most, which may be more than {limit:,}",
    ),
    ("many", "fewer"): (
        "最大でも{persons:,}名({limit:,}名以下)",
        "{persons:,} persons at most, no more than {limit:,}",
    ),
    ("many", "before"): ("この日に定めのある人数がありません", "no such number is known for that day"),
}


def why(proposed: Proposed, labels: Mapping[str, str], *, english: bool) -> str:
    """Return why a trigger is proposed so; `labels` are what fields are called."""
    words = _WHY[proposed.trigger, proposed.why][english]
    fields = ("、", ", ")[english].join(labels.get(one, one) for one in proposed.fields)
    return words.format(fields=fields, source=proposed.source, persons=proposed.persons, limit=proposed.limit)


def persons(scope: Scope, *, english: bool) -> str:
    """Return how many persons: members as counted, at most so many where side rows are erased, and other persons."""
    members = f"最大{scope.most_members:,}名" if scope.erased else f"{scope.members:,}名"
    told = [f"組合員{members}"]
    if english:
        told = [f"at most {scope.most_members:,} members" if scope.erased else f"{scope.members:,} members"]
    told += [_others(one.subject, one.once, one.most, english=english) for one in scope.others]
    return (" + ", " + ")[english].join(told)


def _others(subject: str, once: int, most: int, *, english: bool) -> str:
    named = SUBJECTS.get(subject, (subject, subject))[english]
    if english:
        return f"{named}: unknown (at most {once:,} if each member has one, {most:,} if each release named another)"
    return f"{named} 不明(組合員1名に1人なら最大{once:,}名、提供のたびに別の人なら最大{most:,}名)"


def labels(scope: Scope, *, english: bool) -> dict[str, str]:
    """Return what the fields of a scope are called."""
    return {one.field: one.en if english else one.ja for one in scope.fields}


def listed(names: Sequence[str], *, english: bool) -> str:
    """Return names as a list in a sentence."""
    return (", " if english else "、").join(names)
