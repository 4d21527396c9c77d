"""Where a log is archived: one contract on a folder and on a bucket of an object store."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.adapters.anchors.archive_store import BucketArchive, FolderArchive, archive_store
from gateway.ports import ArchiveStore, Unavailable
from tests.simulators.object_store import ObjectStore, running


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with running() as store:
        yield store


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArchiveStore:
    if request.param == "folder":
        return FolderArchive(tmp_path / "archive")
    objects: ObjectStore = request.getfixturevalue("objects")
    return BucketArchive(objects.store(objects.bucket()))


async def test_a_file_is_created_once_and_read_as_it_is(store: ArchiveStore) -> None:
    path = "tile/0/x001/234.p/5"
    assert await store.read(path) is None
    assert await store.create(path, b"one")
    assert not await store.create(path, b"two")
    assert await store.read(path) == b"one"
    assert await store.create("tile/0/x001/234", b"")
    assert await store.read("tile/0/x001/234") == b""


async def test_the_checkpoint_alone_is_replaced(store: ArchiveStore) -> None:
    await store.replace("checkpoint", b"1")
    await store.replace("checkpoint", b"2")
    assert await store.read("checkpoint") == b"2"


async def test_names_are_those_of_the_files_directly_in_a_folder(store: ArchiveStore) -> None:
    assert await store.names("timestamps") == []
    for path in ("timestamps/7.tsr", "timestamps/7.checkpoint", "timestamps/deeper/8.tsr", "timestampsx/9.tsr"):
        await store.create(path, b"x")
    assert sorted(await store.names("timestamps")) == ["7.checkpoint", "7.tsr"]


async def test_a_bucket_keeps_what_was_replaced(objects: ObjectStore) -> None:
    bucket = objects.bucket()
    store = BucketArchive(objects.store(bucket))
    await store.replace("checkpoint", b"1")
    await store.replace("checkpoint", b"2")
    assert objects.versions(bucket) == ["log/checkpoint", "log/checkpoint"]


async def test_a_bucket_that_is_not_there_or_a_store_that_is_down_is_unavailable(objects: ObjectStore) -> None:
    nobody = ObjectStore("http://127.0.0.1:9")
    for store in (BucketArchive(objects.store("no-such-bucket")), BucketArchive(nobody.store("archive"))):
        for act in (store.create("x", b"1"), store.replace("x", b"1"), store.names("x")):
            with pytest.raises(Unavailable, match="the archive does not answer"):
                await act


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="folder cannot be used"):
        await FolderArchive(tmp_path / "file").create("checkpoint", b"1")


async def test_a_folder_holds_no_half_written_file(tmp_path: Path) -> None:
    store = FolderArchive(tmp_path)
    await store.create("tile/0/000", b"x")
    assert not await store.create("tile/0/000", b"y")
    await store.replace("checkpoint", b"1")
    assert sorted(os.path.relpath(path, tmp_path) for path in tmp_path.rglob("*") if path.is_file()) == [
        "checkpoint",
        "tile/0/000",
    ]


@pytest.mark.parametrize(
    "target",
    ["http://a.example/b", "s3://", "s3:///prefix", "s3://key:secret@bucket/x", "s3://bucket/x?y=z", "gs://b/c"],
)
def test_another_place_is_refused_without_repeating_it(target: str) -> None:
    with pytest.raises(ValueError, match="no place for an archive") as refused:
        archive_store(target)
    assert "secret" not in str(refused.value)


def test_the_place_tells_the_kind(tmp_path: Path) -> None:
    assert isinstance(archive_store(str(tmp_path)), FolderArchive)
    assert isinstance(archive_store("s3://bucket/prefix"), BucketArchive)


async def test_an_upload_carries_what_object_lock_and_write_once_need() -> None:
    """On a bare socket: moto's server does not tell what it was sent."""
    heads: list[dict[str, str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        head = dict(line.split(": ", 1) for line in request[1:] if line)
        await reader.readexactly(int(head["content-length"]))
        heads.append(head)
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = BucketArchive(ObjectStore(f"http://127.0.0.1:{port}").store("bucket"))
        assert await store.create("tile/0/000", b"hashes")
        await store.replace("checkpoint", b"note")
    created, replaced = heads
    assert created["x-amz-checksum-sha256"] == b64encode(sha256(b"hashes").digest()).decode().lower()
    assert created["if-none-match"] == "*"
    assert "x-amz-checksum-sha256" in created["authorization"]
    assert replaced["x-amz-checksum-sha256"] == b64encode(sha256(b"note").digest()).decode().lower()
    assert "if-none-match" not in replaced
