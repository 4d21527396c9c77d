"""A small log of our own, as the plain files that an auditor is given."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from gateway.tlog import checkpoint, entries
from gateway.tlog.cosignature import Quorum
from gateway.tlog.findings import Code
from gateway.tlog.hash_tiles import hash_tiles
from gateway.tlog.merkle import leaf_hash, root_of
from gateway.tlog.note import Ed25519Signer, VerifierKey
from gateway.tlog.tiles import WIDTH, bundle_path, encode_bundle
from gateway.tlog.verify import Report, verify

ORIGIN = "gateway.example/kyoritsusha"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
NOON = "2026-11-22T12:00:00.000Z"


def make_signer(seed: int, name: str = ORIGIN) -> Ed25519Signer:
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


SIGNER = make_signer(1)


def signed_head(logged: Iterable[bytes], *, signer: Ed25519Signer = SIGNER, origin: str = ORIGIN) -> bytes:
    leaves = [leaf_hash(entry) for entry in logged]
    return checkpoint.sign(checkpoint.Checkpoint(origin, len(leaves), root_of(leaves)), [signer])


def bundles(logged: list[bytes]) -> dict[str, bytes]:
    parts = [logged[first : first + WIDTH] for first in range(0, len(logged), WIDTH)]
    return {bundle_path(index, width=len(part)): encode_bundle(part) for index, part in enumerate(parts)}


def export(logged: list[bytes]) -> dict[str, bytes]:
    """Give the files of the log that holds exactly these entries."""
    tiles = dict(hash_tiles(leaf_hash(entry) for entry in logged))
    return {"checkpoint": signed_head(logged), **bundles(logged), **tiles}


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Put the files of a log where other tools find them."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def check(files: Mapping[str, bytes], *, since: bytes | None = None, quorum: Quorum | None = None) -> Report:
    return verify(files.get, known=[SIGNER.key], origin=ORIGIN, since=since, quorum=quorum)


def check_folder(folder: Path, key: VerifierKey, *, since: bytes | None = None) -> Report:
    """Verify an exported folder as an auditor does, who has nothing but its files and a key."""

    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    return verify(read, known=[key], origin=key.name, since=since)


def release(
    number: int = 0,
    *,
    gov: int = 1,
    time: str = NOON,
    until: str = "2027-04-01T00:00:00.000Z",
    policy: str = DIGEST,
    **changes: Any,
) -> bytes:
    made = entries.Release(
        coop="kyoritsusha",
        time=time,
        transfer=f"t-{number:06}",
        valid_until=until,
        partner="jccu",
        client="jccu-1",
        purpose="p03",
        basis="joint_use",
        article="27(5)(iii)",
        agreement="jccu-2024",
        grant="g1",
        notice="2024-04-01",
        policy=policy,
        gov=gov,
        fields={"name": "keep"},
        counts=entries.Counts(asked=1, released=1),
        commitment=DIGEST,
        request=DIGEST,
        body=DIGEST,
        encryption={"alg": "ECDH-ES", "kid": DIGEST},
        proof=DIGEST,
    )
    return entries.encode(replace(made, **changes))


def denial(*, gov: int | None = None, time: str = NOON, policy: str | None = None) -> bytes:
    reasons = ["grant:field:not_granted"]
    return entries.encode(entries.Denial(coop="kyoritsusha", time=time, gov=gov, policy=policy, reasons=reasons))


def publish(*, gov: int, time: str = NOON, policy: str = DIGEST, effective: str | None = None) -> bytes:
    return entries.encode(
        entries.Publish(
            coop="kyoritsusha",
            time=time,
            gov=gov,
            policy=policy,
            effective=effective or time,
            proposer="staff-1",
            approver="staff-2",
            reason="new agreement",
        )
    )


def partner(*, gov: int, time: str = NOON, event: Literal["active", "suspended"] = "active") -> bytes:
    return entries.encode(
        entries.Partner(coop="kyoritsusha", time=time, gov=gov, partner="jccu", event=event, by="staff-1", reason="due")
    )


def restrict(*, gov: int, time: str = NOON) -> bytes:
    return entries.encode(
        entries.Restrict(
            coop="kyoritsusha",
            time=time,
            gov=gov,
            event="set",
            restriction="stop_provide",
            members=1,
            commitment=DIGEST,
            by="staff-1",
            reason="asked for",
        )
    )


def with_extra_key(entry: bytes) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(entry), "member": "x"})


START = [publish(gov=-1), partner(gov=0)]
"""What stands in every log before its first release."""

ENTRIES = [*START, *(release(number) for number in range(2, 600))]
LOG = export(ENTRIES)


def refused(report: Report, code: Code, index: int | None = None) -> None:
    assert report.finding is not None
    assert (report.finding.code, report.first_bad_index) == (code, index), report.finding.sentence
    assert not report.ok


def without(path: str) -> dict[str, bytes]:
    assert path in LOG
    return {each: data for each, data in LOG.items() if each != path}


def flipped(path: str, at: int) -> dict[str, bytes]:
    data = bytearray(LOG[path])
    data[at] ^= 1
    return LOG | {path: bytes(data)}


def rebundled(changed: list[bytes]) -> dict[str, bytes]:
    """Other entries under the tiles and the checkpoint of the true ones."""
    return LOG | bundles(changed)
