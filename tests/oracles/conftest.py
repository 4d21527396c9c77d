"""The verifiers that others wrote."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

GOPATH = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev puts the sources."""


@dataclass(frozen=True)
class Sumdb:
    """The program of sumdb.go: golang.org/x/mod/sumdb over files."""

    program: Path

    def log(self, folder: Path, vkey: str, *indexes: int, since: Path | None = None) -> str:
        """Verify an exported log; give the reason for which it was refused, nothing when it was accepted."""
        growth = [] if since is None else ["-since", str(since)]
        return self._told("log", str(folder), vkey, *growth, *map(str, indexes))

    def proof(self, proof: Path, vkey: str, entry: Path) -> str:
        """Verify a proof of an entry, likewise."""
        return self._told("proof", str(proof), vkey, str(entry))

    def _told(self, *arguments: str) -> str:
        done = subprocess.run([self.program, *arguments], check=False, capture_output=True, text=True)
        assert done.returncode in {0, 1}, done.stderr
        assert (done.returncode == 0) is (done.stdout == ""), done.stdout
        return done.stdout.strip()


@pytest.fixture(scope="session")
def sumdb(tmp_path_factory: pytest.TempPathFactory) -> Sumdb:
    """Go's own verifier, built once; where it cannot be, a skip is printed, and a failure where CI runs."""
    go = shutil.which("go")
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        why = "the Debian packages golang-go and golang-golang-x-mod-dev are not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("sumdb")
    program, source = folder / "sumdb", Path(__file__).with_name("sumdb.go")
    environment = {
        "PATH": os.environ["PATH"],
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOCACHE": str(folder / "cache"),
    }
    built = subprocess.run(
        [go, "build", "-o", str(program), source.name],
        check=False,
        cwd=source.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return Sumdb(program)
