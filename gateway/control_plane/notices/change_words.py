"""What a change of the notice is called, what is to be done about it and how that stands: in Japanese and English."""

from typing import Final

import msgspec

from gateway.core.notices.matters import Covered, Kind, NoticeChange, State, Task

Words = tuple[str, str]
"""(Japanese, English)."""

KINDS: Final[dict[Kind, Words]] = {
    "items_widened": ("項目の追加", "items added"),
    "items_reworded": ("項目の文言の変更", "wording of items changed"),
    "users_widened": ("共同利用者の追加", "joint users added"),
    "user_renamed": ("共同利用者の名称の変更", "joint users renamed"),
    "purposes_changed": ("利用目的の追加・変更", "purposes added or changed"),
    "purposes_removed": ("利用目的の廃止", "purposes withdrawn"),
    "mapping_widened": ("共同利用に含める目的の拡大", "purposes newly within joint use"),
    "responsible_party_changed": ("責任を有する者の変更(別の法人)", "another legal person is responsible"),
    "responsible_party_details": (
        "責任を有する者の名称・住所・代表者の変更",
        "name, address or representative of the responsible party changed",
    ),
}
TASKS: Final[dict[Task, Words]] = {
    "cohort": (
        "追加は、公表前に取得した組合員には原則として及びません。含めるなら、同意・承継などの決定(cohort)を記録します",
        "members acquired before are in principle not reached; to include them, record a cohort decision on consent or succession",
    ),
    "confirm_cohort": (
        "追加より前からの決定、または追加の根拠にならない決定が、以前の組合員を含めています。確かめて、決定を終えるか、記録し直します",
        "a decision older than this change, or on a ground that cannot carry it, covers members acquired before; look at it, then end it or record it anew",
    ),
    "announce_before": (
        "変更の前に公表します。関連性の理由(利用目的)も記録します",
        "announce it before it takes effect; for a purpose, record why it is reasonably related",
    ),
    "announce_without_delay": ("遅滞なく公表します", "announce it without delay"),
    "new_version": (
        "公表済みの版の本文が書き換えられています。新しい版として公表します",
        "the text of a published version was edited; publish it as a new version",
    ),
    "judge_wording": (
        "文言の変更が項目を広げるかを、公表までに判断します。広げるなら新しい項目として加えます",
        "judge before it is published whether the wording widens the item; if it does, add a new item instead",
    ),
    "update_name": (
        "同じ法人の名称だけの変更です。新しい共同利用者には当たりません。公表の名称を改めます",
        "only the name of the same legal entity: no new user; bring the published name up to date",
    ),
    "same_text": (
        "公表の本文は同じです。読み取りを直しただけで、公表し直す必要はありません",
        "the published text is the same; its reading was mended, and nothing is to be announced",
    ),
}
STATES: Final[dict[State, Words]] = {
    "open": ("未了", "open"),
    "done": ("済み", "done"),
    "kept_out": ("以前の組合員は対象外", "earlier members kept out"),
}
LATE: Final[Words] = ("遅れ", "late")
_DETAILS: Final[dict[str, Words]] = {
    "name": ("名称", "name"),
    "address": ("住所", "address"),
    "representative": ("代表者", "representative"),
}
_GROUNDS: Final[dict[str, Words]] = {
    "consent": ("同意", "consent"),
    "name_change": ("名称のみの変更", "another name alone"),
    "succession": ("承継", "succession"),
}


class SaidChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change in words of one language."""

    change: NoticeChange
    kind: str
    what: str
    """The subjects, and a single text before and now."""
    versions: str
    task: str
    state: str
    """With `late` where it is."""
    notes: tuple[str, ...]
    """Days counted, who is covered and who is not, what is only presumed."""
    source: str

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        if self.change.late:
            return "bad"
        return {"open": "wait", "done": "good", "kept_out": "plain"}[self.change.state]


def say(change: NoticeChange, *, english: bool) -> SaidChange:
    """Return a change in words."""
    at = int(english)
    state = STATES[change.state][at]
    return SaidChange(
        change=change,
        kind=KINDS[change.kind][at],
        what=_what(change, at),
        versions=_versions(change, at),
        task=TASKS[change.task][at],
        state=f"{state} ({LATE[at]})" if change.late else state,
        notes=tuple(_notes(change, at)),
        source=f"{change.source} [{change.grade}]",
    )


def _what(change: NoticeChange, at: int) -> str:
    if change.kind in {"responsible_party_changed", "responsible_party_details"}:
        names = ", ".join(_DETAILS[name][at] for name in change.subjects)
        return f"{names}: {change.before or '―'} → {change.after or '―'}"
    labels = change.labels or change.subjects
    named = [
        name if label == name else f"{label} ({name})" for name, label in zip(change.subjects, labels, strict=True)
    ]
    said = ("、", "; ")[at].join(named)
    return f"{said}: {change.before} → {change.after}" if change.before else said


def _versions(change: NoticeChange, at: int) -> str:
    if change.in_place:
        return (f"{change.notice} の版の中", f"within the version of {change.notice}")[at]
    return f"{change.earlier} → {change.notice}"


def _notes(change: NoticeChange, at: int) -> list[str]:
    notes = []
    if change.until is not None and change.task != "same_text":
        notes.append((f"期限: {change.until}", f"until {change.until}")[at])
    if change.days is not None and change.task != "same_text":
        counted = "変更からの日数" if change.task == "new_version" else "変更から公表までの日数"
        told = "days since the change" if change.task == "new_version" else "days from the change to its publication"
        notes.append((f"{counted}: {change.days}日", f"{told}: {change.days}")[at])
    if change.presumed:
        notes.append(
            (
                "法人番号がないため、別の法人とみなしています。同じ法人なら両方の版に法人番号を書きます",
                "no corporate number tells, so another legal person is presumed; give both versions the number if it is the same",
            )[at]
        )
    notes += [_covered(one, at) for one in change.covered]
    if change.uncovered:
        listed = ", ".join(change.uncovered)
        notes.append(
            (f"次の版で取得した組合員は対象外です: {listed}", f"not covered: members acquired under {listed}")[at]
        )
    return notes


def _covered(one: Covered, at: int) -> str:
    versions = ", ".join(one.versions)
    ground = _GROUNDS.get(one.ground, (one.ground, one.ground))[at]
    said = (
        f"決定 {one.decision}(根拠: {ground})が、次の版で取得した組合員を含めます: {versions}",
        f"decision {one.decision} (ground: {ground}) covers members acquired under {versions}",
    )[at]
    why = [
        words[at]
        for holds, words in (
            (one.partly, ("条件に合う人だけ", "only those its conditions choose")),
            (one.earlier, ("この変更の公表より前の決定", "older than the publication of this change")),
            (not one.fits, ("この変更の根拠にならない", "a ground that cannot carry this change")),
        )
        if holds
    ]
    return f"{said} ({', '.join(why)})" if why else said
