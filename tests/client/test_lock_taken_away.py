"""A lock whose file its last holder took away is none: whoever comes next would lock another file of that name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.client.disk import Disk
from gateway.client.errors import FileError


class Overtaken(Disk):
    """Its lock's file is taken away after it was opened and before it is locked."""

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        with super()._explained(path):
            yield
        path.unlink()


def test_a_lock_that_nobody_else_can_see_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="another process"), Overtaken().locked(tmp_path / "lock"):
        raise AssertionError("two have the target")


def test_a_lock_that_another_file_has_taken_the_name_of_is_refused(tmp_path: Path) -> None:
    class Replaced(Overtaken):
        @contextmanager
        def _explained(self, path: Path) -> Iterator[None]:
            with super()._explained(path):
                yield
            path.touch()

    with pytest.raises(FileError, match="another process"), Replaced().locked(tmp_path / "lock"):
        raise AssertionError("two have the target")


def test_a_lock_is_had_once_and_then_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with Disk().locked(lock), pytest.raises(FileError, match="another process"), Disk().locked(lock):
        raise AssertionError("two have the target")
    with Disk().locked(lock):
        assert lock.exists()
