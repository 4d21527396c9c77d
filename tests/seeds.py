"""docs/seeds.md: each clause of the two policies, how far it reaches into the gateway, and the tests that show it.

A test says with `@pytest.mark.clause("D-02", "K-P*")` which clauses it shows. `python -m tests.seeds` writes the page
anew; a test holds it against the tests there are. The clauses themselves are data: gateway/core/reviews/clauses.py.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

from gateway.core.reviews.clauses import CLAUSES, MARKS, POLICIES

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "seeds.md"
MARKER: Final = "clause"
_REACHES: Final = (
    "● ゲートウェイが守り、試験が示す / kept here, a test shows it · "
    "◐ ゲートウェイが証跡を出す / the gateway gives evidence, a test shows it · "
    "○ ゲートウェイの外 / outside: a declared record alone."
)
_EVIDENCE: Final[Mapping[str, str]] = {
    "agreements": "契約・覚書 / agreements",
    "bases": "根拠ごとの契約と提供 / agreements and releases by basis",
    "cases": "案件 / cases",
    "decisions": "決定 / decisions",
    "denials": "提供しなかった要求 / refusals",
    "documents": "公布した版 / published versions",
    "emergencies": "緊急提供 / emergencies",
    "encryption": "暗号化した提供 / encrypted releases",
    "entrustments": "委託契約 / entrustments",
    "findings": "指摘事項 / findings",
    "follow_ups": "提供先への通知 / notices to partners",
    "history": "理由を記した閲覧 / looks with a reason",
    "incidents": "漏えい対応 / incidents",
    "log": "提供ログ / the log",
    "managers": "部署の管理者 / managers of departments",
    "measures": "宣言した措置 / declared measures",
    "not_available": "提供しなかった人数 / members withheld",
    "notices": "公表事項の版 / versions of the notice",
    "people": "担当者と役割 / people and roles",
    "purposes": "目的ごとの提供 / releases by purpose",
    "releases": "提供 / releases",
    "restrictions": "利用停止等 / restrictions",
    "reviews": "点検の署名 / signed reviews",
    "training": "教育の記録 / records of training",
    "users": "公表した共同利用者 / published users",
    "verification": "ログの検証 / verification of the log",
}


@cache
def shown_by(tests: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Return clause → tests that show it, as `file::name`, sorted. Raises ValueError for a clause that there is not."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(tests.rglob("test_*.py")):
        for name, pattern in _marks(ast.parse(path.read_text(encoding="utf-8"))):
            clauses = [one.id for one in CLAUSES if fnmatchcase(one.id, pattern)]
            if not clauses:
                raise ValueError(
                    f"{path.name}::{name} shows `{pattern}`: no clause of gateway/core/reviews/clauses.py is so"
                )
            for clause in clauses:
                found[clause].add(f"{path.relative_to(tests.parent).as_posix()}::{name}")
    return {clause: sorted(names) for clause, names in found.items()}


def page(shown: Mapping[str, list[str]]) -> str:
    """Return the page."""
    lines = [
        "# 方針の条項と試験 / The clauses of the policies and their tests",
        "",
        "Made by `python -m tests.seeds` of the tests and of `gateway/core/reviews/clauses.py`; a test holds it against both.",
        "",
        _REACHES,
        "",
        "The last column is what an audit pack (監査資料) shows for the clause, or 「なし」.",
    ]
    for prefix, title in POLICIES.items():
        lines += ["", f"## {title}", "", "| 条項 / clause | 抜粋 / quotation | | 試験 / tests | 証跡 / evidence |"]
        lines.append("|---|---|---|---|---|")
        for one in CLAUSES:
            if one.policy == prefix:
                tests = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in shown.get(one.id, ())) or "–"
                evidence = "<br>".join(_EVIDENCE[name] for name in one.evidence)
                lines.append(f"| {one.id} | {one.quote} | {MARKS[one.reach]} | {tests} | {evidence} |")
    return "\n".join([*lines, ""])


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (test, pattern of clauses) for each marker of a module's tests."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{MARKER}":
                for argument in decorator.args:
                    yield node.name, str(ast.literal_eval(argument))


if __name__ == "__main__":
    PAGE.write_text(page(shown_by()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
