"""検証: the verifier of docs/transfer-log.md over the gateway's own tables, beside the serving, as far as it has come.

It is the auditor's check but for trust: who runs it here trusts this process to run it. What is read is the newest
published checkpoint, its tiles and its entries. One thread of this process verifies, one log after another, and leaves
half of the time to the serving; what came of it is kept in this process until it ends.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.ports import Clock, Log, Publications
from gateway.tlog.merkle import HASH_SIZE
from gateway.tlog.note import VerifierKey
from gateway.tlog.tiles import CHECKPOINT_PATH, ENTRIES, WIDTH, Read, encode_bundle, parse_path
from gateway.tlog.verify import Report, verify

READ_S: Final = 30.0
"""Until a read that does not end is given up."""


@dataclass(slots=True)
class Run:
    """One verification of a log; the thread writes it, pages read it."""

    coop: str
    by: str
    started: datetime
    done: int = 0
    total: int = 0
    """Entries looked at, of how many; 0 until that is known."""
    finished: datetime | None = None
    report: Report | None = None
    """What came of it; None while it runs, and where it could not be taken to its end (`fault`)."""
    fault: str | None = None
    """The kind of failure that broke it off."""

    @property
    def running(self) -> bool:
        """Whether it is not over."""
        return self.finished is None

    @property
    def percent(self) -> int:
        """How far it has come."""
        return 100 * self.done // self.total if self.total else 0


class _Stopped(Exception):
    """The process ends."""


@dataclass(slots=True)
class Verifications:
    """The verifications of one process: of each log the last one, of all logs one at a time."""

    log: Log
    publications: Publications
    key: Callable[[str], VerifierKey]
    """Co-op → the public key of its log."""
    clock: Clock
    _runs: dict[str, Run] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _threads: ThreadPoolExecutor | None = None
    _read: "Future[bytes | None] | None" = None
    _stopped: bool = False

    def last(self, coop: str) -> Run | None:
        """Return a log's last verification, one that is running among them."""
        return self._runs.get(coop)

    def start(self, coop: str, *, by: str) -> bool:
        """Begin to verify a log; False, and nothing begins, while it is being verified already."""
        before = self._runs.get(coop)
        if before is not None and before.running:
            return False
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="verify")
        run = self._runs[coop] = Run(coop=coop, by=by, started=self.clock())
        task = asyncio.create_task(self._work(run, self._threads), name="verification")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def ended(self) -> None:
        """Wait until nothing is being verified."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Break off what runs."""
        self._stopped = True
        if self._read is not None:
            # The thread waits for it, and this loop will not run it any more.
            self._read.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, run: Run, threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            key = self.key(run.coop)
            read = self._reading(run.coop, loop)
            run.report = await loop.run_in_executor(threads, self._verify, run, read, key)
        except Exception as fault:  # noqa: BLE001  # whatever it is, the page says that it was not taken to its end
            run.fault = type(fault).__name__
        finally:
            run.finished = self.clock()

    def _verify(self, run: Run, read: Read, key: VerifierKey) -> Report:
        since = time.monotonic()

        def told(done: int, total: int) -> None:
            nonlocal since
            if self._stopped:
                raise _Stopped
            run.done, run.total = done, total
            time.sleep(min(time.monotonic() - since, 1.0))
            since = time.monotonic()

        return verify(read, known=[key], origin=key.name, progress=told)

    def _reading(self, coop: str, loop: asyncio.AbstractEventLoop) -> Read:
        """Return the log's files as the verifier reads them, out of the tables; called in the thread."""

        def read(path: str) -> bytes | None:
            if self._stopped:
                raise _Stopped
            waiting = self._read = asyncio.run_coroutine_threadsafe(self._file(coop, path), loop)
            try:
                return waiting.result(READ_S)
            except TimeoutError:
                waiting.cancel()
                raise

        return read

    async def _file(self, coop: str, path: str) -> bytes | None:
        if path == CHECKPOINT_PATH:
            note = await self.publications.checkpoint(coop)
            return None if note is None else note.encode()
        level, index, width = parse_path(path)
        if level == ENTRIES:
            return encode_bundle(await self.log.entries(coop, index * WIDTH, width))
        data = await self.publications.tile(coop, level, index) or b""
        return data[: width * HASH_SIZE] if len(data) >= width * HASH_SIZE else None
