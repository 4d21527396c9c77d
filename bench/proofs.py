"""Proofs out of a log's tiles, read from files as an auditor reads them: what one costs in a short log and in a long one.

The leaves are random hashes: a proof never looks at an entry. Every proof is verified, outside of what is measured.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import machine
from bench.machine import Progress
from gateway.adapters.log_reader import reader_of
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import HASH_SIZE, verify_consistency, verify_inclusion
from gateway.tlog.proving import consistency, inclusion
from gateway.tlog.tiles import WIDTH, Read, split_hashes, tile_path

_TIMES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """CPU µs of one proof in a log of so many entries, the median, and the files that one reads at most."""

    size: int
    inclusion: float
    consistency: float
    files: int


def proofs(*, sizes: tuple[int, ...], progress: Progress) -> list[Proofs]:
    """Measure logs of these sizes."""
    done = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bench") as name, machine.on(machine.cores()[0]):
            progress(f"proofs: the tiles of {size:,} entries")
            roots = _write(Path(name), size)
            progress(f"proofs: in {size:,} entries")
            with reader_of(name) as files:
                done.append(_measured(files.read, size, roots))
    return done


def _write(folder: Path, size: int) -> dict[int, bytes]:
    """Write the hash tiles of a log of this size; return its root, and those of some sizes that it had before."""
    tree, roots = OpenTiles(), {}
    while tree.size < size:
        leaves = split_hashes(os.urandom(HASH_SIZE * min(WIDTH, size - tree.size)))
        for tile in tree.add(leaves):
            _store(folder / tile.path, tile.data)
        if tree.size // WIDTH % (size // WIDTH // 16) == 0:
            roots[tree.size] = tree.root()
    for tile in tree.partial():
        _store(folder / tile.path, tile.data)
    return roots | {size: tree.root()}


def _store(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _measured(read: Read, size: int, roots: dict[int, bytes]) -> Proofs:
    root, before = roots[size], [old for old in roots if old < size]
    most = 0

    def counting() -> Read:
        seen = 0

        def counted(path: str) -> bytes | None:
            nonlocal seen, most
            seen += 1
            most = max(most, seen)
            return read(path)

        return counted

    def included(index: int) -> bool:
        proof = _timed(lambda: inclusion(counting(), index, size), inclusions)
        leaf = read(tile_path(0, index // WIDTH, width=min(WIDTH, size - index // WIDTH * WIDTH))) or b""
        at = index % WIDTH * HASH_SIZE
        return verify_inclusion(leaf[at : at + HASH_SIZE], proof, index=index, size=size, root=root)

    def consistent(old: int) -> bool:
        proof = _timed(lambda: consistency(counting(), old, size), consistencies)
        return verify_consistency(proof, old=old, old_root=roots[old], new=size, new_root=root)

    inclusions: list[float] = []
    consistencies: list[float] = []
    chosen = random.Random(size)
    assert all(included(chosen.randrange(size)) for _ in range(_TIMES))
    assert all(consistent(chosen.choice(before)) for _ in range(_TIMES))
    return Proofs(size=size, inclusion=median(inclusions), consistency=median(consistencies), files=most)


def _timed(work: Callable[[], tuple[bytes, ...]], figures: list[float]) -> tuple[bytes, ...]:
    """Do it, and keep the CPU µs that it took."""
    began = time.thread_time_ns()
    proof = work()
    figures.append((time.thread_time_ns() - began) / 1_000)
    return proof
