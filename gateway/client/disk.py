"""Files that survive a power cut: what `write` and `rename` returned from is on the disk, and a file is whole or not there.

Every file is readable by its owner alone from its first byte.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import BinaryIO

from gateway.client.errors import FileError

if sys.platform != "win32":
    import fcntl

Sync = Callable[[int], None]


class Disk:
    """Where a download writes. `sync` makes an open file durable: os.fsync."""

    def __init__(self, sync: Sync = os.fsync) -> None:
        self._sync = sync

    def write(self, path: Path, data: bytes) -> None:
        """Put a whole file in place of whatever was there."""
        with self.written(path) as file:
            file.write(data)

    @contextmanager
    def written(self, path: Path, *, beside: Path | None = None) -> Iterator[BufferedWriter]:
        """A file to be filled (in `beside`, a folder of the same file system, if given); it takes the name at the end."""
        unnamed = (beside or path.parent) / f".{path.name}.tmp"
        with self._explained(path):
            unnamed.unlink(missing_ok=True)
            handle = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                self._sync(file.fileno())
            unnamed.replace(path)
            self.settle(path.parent)

    def append(self, path: Path, line: bytes) -> None:
        """Add one line to a file; a line that an earlier end of the process left torn is taken away first."""
        with self._explained(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(handle, "r+b") as file:
                file.truncate(_whole_lines(file))
                file.seek(0, os.SEEK_END)
                file.write(line + b"\n")
                file.flush()
                self._sync(file.fileno())

    def folder(self, path: Path) -> None:
        """Make a folder that only its owner can enter."""
        with self._explained(path):
            path.mkdir(mode=0o700, exist_ok=True)
            self.settle(path.parent)

    def remove(self, *paths: Path) -> None:
        """Take files away; a folder with all that is in it."""
        for path in paths:
            with self._explained(path):
                if path.is_dir():
                    for inside in path.iterdir():
                        inside.unlink()
                    path.rmdir()
                else:
                    path.unlink(missing_ok=True)

    def settle(self, folder: Path) -> None:
        """Make the names in a folder durable; not on Windows, which knows no such thing."""
        if os.name != "posix":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            self._sync(handle)
        finally:
            os.close(handle)

    @contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """Be the only process that has this file locked; the lock ends with the process, however that ends."""
        if sys.platform == "win32":  # which has no such lock
            yield
            return
        with self._explained(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had it before may have taken it away with its folder: then this is no lock that others see.
                mine = os.path.samestat(os.fstat(handle), path.stat())
            except OSError:
                mine = False
            if not mine:
                raise FileError(str(path), "another process is writing this file just now")
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(str(path), f"cannot be written ({error.strerror})") from None


def read(path: Path) -> bytes | None:
    """The content of a file, or None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(str(path), f"cannot be read ({error.strerror})") from None


def sha256(path: Path) -> str:
    """The hash of a file's content, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(str(path), f"cannot be read ({error.strerror})") from None


def is_there(path: Path) -> bool:
    """Whether there is such a file; none can be of a name that is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def _whole_lines(file: BinaryIO) -> int:
    """How many bytes of a file end with a line feed."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 65_536)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
