"""docs/partner-quickstart.md is run as it is written: by a partner, and once by the co-op, against a running gateway."""

import contextlib
import json
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from tests.architecture.stack import ROOT, Stack
from tests.e2e.serving import until

TEXT = (ROOT / "docs" / "partner-quickstart.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
ISSUER = "http://127.0.0.1:8400"


def program(word: str) -> str:
    return next(block for kind, block in BLOCKS if kind == "python" and word in block)


@pytest.fixture(scope="module")
def folder(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The partner's folder, and in `said` what each command printed."""
    folder = tmp_path_factory.mktemp("quickstart")
    said = {}
    with contextlib.chdir(folder):
        for kind, block in BLOCKS:
            if kind == "json":
                Path("partner/client.json").write_text(block.replace(ISSUER, stack.issuer), encoding="utf-8")
            for line in block.splitlines() if kind == "sh" else ():
                if line.startswith("gateway "):
                    arguments, file = redirected(shlex.split(line)[1:])
                    if "check" in arguments:
                        # What another process registered is in force here within a second.
                        until(partial(ready, stack, arguments), "a partner's client was not ready")
                    said[line] = stack.gateway(*arguments)
                    if file:
                        Path(file).write_text(said[line], encoding="utf-8")
                else:
                    subprocess.run(["sh", "-ec", line], check=True)
    Path(folder / "said.json").write_text(json.dumps(said))
    return folder


def redirected(words: list[str]) -> tuple[list[str], str | None]:
    """A command's arguments, and the file that it prints to."""
    at = words.index(">") if ">" in words else len(words)
    return words[:at], words[at + 1] if at < len(words) else None


def ready(stack: Stack, check: list[str]) -> bool:
    return stack.ended(*check).exit_code == 0


def said(folder: Path, word: str) -> str:
    told = json.loads((folder / "said.json").read_text())
    return next(text for line, text in told.items() if word in line)


@pytest.mark.postgres
def test_every_check_is_green(folder: Path):
    assert {line[0] for line in said(folder, "client check").splitlines()} == {"✔"}


@pytest.mark.postgres
def test_the_first_pull_prints_what_is_shown(folder: Path):
    shown = next(block for kind, block in BLOCKS if kind == "text" and "released" in block)
    assert said(folder, "client pull") == shown


@pytest.mark.postgres
def test_the_program_runs_and_keeps_its_receipt(folder: Path):
    run = subprocess.run(
        [sys.executable, "-c", program("from_folder")],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[:2] == ["00000101 髙﨑 花子", "not available: ('00000301',)"]
    assert int(lines[2].removeprefix("population: ")) > 1_000
    assert len((folder / "receipts.jws").read_text().splitlines()) == 1


def test_the_raised_limit_opens_what_the_default_refuses():
    scope: dict[str, jwe.JWERegistry] = {}
    exec(program("joserfc"), scope)
    key = ECKey.generate_key("P-256")
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    large = jwe.encrypt_compact(header, b"0" * 300_000, key, registry=scope["registry"])
    assert jwe.decrypt_compact(large, key, registry=scope["registry"]).plaintext == b"0" * 300_000
    with pytest.raises(Exception, match=r"(?i)size"):
        jwe.decrypt_compact(large, key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
