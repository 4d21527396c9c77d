"""What a form on a notice did to the files: which lines differ, what they say now, and why it was refused."""

from collections.abc import Callable
from difflib import unified_diff
from typing import Any

import pytest

from gateway.core.policy import Notice, Policy
from gateway.core.refused import Refused
from gateway.ports import Files
from tests.control_plane.completed_notice import CHECKED, COOP, FOLDER, NEW

NOTICE = f"{FOLDER}/notices/{NEW}.yaml"
FIELDS = f"{FOLDER}/fields.yaml"
DECISION: dict[str, Any] = {
    "decision": "kana-of-name",
    "by": "甲",
    "approved_by": "乙",
    "reason": "読み",
    "first": "2026-04-01",
}


def changed(before: Files, after: Files) -> dict[str, list[str]]:
    """The lines that differ, by file: `-` and `+` before each."""
    found = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, "").splitlines(), after.get(path, "").splitlines()
        lines = [line for line in unified_diff(old, new, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
        if lines:
            found[path] = lines
    return found


def policy(files: Files, coop: str = COOP) -> Policy:
    checked = CHECKED.check(coop, files)
    assert checked.policy is not None, [one.ja for one in checked.findings if one.severity == "error"]
    return checked.policy


def notice(files: Files) -> Notice:
    return policy(files).notices[-1]


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value
