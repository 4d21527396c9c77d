"""Group commit: one writer per process and origin commits whatever waits, as soon as the previous commit returns.

Where requests come together, it first lets the loop turn a few times, so that those whose answers from the source are
at hand join: a larger batch costs each of them less, and waiting for nothing but what is ready costs a lone one nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from gateway.ports import Submission, Unavailable, Verdict

MAX_BATCH = 256
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_OUTSTANDING = 4_096
TURNS = 8
"""Turns of the event loop in which others may join a batch."""

Commit = Callable[[list[Submission]], Awaitable[Sequence[Verdict | Unavailable]]]


class GroupCommit:
    """Collects submissions and hands them to `commit` in batches, in the order in which they came.

    `commit` returns one verdict, or one Unavailable, per submission; what it raises befalls the whole batch.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: deque[tuple[Submission, asyncio.Future[Verdict]]] = deque()
        self._outstanding = 0
        self._together = False
        self._task: asyncio.Task[None] | None = None

    async def append(self, submission: Submission) -> Verdict:
        """Wait for the verdict. A caller that goes away does not take its submission back."""
        if self._outstanding >= MAX_OUTSTANDING:
            raise Unavailable("the log's queue is full")
        waiter: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._queue.append((submission, waiter))
        self._outstanding += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="log writer")
        return await waiter

    async def settled(self) -> None:
        """Wait until nothing is queued or in a transaction."""
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        while self._queue:
            for _ in range(TURNS if self._together else 0):
                await asyncio.sleep(0)
            batch = self._take()
            self._together = len(batch) > 1
            outcomes = await self._outcomes([submission for submission, _ in batch])
            self._outstanding -= len(batch)
            for (_, waiter), outcome in zip(batch, outcomes, strict=True):
                if waiter.done():
                    continue
                if isinstance(outcome, Exception):
                    waiter.set_exception(outcome)
                else:
                    waiter.set_result(outcome)

    def _take(self) -> list[tuple[Submission, asyncio.Future[Verdict]]]:
        taken, size = [self._queue.popleft()], 0
        while self._queue and len(taken) < MAX_BATCH and not _ends_a_batch(taken[-1][0], self._queue[0][0]):
            one = taken[-1][0]
            size += len(one.entry) + 96 * len(one.subjects) + sum(len(chunk.container) for chunk in one.chunks)
            if size > MAX_BATCH_BYTES:
                break
            taken.append(self._queue.popleft())
        return taken

    async def _outcomes(self, batch: list[Submission]) -> Sequence[Verdict | Unavailable]:
        try:
            return await self._commit(batch)
        except Unavailable as fault:
            return [fault] * len(batch)
        except Exception as fault:  # noqa: BLE001  # whatever went wrong, nothing of this batch may be released
            return [Unavailable(f"the log failed: {type(fault).__name__}")] * len(batch)


def _ends_a_batch(one: Submission, following: Submission) -> bool:
    """Tell whether a batch ends between two: after governance, and around what changes more than the log."""
    return one.governs or one.alone or following.alone
