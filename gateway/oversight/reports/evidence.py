"""What there is to show for a clause of a policy or a heading of the guideline: a count, in words, and the file it is in.

「なし」 stands where there is nothing: the pack claims nothing that it does not show.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gateway.core.bases import Basis
from gateway.core.days import Moment, jst_day
from gateway.core.reviews.clauses import CLAUSES, POLICIES, SAFETY_EVIDENCE, Clause, Evidence, Reach
from gateway.core.reviews.safety_measures import HEADINGS, TRAINING
from gateway.oversight.reports.gathering import Gathered
from gateway.sheets.tables import Column, Said, Table

NONE: Final = Said("なし", "none", "none")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence."""

    said: Said
    count: int
    file: str


def _shown(count: int, ja: str, en: str, file: str) -> Shown:
    return Shown(said=Said(f"{ja} {count:,} 件", f"{en}: {count:,}"), count=count, file=file)


def evidence(made: Gathered) -> dict[Evidence, Shown]:
    """Return what a pack shows, by kind; what counts nothing is none."""
    counted = made.counting
    policy = made.versions[-1].version.policy if made.versions else None
    agreements = [] if policy is None else list(policy.agreements.values())
    opened = {
        matter: sum(one.matter == matter for one in made.dossiers) for matter in ("case", "incident", "emergency")
    }
    moment = Moment(made.ledger.at)
    departments = {one.department for one in agreements if one.department}
    managed = {one.department for one in made.roles if one.role == "manager" and one.department in departments}
    trained = [one for _, one in made.measures if one.heading == TRAINING and not _expired(one.due, made)]
    other_bases = [one for one in agreements if one.basis not in {Basis.JOINT_USE, Basis.ENTRUSTMENT}]
    found: dict[Evidence, Shown] = {
        "agreements": _shown(len(agreements), "契約・覚書", "agreements", "ledger.csv"),
        "bases": _shown(
            len(other_bases), "共同利用・委託以外の根拠による契約", "agreements on other bases", "ledger.csv"
        ),
        "cases": _shown(opened["case"], "本人からの求め・苦情の案件", "cases", "dossiers.csv"),
        "decisions": _shown(
            0 if policy is None else sum(moment.within(one.span) for one in policy.decisions),
            "施行中の決定",
            "decisions in force",
            "policy/",
        ),
        "denials": _shown(counted.denials, "提供しなかった要求", "requests refused", "months/"),
        "documents": _shown(len(made.versions), "期間中に有効だった版", "versions in force", "versions.csv"),
        "emergencies": _shown(opened["emergency"], "緊急提供の案件", "emergencies", "dossiers.csv"),
        "encryption": _shown(
            sum(times for name, times in counted.algorithms.items() if name),
            f"暗号化した提供({', '.join(sorted(one for one in counted.algorithms if one))})",
            f"releases encrypted ({', '.join(sorted(one for one in counted.algorithms if one))})",
            "months/",
        ),
        "entrustments": _shown(
            sum(one.basis is Basis.ENTRUSTMENT for one in agreements), "委託契約", "entrustments", "ledger.csv"
        ),
        "findings": _shown(len(made.findings), "指摘事項", "findings", "findings.csv"),
        "follow_ups": _shown(len(made.follow_ups), "提供先への通知", "notices to partners", "follow-ups.csv"),
        "history": _shown(
            counted.kinds["access"], "理由を記した閲覧の記録", "looks at members' data, logged", "months/"
        ),
        "incidents": _shown(opened["incident"], "漏えい対応の案件", "incidents", "dossiers.csv"),
        "log": _shown(counted.entries, "提供ログの記録", "entries of the log", "verification.csv"),
        "managers": _shown(len(managed), "管理者を置いた部署", "departments with a manager", "roles.csv"),
        "measures": _shown(len(made.measures), "宣言した措置", "declared measures", "measures.csv"),
        "not_available": _shown(
            counted.not_available, "条件を満たさず提供しなかった人数(延べ)", "members withheld", "months/"
        ),
        "notices": _shown(
            0 if policy is None else len(policy.notices), "公表事項の版", "versions of the notice", "notices.csv"
        ),
        "people": _shown(
            len({one.person for one in made.roles}), "役割を持つ担当者", "people with a role", "roles.csv"
        ),
        "releases": _shown(counted.releases, "提供", "releases", "months/"),
        "restrictions": _shown(counted.kinds["restrict"], "利用停止等の登録", "restrictions entered", "months/"),
        "reviews": _shown(len(made.reviews), "点検の署名", "signatures of reviews", "reviews.csv"),
        "training": _shown(len(trained), "有効な教育の記録", "valid records of training", "measures.csv"),
        "verification": _shown(int(made.checked.holds), "ログの検証", "verification of the log", "verification.csv"),
    }
    return {name: one for name, one in found.items() if one.count}


def clause_table(made: Gathered, *, trial: bool) -> Table:
    """Return each clause of the two policies with what there is to show for it; those of the co-op's own policy first."""
    shown = evidence(made)
    own = _own(made)
    rows = []
    for clause in sorted(CLAUSES, key=lambda one: one.policy not in own):
        found = _of_clause(made, clause, shown) if clause.policy in own or not own else []
        rows.append(
            (
                POLICIES[clause.policy],
                clause.id,
                clause.quote,
                Said(*_REACHES[clause.reach], clause.reach),
                Said("対象外(この生協の方針ではない)", "another co-op's policy", "other")
                if own and clause.policy not in own
                else _joined(found),
                " ".join(dict.fromkeys(one.file for one in found)),
            )
        )
    return Table(
        key="clauses",
        title=Said("方針の条項と証跡", "Clauses of the policies and their evidence"),
        columns=_CLAUSES,
        rows=tuple(rows),
        trial=trial,
    )


