"""Where the files of policies stand: in folders of a disk, or in a mapping as a proposal holds them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path as FilePath, PurePath, PurePosixPath
from typing import Protocol

from gateway.ports.proposals import Files

NOTES = ".md"
"""Notes for people stand beside the files and are not read."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and direction characters, halves of characters, separators of lines."""
_COOP = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Shelf(Protocol):
    """What a reading asks of the place where the files stand."""

    def is_folder(self, folder: PurePath) -> bool:
        """Tell whether there is such a folder."""
        ...

    def holds(self, folder: PurePath, pattern: str) -> bool:
        """Tell whether a folder holds something of this name; `*` stands for part of a name."""
        ...

    def files(self, folder: PurePath) -> Iterator[PurePath]:
        """Yield every file below a folder but notes, hidden files and editors' copies, in order of path."""
        ...

    def data(self, file: PurePath) -> bytes:
        """Return a file's bytes. Raises OSError or UnicodeError where there are none."""
        ...


class OnDisk:
    """Files in folders."""

    def is_folder(self, folder: PurePath) -> bool:
        """Tell whether there is such a folder."""
        return FilePath(folder).is_dir()

    def holds(self, folder: PurePath, pattern: str) -> bool:
        """Tell whether a folder holds something of this name."""
        return any(FilePath(folder).glob(pattern))

    def files(self, folder: PurePath) -> Iterator[PurePath]:
        """Yield every file below a folder but notes, hidden files and editors' copies, in order of path."""
        for file in sorted(FilePath(folder).rglob("*")):
            if file.is_file() and not passed_over(file.relative_to(folder).parts) and file.suffix != NOTES:
                yield file

    def data(self, file: PurePath) -> bytes:
        """Return a file's bytes. Raises OSError."""
        return FilePath(file).read_bytes()


class InMapping:
    """Files as a proposal holds them, all of names that belong there."""

    def __init__(self, files: Files) -> None:
        self._texts = files

    def is_folder(self, folder: PurePath) -> bool:
        """Tell whether anything stands below this path."""
        return any(True for _ in self._below(folder))

    def holds(self, folder: PurePath, pattern: str) -> bool:
        """Tell whether a folder holds something of this name."""
        parent = (folder / pattern).parent
        return any(file.parent == parent and file.match(pattern) for file in map(PurePosixPath, self._below(parent)))

    def files(self, folder: PurePath) -> Iterator[PurePath]:
        """Yield every file below a folder but notes, in order of path; what is hidden does not belong here at all."""
        for name in sorted(self._below(folder), key=lambda name: name.split("/")):
            if not name.endswith(NOTES):
                yield PurePosixPath(name)

    def data(self, file: PurePath) -> bytes:
        """Return a file's bytes. Raises OSError where there is none, UnicodeError where the text has none."""
        text = self._texts.get(str(file))
        if text is None:
            raise FileNotFoundError(str(file))
        return text.encode()

    def _below(self, folder: PurePath) -> Iterator[str]:
        return (name for name in self._texts if name.startswith(f"{folder}/"))


def passed_over(parts: Iterable[str]) -> bool:
    """Tell whether a file is hidden or an editor's copy, by the parts of its path within its folder."""
    return any(part.startswith(".") or part.endswith("~") for part in parts)


def is_coop(name: str) -> bool:
    """Tell whether a name can be a co-op's, and so the name of its folder."""
    return _COOP.fullmatch(name) is not None


@lru_cache(maxsize=4_096)
def belongs(name: str, coop: str | None = None) -> bool:
    """Tell whether a name can stand in a mapping of files: below `policies/<coop>/` or `partners/`, nothing hidden.

    With `coop`, only that co-op's files and the partners belong. No name that belongs leads out of the two folders or
    is read as another: no part of it is empty, `.` or `..`, none holds a backslash or an unseen character.
    """
    parts = name.split("/")
    if passed_over(parts) or not all(part and _seen(part) for part in parts):
        return False
    match parts:
        case ["partners", _, *_]:
            return not name.endswith(NOTES)
        case ["policies", folder, _, *_]:
            return is_coop(folder) and coop in {None, folder}
    return False


def _seen(part: str) -> bool:
    return "\\" not in part and not any(unicodedata.category(char) in _UNSEEN for char in part)
