"""Files on their way to be others: one value after another is set, and every other byte stays (PolicyFiles.set)."""

import secrets
from collections.abc import Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Any

import msgspec

from gateway.control_plane.grants.matrix_changes import check_partners, policy_in
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.ports import EditRefused, Files, PolicyFiles


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of a draft say, but for its agreements."""

    policy: Policy
    raw: bytes
    """The canonical document."""
    document: dict[str, Any]
    """The same, decoded: days are their ISO text, and what stands at its default is left out."""
    partners: tuple[str, ...]
    """The ids of all legal entities on file, named in a notice or not."""

    def notice(self, version: str) -> dict[str, Any]:
        """Return a version of the notice. Raises Refused where there is none."""
        try:
            found: dict[str, Any] = self.document["notices"][version]
        except KeyError:
            raise Refused(
                "version",
                f"公表事項の版 `{version}` はこの申請にありません → 版の一覧から選び直す",
                f"there is no notice of {version} in this draft; choose one from the list",
            ) from None
        return found


def said_by(files: Files, coop: str, *, policy_files: PolicyFiles) -> Said:
    """Return what files say of notices, fields and decisions. Raises FilesRefused where they have errors."""
    checked = check_partners(files, (), policy_files=policy_files, coop=coop)
    policy = policy_in(checked)
    raw = checked.document or b""
    partners = (PurePosixPath(path) for path in files)
    known = tuple(sorted(path.stem for path in partners if path.parts[0] == "partners" and path.suffix == ".yaml"))
    return Said(policy=policy, raw=raw, document=msgspec.json.decode(raw), partners=known)


class Rewrite:
    """A copy of files that is written into, value by value."""

    def __init__(self, files: Files, coop: str, *, policy_files: PolicyFiles, folder: str = "") -> None:
        self.files: dict[str, str] = dict(files)
        self.folder = folder or f"policies/{coop}"
        self.coop = coop
        self._policy_files = policy_files

    def set(self, file: str, keys: tuple[str, ...], value: object | None, *, make: bool = False) -> None:
        """Set a value of a file, below the co-op's folder; None takes it out, `make` makes what encloses it.

        Raises Refused with the place where the file cannot be edited so.
        """
        path = f"{self.folder}/{file}"
        at = ".".join(keys)
        try:
            self.files[path] = self._policy_files.set(self.files.get(path, ""), keys, value, make=make)
        except EditRefused as fault:
            raise Refused(f"{path}:unwritable", f"{path} `{at}`: {fault.ja}", f"{path} `{at}`: {fault}") from None
        except KeyError:
            raise Refused(
                f"{path}:unwritable",
                f"{path}: `{at}` がファイルにないか、書き換えられません → ファイルを直接編集する",
                f"{path}: `{at}` is not in the file, or cannot be written there; edit the file by hand",
            ) from None

    def set_null(self, file: str, keys: tuple[str, ...]) -> None:
        """Set a value to null, where the key itself must stay: what a notice does not say."""
        mark = f"null-{secrets.token_hex(16)}"
        self.set(file, keys, mark)
        path = f"{self.folder}/{file}"
        self.files[path] = self.files[path].replace(mark, "null")

    def set_changed(self, file: str, keys: tuple[str, ...], was: Mapping[str, object], now: Mapping[str, Any]) -> None:
        """Set the members of a mapping that are to be others, take out those that are None now."""
        for name, value in now.items():
            if plain(value) != plain(was.get(name)):
                self.set(file, (*keys, name), value)


def plain(value: object) -> object:
    """Return a value as the decoded document has it, to compare the two."""
    match value:
        case date():
            return value.isoformat()
        case list() | tuple():
            return [plain(one) for one in value]
        case Mapping():
            return {name: plain(one) for name, one in value.items()}
    return value


def day_of(text: str | None) -> date | None:
    """Return a day of the decoded document."""
    return None if text is None else date.fromisoformat(text)
