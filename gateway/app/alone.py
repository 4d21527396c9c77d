"""One serving process on a SQLite file, and no second."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.adapters.database import sqlite_path
from gateway.settings import Settings


class AlreadyServing(Exception):
    """Another process serves from the same SQLite file."""


@contextmanager
def serving_alone(settings: Settings) -> Iterator[None]:
    """Hold the lock that one serving process has on a SQLite file; PostgreSQL needs none. Raises AlreadyServing."""
    path = sqlite_path(settings.database_url)
    if path is None:
        yield
        return
    with Path(f"{path}.serving").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServing(
                f"another process serves from `{path}`; stop it, or use PostgreSQL to run several"
            ) from None
        yield
