"""A lock whose file its last holder took away is none: whoever comes next would lock another file of that name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.client.disk import Disk
from gateway.client.errors import FileError


class Overtaken(Disk):
    """Its lock's file is taken away after it was opened and before it is locked; another may take the name."""

    def __init__(self, *, another: bool) -> None:
        super().__init__()
        self._another = another

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        with super()._explained(path):
            yield
        path.unlink()
        if self._another:
            path.touch()


@pytest.mark.parametrize("another", [False, True])
def test_a_lock_that_nobody_else_can_see_is_refused(tmp_path: Path, *, another: bool) -> None:
    overtaken = Overtaken(another=another)
    with pytest.raises(FileError, match="another process"), overtaken.locked(tmp_path / "lock"):
        raise AssertionError("two have the target")


def test_a_lock_is_had_once_and_then_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with Disk().locked(lock), pytest.raises(FileError, match="another process"), Disk().locked(lock):
        raise AssertionError("two have the target")
    with Disk().locked(lock):
        assert lock.exists()
