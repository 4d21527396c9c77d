"""A settled batch as the arguments of the WRITE statement (postgres_sql.py)."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.adapters.log.batch import HeadRow, Settled, ms

_BETWEEN = "\x1f"


def write_arguments(origin: str, head: HeadRow, done: Settled, ts: int, replay: Mapping[bytes, int]) -> tuple[Any, ...]:
    """Return the 32 arguments, in the order of the statement; `replay` are the keys still to be written."""
    kept = [submission for _, submission in done.accepted]
    subjects = [(nth, pos, one) for nth, s in enumerate(kept) for pos, one in enumerate(s.subjects)]
    chunks = [(nth, one) for nth, s in enumerate(kept) for one in s.chunks]
    requests = [(nth, s.request) for nth, s in enumerate(kept) if s.request is not None]
    return (
        origin,
        head.next_index,
        head.frontier.to_bytes(),
        done.frontier.size,
        done.frontier.to_bytes(),
        done.gov,
        ts,
        b"".join([s.leaf for s in kept]),
        [s.entry for s in kept],
        _joined([s.kind for s in kept]),
        _joined([s.transfer for s in kept]),
        _joined([s.partner for s in kept]),
        _joined([s.purpose for s in kept]),
        _numbers(ms(s.time) for s in kept),
        _numbers(nth for nth, _, _ in subjects),
        _numbers(pos for _, pos, _ in subjects),
        b"".join([one.tag for _, _, one in subjects]),
        b"".join([one.salt for _, _, one in subjects]),
        _numbers(nth for nth, _ in requests),
        [jws for _, jws in requests],
        b"".join(replay),
        _numbers(replay.values()),
        [grant for grant, _ in done.quotas],
        [day for _, day in done.quotas],
        [*done.quotas.values()],
        done.frontier.root(),
        _numbers(nth for nth, _ in chunks),
        _numbers(one.number for _, one in chunks),
        _numbers(one.lo for _, one in chunks),
        _numbers(one.hi for _, one in chunks),
        b"".join([one.salt for _, one in chunks]),
        [one.container for _, one in chunks],
    )


def _numbers(values: Iterable[int]) -> str:
    return _BETWEEN.join(map(str, values))


def _joined(values: list[str | None]) -> str:
    """Join texts, None as an empty one. Raises ValueError where a value would shift its neighbours."""
    text = _BETWEEN.join([value or "" for value in values])
    if text.count(_BETWEEN) != len(values) - 1:
        raise ValueError("a column of the log holds a control character")
    return text
