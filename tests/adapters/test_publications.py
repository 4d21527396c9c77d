"""The Publications port's contract, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import engine_of
from gateway.adapters.publications import StoredPublications
from gateway.ports import Timestamped
from gateway.tlog.checkpoint import Checkpoint, sign, stated
from gateway.tlog.hash_tiles import OpenTiles, reading, tiles_along
from gateway.tlog.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from gateway.tlog.proving import consistency, inclusion
from tests import postgres as pg
from tests.tlog.exported_log import ORIGIN, SIGNER

COOP = "kyoritsusha"
LEAVES = [leaf_hash(b"%d" % n) for n in range(66_000)]
root = cache(lambda size: root_of(LEAVES[:size]))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = engine_of(database_url)
    yield made
    await made.dispose()


@pytest.fixture
def publications(engine: AsyncEngine) -> StoredPublications:
    return StoredPublications(engine, origin="gateway.example/{}".format)


async def grow(publications: StoredPublications, tree: OpenTiles, size: int) -> None:
    closed = list(tree.add(LEAVES[tree.size : size]))
    await publications.integrate(COOP, [*closed, *tree.partial()])


def published(size: int) -> tuple[Checkpoint, bytes]:
    checkpoint = Checkpoint(ORIGIN, size, root(size))
    return checkpoint, sign(checkpoint, [SIGNER])


async def test_tiles_grow_in_place_and_narrower_ones_are_their_beginning(publications: StoredPublications) -> None:
    assert await publications.integrated(COOP) == 0
    assert await publications.tile(COOP, 0, 0) is None
    tree = OpenTiles()
    for size in (1, 255, 256, 257, 600):
        await grow(publications, tree, size)
        assert await publications.integrated(COOP) == size
    assert await publications.tile(COOP, 0, 0) == b"".join(LEAVES[:256])
    assert await publications.tile(COOP, 0, 2) == b"".join(LEAVES[512:600])
    assert await publications.tile(COOP, 1, 0) == b"".join(root_of(LEAVES[at : at + 256]) for at in (0, 256))
    assert await publications.integrated("coopdeli") == 0


async def test_a_publisher_that_comes_late_changes_nothing(publications: StoredPublications) -> None:
    await grow(publications, OpenTiles(), 600)
    before = await publications.tiles(COOP, tiles_along(600, 600))
    await grow(publications, OpenTiles(), 513)
    assert await publications.tiles(COOP, tiles_along(600, 600)) == before
    assert await publications.integrated(COOP) == 600


async def test_a_tree_goes_on_from_what_is_stored(publications: StoredPublications) -> None:
    for size in (300, 300, 65_536, 65_700):
        integrated = await publications.integrated(COOP)
        edge = await publications.tiles(COOP, tiles_along(integrated, integrated))
        tree = OpenTiles.resume(integrated, reading(edge))
        await grow(publications, tree, size)
        assert tree.root() == root(size)


@pytest.mark.parametrize("size", [1, 256, 257, 65_536, 66_000])
async def test_a_few_tiles_prove_everything(publications: StoredPublications, size: int) -> None:
    await grow(publications, OpenTiles(), size)
    for index in {0, 1, 255, 256, size // 2, size - 1} & set(range(size)):
        along = tiles_along(index, size)
        read = reading(await publications.tiles(COOP, along))
        assert len(along) <= 6
        assert verify_inclusion(LEAVES[index], inclusion(read, index, size), index=index, size=size, root=root(size))
        proof = consistency(read, index + 1, size)
        assert verify_consistency(proof, old=index + 1, old_root=root(index + 1), new=size, new_root=root(size))


async def test_forgotten_tiles_are_gone_for_one_co_op_alone(publications: StoredPublications) -> None:
    await grow(publications, OpenTiles(), 300)
    tree = OpenTiles()
    closed = list(tree.add(LEAVES[:7]))
    await publications.integrate("coopdeli", [*closed, *tree.partial()])
    await publications.forget(COOP)
    assert await publications.integrated(COOP) == 0
    assert await publications.integrated("coopdeli") == 7


async def test_the_newest_checkpoint_is_the_largest(publications: StoredPublications) -> None:
    assert await publications.checkpoint(COOP) is None
    for size in (12, 5):
        await publications.publish(COOP, *published(size))
    newest = await publications.checkpoint(COOP)
    assert newest is not None
    assert stated(newest).size == 12
    assert await publications.checkpoint("coopdeli") is None


async def test_one_size_has_one_checkpoint(publications: StoredPublications) -> None:
    checkpoint, note = published(5)
    await publications.publish(COOP, checkpoint, note)
    await publications.publish(COOP, Checkpoint(ORIGIN, 5, LEAVES[0]), b"another\n")
    assert await publications.checkpoint(COOP) == note.decode()


async def test_cosignatures_gather_and_repeat_nothing(publications: StoredPublications) -> None:
    checkpoint, note = published(5)
    await publications.publish(COOP, checkpoint, note)
    lines = [f"\u2014 witness{n} AAAA\n" for n in range(3)]
    await publications.add_cosignatures(COOP, 5, [lines[0], lines[0]])
    await asyncio.gather(*(publications.add_cosignatures(COOP, 5, [lines[0], line]) for line in lines[1:]))
    gathered = await publications.checkpoint(COOP)
    assert gathered is not None
    assert gathered.startswith(note.decode())
    assert sorted(gathered.removeprefix(note.decode()).splitlines(keepends=True)) == lines
    await publications.add_cosignatures(COOP, 6, lines)
    assert await publications.checkpoint(COOP) == gathered


async def test_timestamps_are_of_the_note_without_cosignatures(publications: StoredPublications) -> None:
    notes = {}
    for size in (3, 4, 9):
        checkpoint, notes[size] = published(size)
        await publications.publish(COOP, checkpoint, notes[size])
    await publications.set_timestamp(COOP, 9, b"nine")
    await publications.set_timestamp(COOP, 3, b"three")
    await publications.add_cosignatures(COOP, 9, ["\u2014 witness AAAA\n"])
    three, nine = Timestamped(3, notes[3], b"three"), Timestamped(9, notes[9], b"nine")
    assert await publications.timestamps(COOP, after=-1, count=10) == [three, nine]
    assert await publications.timestamps(COOP, after=-1, count=1) == [three]
    assert await publications.timestamps(COOP, after=3, count=10) == [nine]


async def test_one_of_two_replicas_is_elected(postgres_server: pg.Server) -> None:
    url = postgres_server.url(await postgres_server.make_database())
    engines = [engine_of(url), engine_of(url)]
    first, second = (StoredPublications(engine, origin="gateway.example/{}".format) for engine in engines)
    async with first.elected(COOP) as mine:
        assert mine
        async with second.elected(COOP) as theirs, second.elected("coopdeli") as other:
            assert not theirs
            assert other, "each log is published by itself"
        with pytest.raises(RuntimeError, match="gone"):
            async with first.elected("coopdeli"):
                raise RuntimeError("gone")
    async with second.elected(COOP) as mine, second.elected("coopdeli") as other:
        assert mine
        assert other, "the lock ends with whoever held it, however it ended"
    for engine in engines:
        await engine.dispose()
