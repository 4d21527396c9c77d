"""A file that was opened once and is read by position: whoever cuts it short gets a refusal, not a crash.

A mapping of the file into memory would end the process with SIGBUS where the file shrinks under it; `pread` gives less.
"""

import io
import os
import stat
import weakref
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.adapters.sources.files.refusal import FileRefused, Kind, Refusal

_BUFFER: Final = 1 << 20


class Identity(msgspec.Struct, frozen=True):
    """What tells one state of a file from every other."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    device: int


class Changed(Exception):
    """The file is not any more what was loaded."""


class Opened:
    """A regular file, held open until nothing refers to it; one that is replaced meanwhile can be read to the end."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, also where it is no regular file."""
        # Without O_NONBLOCK a pipe of that name would wait for a writer for ever.
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._closing = weakref.finalize(self, os.close, self.fd)
        self.name = path.name
        found = os.fstat(self.fd)
        if not stat.S_ISREG(found.st_mode):
            self._closing()
            raise OSError("no regular file")
        self.identity = _identity(self.name, found)
        self.size = self.identity.size

    def intact(self) -> bool:
        """Tell whether nobody has written to it since it was opened."""
        return _identity(self.name, os.fstat(self.fd)) == self.identity

    def check(self) -> None:
        """Raise Changed unless it is intact."""
        if not self.intact():
            raise Changed

    def read(self, at: int, length: int) -> bytes:
        """Return bytes of the file. Raises Changed where there are fewer."""
        data = os.pread(self.fd, length, at)
        while len(data) < length:  # a read may stop short of what there is
            more = os.pread(self.fd, length - len(data), at + len(data))
            if not more:
                raise Changed
            data += more
        return data

    def stream(self) -> io.BufferedReader:
        """Return it as a file of its own position, from the beginning."""
        return io.BufferedReader(_Positioned(self), _BUFFER)

    def refuse(self, kind: Kind, *records: int, columns: tuple[str, ...] = (), **numbers: int) -> FileRefused:
        """Return the refusal of this file to raise."""
        return FileRefused(
            Refusal(
                file=self.name,
                kind=kind,
                records=records,
                columns=columns,
                expected=numbers.get("expected"),
                found=numbers.get("found"),
            )
        )


class _Positioned(io.RawIOBase):
    """An open file as a stream that shares no position with any other."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._opened.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        # No further than the file was when it was opened: what is written behind it belongs to no record.
        room = max(0, min(len(buffer), self._opened.size - self._at))
        data = os.pread(self._opened.fd, room, self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def identity_of(path: Path) -> Identity | None:
    """Return what a file is now; None where there is none, or no regular file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _identity(path.name, found) if stat.S_ISREG(found.st_mode) else None


def _identity(name: str, found: os.stat_result) -> Identity:
    return Identity(name, found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev)
