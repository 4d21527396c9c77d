"""What is handed out: hash-locked, freely licensed, without a secret and without a trace of the machine it was made on."""

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, files

LOCKS = ["requirements.lock", "requirements-dev.lock"]
PERMISSIVE = {
    "0BSD",
    "Apache",
    "BSD",
    "CC0",
    "ISC",
    "MIT",
    "MPL",  # file by file: it does not reach what uses it
    "PSF",
    "Python Software Foundation",
    "Mozilla Public License 2.0",
    "Unlicense",
}
COPYLEFT = re.compile(r"\b[AL]?GPL|GNU|Affero|SSPL|Commons Clause|Business Source|Non-?Commercial", re.IGNORECASE)
ELSEWHERE = {"colorama", "httpx2-jsfetch"}
"""Locked for platforms on which no server runs (Windows, a browser): BSD-3-Clause both."""
LOCKED = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_carries_hashes_and_no_place(lock):
    text = (ROOT / lock).read_text()
    packages = re.split(r"\n(?=[\w.-]+(?:\[[\w,-]+\])?==)", text)[1:]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
    assert not re.search(r"--(extra-)?index|--find-links|--trusted-host", text)


def test_the_two_locks_agree():
    run_time, developing = (
        dict(re.findall(r"^([\w.-]+)\S*==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS
    )
    assert {name: developing.get(name) for name in run_time} == run_time


@pytest.mark.parametrize("package", sorted(set(LOCKED) - ELSEWHERE))
def test_every_package_at_run_time_may_be_used_commercially(package):
    told = importlib.metadata.metadata(package).json
    classifiers = [name.rpartition(" :: ")[2] for name in told.get("classifier", ()) if name.startswith("License ::")]
    # A whole licence text may stand in the old field: its title says enough.
    title = str(told.get("license", "")).partition("\n")[0]
    licence = str(told.get("license_expression") or " / ".join([*classifiers, title]))
    assert not COPYLEFT.search(licence), licence
    assert any(name in licence for name in PERMISSIVE), licence


def test_the_exceptions_are_locked_packages():
    assert set(LOCKED) >= ELSEWHERE


def test_the_licence_is_apache_2_whole():
    text = (ROOT / "LICENSE").read_text()
    assert text.strip().startswith("Apache License\n                           Version 2.0, January 2004")
    assert [number for number in range(1, 10) if f"\n   {number}. " not in text] == []
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The joint-use gateway authors" in text


def test_no_private_key_is_committed():
    pem = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
    jwk = re.compile(r'"d"\s*:\s*"[\w-]{40,}"')
    for path, text in files():
        assert not pem.search(text), path
        # Published vectors of the RFCs are private keys that everybody has.
        assert path.parts[0] == "tests" or not jwk.search(text), path


def test_keys_are_kept_out_of_the_repository():
    rules = (ROOT / ".gitignore").read_text().splitlines()
    assert rules.index("keys/*") < rules.index("!keys/README.md")
    assert {"var/", ".venv/"} <= set(rules)


def test_nothing_tells_on_which_machine_it_was_made():
    machine = {str(ROOT), str(Path.home()), sys.prefix} - {"/", "/root", str(Path("/usr"))}
    home = re.compile(r"(?<![\w.}])/(?:home|Users|root|work)/\w")
    registry = re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates)\.(?:org|com|io)\b")
    for path, text in files():
        assert not [place for place in machine if place in text], path
        assert not home.search(text), path
        assert not registry.search(text), path
