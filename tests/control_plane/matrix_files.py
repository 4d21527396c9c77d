"""The repository's own policy files, as the tests of the matrix change them."""

from functools import cache
from pathlib import Path

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.grants.matrix import Matrix
from gateway.control_plane.grants.matrix_changes import matrix_of

ROOT = Path(__file__).resolve().parents[2]
COOP, PARTNER, AGREEMENT = "kyoritsusha", "jccu", "kyoritsusha-jccu-01"
FILE = f"policies/{COOP}/agreements/{PARTNER}.yaml"
CHECKED = CheckedFiles(samples=True)


@cache
def files() -> dict[str, str]:
    found = [*(ROOT / "policies" / COOP).rglob("*.*"), *(ROOT / "partners").glob("*.yaml")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


@cache
def drawn() -> Matrix:
    return matrix_of(files(), PARTNER, AGREEMENT, policy_files=CHECKED, coop=COOP)
