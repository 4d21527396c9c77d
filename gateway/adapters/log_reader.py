"""An exported log as files to read: a folder, or the same folder behind an http(s) URL (c2sp.org/tlog-tiles).

Whoever laid the files out is not trusted: a file is cut one byte after the longest of its kind, which no verification
survives, and anything but "there is none" (no such file; 404, 410) is Unreadable, so that a fault of the network never
looks like a missing file. Over HTTP the tiles that follow the one asked for are fetched ahead, a bounded number of them.
"""

import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from gateway.ports import LogFiles
from gateway.tlog.entries import MAX_ENTRY
from gateway.tlog.findings import Unreadable
from gateway.tlog.growth import stamped_size
from gateway.tlog.merkle import HASH_SIZE
from gateway.tlog.tiles import CHECKPOINT_PATH, ENTRIES, WIDTH, parse_path, tile_path

MAX_TILE: Final = WIDTH * HASH_SIZE
MAX_BUNDLE: Final = WIDTH * (2 + MAX_ENTRY)  # of entries as ours are
MAX_OTHER: Final = 1_000_000

AHEAD: Final = 16
CONNECTIONS: Final = 8
ATTEMPTS: Final = 3
FIRST_WAIT_S: Final = 0.2
TIMEOUT_S: Final = 10.0
_NONE: Final = frozenset({404, 410})
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


@contextmanager
def reader_of(where: str, *, timeout_s: float = TIMEOUT_S, wait_s: float = FIRST_WAIT_S) -> Iterator[LogFiles]:
    """Give the files of a folder or of an http(s) URL. Raises ValueError for a URL that is not a plain place."""
    if not where.startswith(("http://", "https://")):
        yield _Folder(Path(where))
        return
    try:
        url = httpx2.URL(where)
    except httpx2.InvalidURL as fault:
        raise ValueError(f"`{where}` is no URL: {fault}") from None
    if not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError(f"`{where}` is not the place of a log: give scheme, host and path alone")
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    timeout = httpx2.Timeout(timeout_s)
    with (
        httpx2.Client(timeout=timeout, limits=limits, trust_env=False) as client,
        ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="log-reader") as threads,
    ):
        remote = _Remote(client, where.rstrip("/"), threads, timeout_s=timeout_s, wait_s=wait_s)
        try:
            yield remote
        finally:
            remote.stop()
            threads.shutdown(cancel_futures=True)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        most = _most(path)
        try:
            with open(self._folder / path, "rb", opener=_at_once) as file:  # Path.open has no opener
                status = os.fstat(file.fileno())
                # A device or a pipe would be read for ever.
                if not stat.S_ISREG(status.st_mode):
                    raise Unreadable(f"`{path}` is not a file")
                return file.read(min(status.st_size, most) + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Unreadable:
            raise
        except OSError as fault:
            raise Unreadable(f"`{path}`: {fault.strerror}") from None

    def stamped(self) -> list[int]:
        try:
            names = [file.name for file in (self._folder / "timestamps").iterdir()]
        except FileNotFoundError:
            return []
        except OSError as fault:
            raise Unreadable(f"`timestamps`: {fault.strerror}") from None
        sizes = (stamped_size(f"timestamps/{name}") for name in names)
        return sorted(size for size in sizes if size is not None)


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for whoever might write to it, if it is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


class _Remote:
    """Reads over HTTP; one thread asks, others fetch for it."""

    def __init__(
        self, client: httpx2.Client, base: str, threads: ThreadPoolExecutor, *, timeout_s: float, wait_s: float
    ) -> None:
        self._client = client
        self._base = base
        self._threads = threads
        self._timeout_s = timeout_s
        self._wait_s = wait_s
        self._size = 0
        self._stopped = False
        self._last: dict[int, int] = {}
        self._coming: dict[int, dict[int, Future[bytes | None]]] = {}

    def stop(self) -> None:
        """Let no fetch that is under way try again."""
        self._stopped = True

    def read(self, path: str) -> bytes | None:
        try:
            level, index, width = parse_path(path)
        except ValueError:
            data = self._fetch(path)
            if path == CHECKPOINT_PATH:
                self._size = _size_in(data or b"")
            return data
        coming = self._ahead(level, index) if width == WIDTH else None
        return self._fetch(path) if coming is None else coming.result()

    def stamped(self) -> list[int]:
        """Return the size of the checkpoint, if it is stamped: a URL cannot be listed."""
        if not self._size:
            self.read(CHECKPOINT_PATH)
        return [self._size] if self._fetch(f"timestamps/{self._size}.checkpoint") is not None else []

    def _ahead(self, level: int, index: int) -> Future[bytes | None] | None:
        """Order the full tiles that follow one read in its turn; give the one itself if it was ordered before."""
        in_turn = index in {0, self._last.get(level, -1) + 1}
        self._last[level] = index
        before = self._coming.get(level, {})
        if not in_turn:
            return before.pop(index, None)
        full = self._size >> (8 * (max(level, 0) + 1))
        following = range(index + 1, min(index + 1 + AHEAD, full))
        self._coming[level] = {
            each: before.get(each) or self._threads.submit(self._fetch, tile_path(level, each)) for each in following
        }
        return before.get(index)

    def _fetch(self, path: str) -> bytes | None:
        most = _most(path)
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self._wait_s * 4 ** (attempt - 1))
            try:
                status, data = self._get(path, most)
            except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as fault:
                why = type(fault).__name__
            else:
                if status == 200:
                    return data
                if status in _NONE:
                    return None
                why = f"the server answered {status}"
                if status not in _AGAIN:
                    break
            if self._stopped:
                break
        raise Unreadable(f"`{path}`: {why}")

    def _get(self, path: str, most: int) -> tuple[int, bytes]:
        until = time.monotonic() + 3 * self._timeout_s
        with self._client.stream("GET", f"{self._base}/{path}") as answer:
            data = bytearray()
            if answer.status_code == 200:
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > most or self._stopped:
                        break
                    if time.monotonic() > until:
                        raise httpx2.ReadTimeout("the answer does not end")
            return answer.status_code, bytes(data[: most + 1])


def _most(path: str) -> int:
    """Give how many bytes a file of this kind can have. ValueError for a path that leads anywhere else."""
    if path.startswith("/") or not all(part.strip(".") for part in path.split("/")):
        raise ValueError("this is not the path of a log's file")
    try:
        level, _, _ = parse_path(path)
    except ValueError:
        return MAX_OTHER
    return MAX_BUNDLE if level == ENTRIES else MAX_TILE


def _size_in(note: bytes) -> int:
    """Give the size that a checkpoint states, to know what to fetch ahead; 0 where it states none."""
    lines = note.split(b"\n", 2)
    size = lines[1] if len(lines) == 3 else b""
    return int(size) if size.isdigit() and len(size) < 20 else 0
