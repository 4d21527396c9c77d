"""A real log with the entries of requests in it, as the data plane writes them; each test says what was asked and when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from gateway.adapters.database import sqlite_path
from gateway.adapters.log.sqlite import SqliteLog
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Counts, Denial, Entry, Release, Review, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests import factories as make
from tests.clock import SettableClock

COOP = "kyoritsusha"
_DIGEST = "A" * 43
_numbers = count()


@asynccontextmanager
async def open_log(url: str) -> AsyncIterator[SqliteLog]:
    """A log on a migrated SQLite file."""
    path: Path | None = sqlite_path(url)
    assert path is not None
    log = SqliteLog(path, origin="gateway.example/{}".format, clock=SettableClock())
    await log.start()
    yield log
    await log.close()


async def say(log: SqliteLog, *entries: Entry) -> None:
    """Commit entries in their order."""
    for entry in entries:
        data = encode(entry)
        submission = Submission(entry=data, leaf=leaf_hash(data), kind=entry.kind, time=make.NOON)
        assert isinstance(await log.append(COOP, submission), Committed)


def ago(**time: float) -> datetime:
    return make.NOON - timedelta(**time)


def released(fields: dict[str, str], *, at: datetime = make.NOON, **changes: Any) -> Release:
    values: dict[str, Any] = {
        "coop": COOP,
        "time": instant(at),
        "transfer": f"t-{next(_numbers)}",
        "valid_until": instant(at + timedelta(hours=1)),
        "partner": "sunnet",
        "client": "c-1",
        "purpose": "P4",
        "product": "G1",
        "basis": "joint_use",
        "article": "法27条5項3号",
        "agreement": "a-1",
        "grant": "delivery",
        "notice": "2022-04-01",
        "policy": "0" * 64,
        "gov": 5,
        "counts": Counts(asked=10, released=8, not_available=2),
        "commitment": _DIGEST,
        "request": _DIGEST,
        "body": _DIGEST,
        "encryption": {},
        "proof": _DIGEST,
    }
    return Release(fields=fields, **{**values, **changes})


def denied(fields: list[str], *reasons: str, at: datetime = make.NOON, **changes: Any) -> Denial:
    values: dict[str, Any] = {
        "coop": COOP,
        "time": instant(at),
        "transfer": f"t-{next(_numbers)}",
        "partner": "sunnet",
        "client": "c-1",
        "purpose": "P4",
        "product": "G1",
        "agreement": "a-1",
        "counts": Counts(asked=10),
        "reasons": list(reasons),
    }
    return Denial(fields=fields, **{**values, **changes})


def other_kind(at: datetime = make.NOON) -> Review:
    """An entry that is no request's."""
    first = instant(at)
    return Review(coop=COOP, time=first, start=first, end=first, size=0, root=_DIGEST, counts={"release": 1}, by="監査")
