"""Verification of an exported log: entries a second of one core, and memory against a log of a tenth of the size.

The log is laid out as `gateway log export` does it and read as `gateway log verify` reads it, each size in a process of
its own: `python -m bench.verification FOLDER KEY` is one of them. In it is what a co-op's log holds: releases to the
partners of 20 streams, one refusal among a hundred entries, and every 5,000 a restriction, which moves what all that
follow must name, and new keys of the partners.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import machine
from bench.machine import Progress
from bench.partner import COOP, PAGE
from bench.releases import ORIGIN, POLICY, STREAMS, TRANSFER, partner_of, release_of
from gateway.adapters.log_reader import reader_of
from gateway.tlog.checkpoint import Checkpoint, sign
from gateway.tlog.entries import Counts, Denial, Partner, Publish, Restrict, encode, instant
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.note import Ed25519Signer, parse_vkey
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, bundle_path, encode_bundle
from gateway.tlog.verify import verify

_RESTRICTED_EVERY, _REFUSED_EVERY = 5_000, 100
_BEGUN = datetime(2026, 11, 22, tzinfo=UTC)
_APART = timedelta(days=1) / (STREAMS * PAGE)
_BY, _REASON = "運用", "計測"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One log, verified: seconds, and what the process took at most, in MB."""

    entries: int
    written: int
    """Bytes of the bundles and tiles."""
    cpu: float
    wall: float
    memory: float


def verification(*, size: int, progress: Progress) -> list[Verified]:
    """Verify a log of a tenth of this size, and one of this size."""
    signer = Ed25519Signer(ORIGIN, Ed25519PrivateKey.generate())
    done = []
    for entries in (size // 10, size):
        with tempfile.TemporaryDirectory(prefix="bench") as name:
            progress(f"verification: writing a log of {entries:,} entries")
            written = _write(Path(name), islice(_log(), entries), signer)
            progress(f"verification: reading {entries:,} entries")
            done.append(_measured(name, signer.key.encode(), entries=entries, written=written))
    return done


def _measured(folder: str, vkey: str, *, entries: int, written: int) -> Verified:
    command = [sys.executable, "-m", "bench.verification", folder, vkey]
    with machine.on(machine.cores()[0]):
        process = subprocess.run(command, cwd=machine.ROOT, stdout=subprocess.PIPE, check=True)
    told = json.loads(process.stdout)
    assert told.pop("size") == entries
    return Verified(entries=entries, written=written, **told)


def _worker(folder: str, vkey: str) -> None:
    key = parse_vkey(vkey)
    wall, cpu = time.perf_counter(), time.process_time()
    with reader_of(folder) as files:
        report = verify(files.read, known=[key], origin=key.name)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if not report.ok:
        raise SystemExit(f"the log of the benchmark does not verify: {report.finding}")
    print(json.dumps({"size": report.size, "cpu": cpu, "wall": wall, "memory": _most_memory()}))


def _most_memory() -> float:
    """Return the most that this process took, in MB; ru_maxrss would count what its parent had taken."""
    [most] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(most.split()[1]) / 1_000


def _write(folder: Path, log: Iterator[bytes], signer: Ed25519Signer) -> int:
    """Lay a log out as its export does, and return its bytes."""
    tree, bundles, written = OpenTiles(), 0, 0
    while entries := list(islice(log, WIDTH)):
        files = [(bundle_path(bundles, width=len(entries)), encode_bundle(entries))]
        files += [(tile.path, tile.data) for tile in tree.add(map(leaf_hash, entries))]
        written += _store(folder, files)
        bundles += 1
    written += _store(folder, [(tile.path, tile.data) for tile in tree.partial()])
    (folder / CHECKPOINT_PATH).write_bytes(sign(Checkpoint(ORIGIN, tree.size, tree.root()), [signer]))
    return written


def _store(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    written = 0
    for path, data in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        written += (folder / path).write_bytes(data)
    return written


def _log() -> Iterator[bytes]:
    """Yield the entries of a co-op's log, without end."""
    start = instant(_BEGUN)
    publish = Publish(
        coop=COOP, time=start, gov=-1, policy=POLICY, effective=start, proposer="起案", approver="承認", reason="計測"
    )
    yield encode(publish)
    for stream in range(STREAMS):
        yield encode(
            Partner(
                coop=COOP, time=start, gov=stream, partner=partner_of(stream), event="active", by=_BY, reason=_REASON
            )
        )
    gov, index, moment = STREAMS, STREAMS + 1, _BEGUN
    while True:
        shapes = [_shape(stream, moment, gov) for stream in range(STREAMS)]
        for _ in range(_RESTRICTED_EVERY - 1):
            moment += _APART
            time_ = instant(moment)
            if index % _REFUSED_EVERY == 0:
                yield _denial(index, time_, gov)
            else:
                yield _release(shapes[index % STREAMS], index, time_)
            index += 1
        restrict = Restrict(
            coop=COOP, time=instant(moment), gov=gov, event="set", restriction="stop_use", members=1,
            commitment=_digest(), by=_BY, reason=_REASON,
        )  # fmt: skip
        yield encode(restrict)
        gov, index = index, index + 1


def _shape(stream: int, at: datetime, gov: int) -> bytes:
    """Return a release with a place for each value that is another in every release."""
    release = release_of(stream, at, gov=gov, key=_digest())
    data = encode(release)
    time_, same = release.time.encode(), b'":"' + b"A" * 43
    for name in (b"body", b"commitment", b"request"):
        data = data.replace(name + same, name + b'":"%b')
    data = data.replace(
        b'"not_available":0,"refused":0,"released":1000', b'"not_available":%d,"refused":0,"released":%d'
    )
    data = data.replace(b'time":"' + time_, b'time":"%b').replace(b'valid_until":"' + time_, b'valid_until":"%b')
    return data.replace(TRANSFER.encode(), b"%b")


def _release(shape: bytes, index: int, time_: str) -> bytes:
    text, missing = urlsafe_b64encode(os.urandom(99)), index % 11
    now, until = time_.encode(), time_[:10].encode() + b"T23:59:59.999Z"
    transfer = os.urandom(16).hex().encode()
    return shape % (
        text[:43], text[43:86], missing, PAGE - missing, text[86:129], now, transfer, until,
    )  # fmt: skip


def _denial(index: int, time_: str, gov: int) -> bytes:
    partner = partner_of(index % STREAMS)
    return encode(
        Denial(
            coop=COOP, time=time_, transfer=os.urandom(16).hex(), partner=partner, client=f"{partner}-orders",
            purpose="P4", agreement=f"kyoritsusha-{partner}-01", notice="2022-04-01", policy=POLICY, gov=gov,
            fields=["name", "phone"], counts=Counts(asked=1, refused=1), request=_digest(), proof=_digest(),
            reasons=["field:phone:not_granted"],
        )
    )  # fmt: skip


def _digest() -> str:
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


if __name__ == "__main__":
    _worker(*sys.argv[1:])
