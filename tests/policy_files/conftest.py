import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.adapters.policy_files.finding import Finding
from gateway.adapters.policy_files.lint import lint

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Room:
    """A copy of the real policies and partners, to change one thing in."""

    root: Path

    @property
    def policies(self) -> Path:
        return self.root / "policies"

    @property
    def partners(self) -> Path:
        return self.root / "partners"

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        (self.root / file).write_text(text.replace(old, new, 1))

    def add(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def copy(self, file: str, to: str, old: str, new: str) -> None:
        self.add(to, (self.root / file).read_text().replace(old, new))

    def line(self, file: str, needle: str) -> int:
        for number, line in enumerate((self.root / file).read_text().splitlines(), 1):
            if needle in line:
                return number
        raise AssertionError(f"{needle!r} is not in {file}")

    def lint(self, coop: str) -> tuple[Finding, ...]:
        return lint(self.policies / coop)


@pytest.fixture
def room(tmp_path):
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    shutil.copytree(ROOT / "partners", tmp_path / "partners")
    return Room(tmp_path)


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture
def expect(room):
    """Assert that exactly this finding stands in this place, in both languages, with its rule and severity."""

    def check(state, file, needle, rule, *, severity="error", says=None):
        coop = file.split("/")[1] if file.startswith("policies/") else "kyoritsusha"
        found = room.lint(coop)
        line = room.line(file, needle)
        here = [f for f in found if (f.state, f.file, f.line) == (state, str(room.root / file), line)]
        assert here, [f.text("en") for f in found if f.severity == "error"]
        one = here[0]
        assert one.rule == rule
        assert one.severity == severity
        subject = says if says is not None else one.subject
        for lang in ("ja", "en"):
            text = one.text(lang)
            assert f"{file}:{line}:" in text
            assert f"[{rule}]" in text
            assert subject in text
        assert one.message_en[0] == one.message_en[0].lower()
        assert one.message_ja != one.message_en
        assert one.mend_ja
        assert one.mend_en
        return one

    return check
