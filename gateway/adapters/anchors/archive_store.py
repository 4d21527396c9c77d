"""Where a log is archived: a folder, or a bucket of an S3-compatible object store.

In a folder a file is on the disk, whole, before its name appears. For a bucket the usual `AWS_…` variables say where
it answers and who we are; every upload carries its SHA-256, which a bucket with object lock demands, and `create` asks
the store itself to refuse a name that is taken (If-None-Match).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from gateway.ports import ArchiveStore, Unavailable

if TYPE_CHECKING:
    from obstore.store import S3Store

_PATIENCE = timedelta(seconds=30)
_T = TypeVar("_T")


def archive_store(target: str) -> ArchiveStore:
    """Return the store that `s3://bucket/prefix` or a folder names. Raises ValueError for any other place."""
    if target and "://" not in target:
        return FolderArchive(Path(target))
    parts = urlsplit(target)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("this is no place for an archive; name a folder or `s3://bucket/prefix`")
    from obstore.store import S3Store

    return BucketArchive(
        S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            checksum_algorithm="sha256",
            retry_config={"max_retries": 3, "retry_timeout": _PATIENCE},
        )
    )


class FolderArchive:
    """The ArchiveStore port on a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, path: str) -> bytes | None:
        """Return a file's bytes."""
        return await _done(lambda: _read(self._folder / path))

    async def create(self, path: str, data: bytes) -> bool:
        """Write a file unless its name is taken."""
        return await _done(lambda: _create(self._folder / path, data))

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file, in place of the one of its name."""
        await _done(lambda: _replace(self._folder / path, data))

    async def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder."""
        return await _done(lambda: _names(self._folder / folder))


class BucketArchive:
    """The ArchiveStore port on an object store; nothing is ever deleted, and the bucket's versions keep what `replace` hides."""

    def __init__(self, store: "S3Store") -> None:
        self._store = store

    async def read(self, path: str) -> bytes | None:
        """Return an object's bytes."""
        from obstore import get_async

        async with _answering():
            try:
                return bytes(await (await get_async(self._store, path)).bytes_async())
            except FileNotFoundError:
                return None

    async def create(self, path: str, data: bytes) -> bool:
        """Write an object unless its name is taken."""
        from obstore import put_async
        from obstore.exceptions import AlreadyExistsError

        async with _answering():
            try:
                await put_async(self._store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    async def replace(self, path: str, data: bytes) -> None:
        """Write an object, as a new version of the one of its name."""
        from obstore import put_async

        async with _answering():
            await put_async(self._store, path, data, use_multipart=False)

    async def names(self, folder: str) -> list[str]:
        """Return the names of the objects directly in a folder."""
        from obstore import list as list_objects

        found: list[str] = []
        async with _answering():
            async for page in list_objects(self._store, prefix=f"{folder}/"):
                found += [one["path"].removeprefix(f"{folder}/") for one in page]
        return [name for name in found if "/" not in name]


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as fault:
        # The library's text holds the store's whole answer.
        raise Unavailable(f"the archive does not answer as it should: {type(fault).__name__}") from None


async def _done(work: Callable[[], _T]) -> _T:
    try:
        return await asyncio.to_thread(work)
    except OSError as fault:
        raise Unavailable(f"the archive's folder cannot be used: {fault.strerror}") from None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _create(path: Path, data: bytes) -> bool:
    if path.exists():
        return False
    with _written(path, data) as whole:
        try:
            # A link is refused where the name is taken meanwhile; a rename would replace it.
            os.link(whole, path)
        except FileExistsError:
            return False
    return True


def _replace(path: Path, data: bytes) -> None:
    with _written(path, data) as whole:
        whole.replace(path)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """Give a whole file beside `path`, on the disk under another name; what the caller names it is on the disk after."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    whole = Path(file.name)
    try:
        yield whole
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        whole.unlink(missing_ok=True)
