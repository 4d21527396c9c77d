"""The real policy files, copied: their samples in term whenever the tests run, and changed by a text that changes.

Only processes read these copies, and a process has the clock of its machine.
"""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

from tests.e2e.serving import ROOT


def in_term(folder: Path, *, today: date) -> Path:
    """Copy `policies/`, with the sample agreements around today instead of around the year they were written."""
    shutil.copytree(ROOT / "policies", folder)
    for path in folder.glob("*/agreements/*.yaml"):
        began, seen, due, ends = (today + timedelta(days=days) for days in (-200, -30, 160, 165))
        change(path, r"(term: \{from: )\S+(, to: )[^}]+", rf"\g<1>{began}\g<2>{ends}")
        change(path, r"(last: \{date: )[^,]+(.* due: )[^,]+", rf"\g<1>{seen}\g<2>{due}")
    return folder


def agreement_ended(folder: Path, partner: str, *, today: date) -> None:
    """Let a partner's agreement have ended yesterday."""
    path = folder / "kyoritsusha/agreements" / f"{partner}.yaml"
    change(path, r"(term: \{from: \S+ to: )[^}]+", rf"\g<1>{today - timedelta(days=1)}")


def purpose_undecided(folder: Path) -> None:
    """Take back the reading that purpose 3 rides joint use, and the grants for it, which the notice allows no longer."""
    notice = folder / "kyoritsusha/notices/2022-04-01.yaml"
    change(notice, r'(  P3:\n.*\n    joint: )"yes"\n    reading: \{[^}]*\}', r"\g<1>review")
    change(folder / "kyoritsusha/agreements/sunnet.yaml", r"      order-taking:\n(?:        .*\n)+", "")


def without_quota(folder: Path, partner: str) -> None:
    """Let a partner pull as many members a day as it likes."""
    path = folder / "kyoritsusha/agreements" / f"{partner}.yaml"
    change(path, r"members_per_day: \d+", "members_per_day: 1000000000")


def change(path: Path, pattern: str, replacement: str) -> None:
    """Change a file at every place that matches; there is one at least."""
    changed, count = re.subn(pattern, replacement, path.read_text())
    assert count, f"nothing in `{path.name}` matches {pattern}"
    path.write_text(changed)
