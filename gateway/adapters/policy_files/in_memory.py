"""Files of policies as a proposal holds them: checked and edited without a disk."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from gateway.adapters.policy_files.edit import read_values, set_value
from gateway.adapters.policy_files.finding import Finding
from gateway.adapters.policy_files.lint import check
from gateway.adapters.policy_files.reading import read_files
from gateway.adapters.policy_files.remembered import Remembered, afresh as made_afresh
from gateway.adapters.policy_files.resolve import resolve
from gateway.adapters.policy_files.shelf import belongs
from gateway.adapters.policy_files.strict_yaml import parse
from gateway.ports.proposals import Checked, Files, Told


class CheckedFiles:
    """What files of policies mean (gateway/ports/proposals.py, PolicyFiles); `samples` as in load."""

    def __init__(self, *, samples: bool) -> None:
        self._samples = samples
        self._remembered = Remembered()

    def check(self, coop: str, files: Files, *, afresh: bool = False) -> Checked:
        """Return the document that the files make, and all findings; never raises for what the files say."""
        made = made_afresh if afresh else self._remembered
        document, findings = check(read_files(coop, files), samples=self._samples, made=made)
        told = tuple(map(_told, findings))
        if document is None or any(finding.severity == "error" for finding in findings):
            return Checked(document=None, digest=None, policy=None, findings=told)
        body = document.canonical(made=made)
        policy = resolve(document, digest=sha256(body).hexdigest(), made=made)
        return Checked(document=body, digest=policy.digest, policy=policy, findings=told)

    def set(self, text: str, path: tuple[str, ...], value: object | None, *, make: bool = False) -> str:
        """Return a YAML text with the value at a path of keys set, or taken out (None); every other byte stays.

        Raises KeyError where the enclosing mapping is missing, unless `make`; EditRefused as set_value does.
        """
        return set_value(text, path, value, make=make)

    def read(self, text: str) -> Mapping[str, Any]:
        """Return what a YAML text says, read strictly. Raises EditRefused where it is no mapping that can be read."""
        return read_values(text)

    def belongs(self, name: str, coop: str) -> bool:
        """Tell whether a file of this name can stand among a co-op's, or the partners'."""
        return belongs(name, coop)


def grant_path(files: Files, agreement: str, grant: str) -> tuple[str, tuple[str, ...]]:
    """Return the file in which a grant's fields stand, and the keys above them; `grant` as in the file or in the core.

    The keys are a path for set_value: with a field's id after them, its transform. Raises KeyError where no file has
    the grant, or two claim the agreement.
    """
    name = grant.removeprefix(f"{agreement}.")
    found = [file for file in sorted(files) if agreement in _agreements(file, files[file])]
    if len(found) != 1:
        raise KeyError(agreement)
    path = ("agreements", agreement, "grants", name, "fields")
    part = parse(files[found[0]]).places
    if path not in part:
        raise KeyError(grant)
    return found[0], path


def _agreements(file: str, text: str) -> Iterator[str]:
    match PurePosixPath(file).parts:
        case ("policies", _, "agreements", name) if name.endswith(".yaml"):
            yield from (str(path[1]) for path in parse(text).places if len(path) == 2 and path[0] == "agreements")


def _told(finding: Finding) -> Told:
    return Told(
        file=finding.file,
        line=finding.line,
        severity=finding.severity,
        rule=finding.rule,
        ja=f"{finding.message_ja} → {finding.mend_ja}",
        en=f"{finding.message_en}; {finding.mend_en}",
    )
