"""docs/transfer-log.md is run as it is written, by an auditor with an exported folder, the key and an earlier checkpoint."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tlog.exported_log import SIGNER, export, partner, publish, release, signed_head

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "transfer-log.md").read_text(encoding="utf-8")
LINES = [
    line.strip()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logged = [publish(gov=-1), partner(gov=0), *(release(number) for number in range(2, 700))]
    for path, data in export(logged).items():
        (tmp_path / "log" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "log" / path).write_bytes(data)
    (tmp_path / "log.vkey").write_text(SIGNER.key.encode())
    (tmp_path / "kept.checkpoint").write_bytes(signed_head(logged[:300]))
    return tmp_path


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all lines in one shell, with `gateway` being this checkout."""
    gateway = f'gateway() {{ {shlex.quote(sys.executable)} -m gateway "$@"; }}'
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = "\n".join(["set -e", gateway, *LINES])
    return subprocess.run(["sh", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_every_step_ends_well_on_an_honest_log(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert "改ざんは見つかりません" in done.stdout
    assert "ログにあります" in done.stdout
    assert (folder / "kept.checkpoint").read_bytes() == (folder / "log" / "checkpoint").read_bytes()


def test_the_first_step_fails_on_an_altered_one(folder: Path) -> None:
    bundle = folder / "log" / "tile" / "entries" / "001"
    data = bytearray(bundle.read_bytes())
    data[1_000] ^= 1
    bundle.write_bytes(bytes(data))
    done = run(folder)
    assert done.returncode == 1
    assert "改ざんは見つかりません" not in done.stdout
