"""Append a governance entry together with its effects, decided on the state that is in force when it commits."""

from collections.abc import Callable
from datetime import datetime

from gateway.core.identity import Subject
from gateway.core.state import Effect
from gateway.ports import (
    Bounced,
    Change,
    Clock,
    Committed,
    Log,
    MemberCode,
    Submission,
    Unavailable,
    Unchanged,
)
from gateway.tlog.entries import Entry

ROUNDS = 8

Act = Callable[[int, datetime], tuple[Entry, tuple[Effect, ...]]]
"""(governance index in force, now) → the entry and what it puts in force."""


async def govern(
    log: Log,
    coop: str,
    act: Act,
    *,
    clock: Clock,
    base: int | None = None,
    subjects: tuple[Subject, ...] = (),
    change: Change | None = None,
    codes: tuple[MemberCode, ...] = (),
    events: tuple[bytes, ...] = (),
) -> int:
    """Commit an act; return the index of its entry, which is the new `gov`.

    With `base`, the act stands only on that governance index: raises StaleBase where another one is in force. Without,
    it is made again on whatever came in between. `subjects` are the erasable side rows of its commitment, `codes` whom
    it names. With `change`, raises NotSo where the row is not as that demands; with `events`, where somebody has told one
    of them. Raises Unavailable.
    """
    gov = base if base is not None else (await log.head(coop)).gov
    for _ in range(ROUNDS):
        now = clock()
        entry, effects = act(gov, now)
        verdict = await log.append(
            coop,
            Submission.of(
                entry, now, gov=gov, effects=effects, subjects=subjects, change=change, codes=codes, events=events
            ),
        )
        if isinstance(verdict, Committed):
            return verdict.index
        if isinstance(verdict, Unchanged):
            raise NotSo
        assert isinstance(verdict, Bounced)
        if base is not None and verdict.gov != base:
            raise StaleBase(base, verdict.gov)
        gov = verdict.gov
    raise Unavailable("governance changed too often for this act to be committed")


class NotSo(Exception):
    """What an act was to change besides the log is not as it demands; nothing was written."""


class StaleBase(Exception):
    """What an act was decided on is no longer in force."""

    def __init__(self, base: int, gov: int) -> None:
        super().__init__(f"decided on governance entry {base}, but {gov} is in force; look at it again and repeat")
        self.base = base
        self.gov = gov