def safety_table(made: Gathered, *, trial: bool) -> Table:
    """Return each heading of the guideline's annex with what was declared and what the gateway shows."""
    shown = evidence(made)
    rows = []
    for heading in HEADINGS:
        declared = [one for kept, one in made.measures if one.heading == heading.number and kept.state == "declared"]
        own = [shown[name] for name in SAFETY_EVIDENCE.get(heading.number, ()) if name in shown]
        rows.append(
            (
                heading.number,
                Said(heading.ja, heading.en, heading.number),
                "、".join(one.title for one in declared) if declared else NONE,
                _joined(own),
                " ".join(dict.fromkeys([*(["measures.csv"] if declared else []), *(one.file for one in own)])),
            )
        )
    return Table(
        key="safety",
        title=Said("安全管理措置と証跡(通則編 別添)", "Safety measures of the guideline and their evidence"),
        columns=_SAFETY,
        rows=tuple(rows),
        trial=trial,
    )


_CLAUSES: Final = (
    Column(key="policy", title=Said("方針", "policy")),
    Column(key="clause", title=Said("条項", "clause")),
    Column(key="quote", title=Said("抜粋", "quotation")),
    Column(key="reach", title=Said("範囲", "reach")),
    Column(key="evidence", title=Said("証跡", "evidence")),
    Column(key="file", title=Said("ファイル", "file")),
)
_REACHES: Final[Mapping[Reach, tuple[str, str]]] = {
    "gateway": ("ゲートウェイで守る", "kept by the gateway"),
    "partly": ("証跡を出す", "evidenced by the gateway"),
    "outside": ("ゲートウェイの外", "outside the gateway"),
}
_SAFETY: Final = (
    Column(key="number", title=Said("番号", "number")),
    Column(key="heading", title=Said("見出し", "heading")),
    Column(key="declared", title=Said("宣言した措置", "declared")),
    Column(key="evidence", title=Said("ゲートウェイの証跡", "evidence of the gateway")),
    Column(key="file", title=Said("ファイル", "file")),
)


def _own(made: Gathered) -> set[str]:
    """Return the policies of ours that the co-op's notices are versions of; none where they are of neither."""
    paper = made.versions[-1].paper if made.versions else None
    found = set() if paper is None else {one.clause_prefix or "" for one in paper.notices.values()}
    return found & set(POLICIES)


def _of_clause(made: Gathered, clause: Clause, shown: Mapping[Evidence, Shown]) -> list[Shown]:
    """Return the evidence of a clause: of a purpose, a user, a basis or an item its own figures."""
    found = []
    for name in clause.evidence:
        narrowed = _NARROWED.get(name)
        one = shown.get(name) if narrowed is None else narrowed(made, clause)
        if one is not None and one.count:
            found.append(one)
    return found


def _purpose(made: Gathered, clause: Clause) -> Shown:
    code = clause.id.removeprefix(clause.policy)
    uses = [use for (_, purpose, _), use in made.counting.uses.items() if purpose.partition(".")[0] == code]
    released = sum(one.releases for one in uses)
    if not code.startswith("P"):
        return _shown(made.counting.releases, "目的を示した提供", "releases, each for a purpose", "months/")
    refused = sum(one.denials for one in uses)
    return Shown(
        said=Said(
            f"{code} の提供 {released:,} 件・提供しなかった要求 {refused:,} 件",
            f"{code}: {released:,} releases, {refused:,} refused",
        ),
        count=released + refused,
        file="months/",
    )


def _users(made: Gathered, clause: Clause) -> Shown:
    paper = made.versions[-1].paper if made.versions else None
    code = clause.id.removeprefix(clause.policy)
    partners = [] if paper is None else paper.users(code)
    releases = sum(use.releases for (partner, _, _), use in made.counting.uses.items() if partner in partners)
    return Shown(
        said=Said(
            f"{'、'.join(partners)}: 公表した共同利用者・提供 {releases:,} 件",
            f"{', '.join(partners)}: a published user, {releases:,} releases",
        ),
        count=len(partners),
        file="ledger.csv",
    )


def _bases(made: Gathered, clause: Clause) -> Shown | None:
    wanted = _BASES.get(clause.id)
    if wanted is None:
        return None
    policy = made.versions[-1].version.policy if made.versions else None
    agreements = 0 if policy is None else sum(one.basis is wanted for one in policy.agreements.values())
    releases = sum(use.releases for (_, _, basis), use in made.counting.uses.items() if basis == wanted)
    return Shown(
        said=Said(
            f"この根拠の契約 {agreements:,} 件・提供 {releases:,} 件",
            f"{agreements:,} agreements on this basis, {releases:,} releases",
        ),
        count=agreements + releases,
        file="months/",
    )


_NARROWED: Final[Mapping[Evidence, Callable[[Gathered, Clause], Shown | None]]] = {
    "purposes": _purpose,
    "users": _users,
    "bases": _bases,
}
_BASES: Final[Mapping[str, Basis]] = {
    "D-P8": Basis.LAW,
    "D-T1": Basis.CONSENT,
    "D-T2": Basis.LAW,
    "D-T3": Basis.LIFE,
    "D-T4": Basis.PUBLIC_HEALTH,
    "D-T5": Basis.GOV_COOPERATION,
    "K-T1": Basis.CONSENT,
    "K-T4": Basis.LAW,
}


def _joined(found: list[Shown]) -> Said:
    if not found:
        return NONE
    return Said("、".join(one.said.ja for one in found), ", ".join(one.said.en for one in found), "shown")


def _expired(due: object, made: Gathered) -> bool:
    return due is not None and str(due) < jst_day(made.ledger.at).isoformat()
