"""A witness as its specification tells it (c2sp.org/tlog-witness), with its own reading of every line, and its faults."""

import base64
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.tlog.merkle import verify_consistency
from tests.simulators.answering import Answer, Faults, answering

EMPTY = (0, sha256(b"").digest())


@dataclass(kw_only=True)
class SimulatedWitness:
    """Keeps the last (size, root) of each log it knows; `bend` changes a cosignature before it is sent."""

    name: str
    now: Callable[[], float]
    logs: dict[str, Ed25519PublicKey]
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    faults: Faults = field(default_factory=Faults)
    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    bend: Callable[[bytes], bytes] | None = None
    conflict: tuple[str, bytes] | None = None
    """Answers 409 with this media type and body."""
    fickle: bool = False
    """Names another size at each request."""
    url: str = ""

    @property
    def vkey(self) -> str:
        kind = b"\x04" + self.key.public_key().public_bytes_raw()
        return f"{self.name}+{self._key_id(kind).hex()}+{base64.b64encode(kind).decode()}"

    def _key_id(self, kind: bytes) -> bytes:
        return sha256(self.name.encode() + b"\n" + kind).digest()[:4]

    def line(self, text: bytes, *, at: int | None = None) -> bytes:
        time = int(self.now()) if at is None else at
        signature = self.key.sign(b"cosignature/v1\ntime " + str(time).encode() + b"\n" + text)
        whole = self._key_id(b"\x04" + self.key.public_key().public_bytes_raw()) + struct.pack(">Q", time) + signature
        return f"\u2014 {self.name} {base64.b64encode(whole).decode()}\n".encode()

    async def answer(self, path: str, kind: str, body: bytes) -> Answer:
        self.bodies.append(body)
        if self.conflict is not None:
            return 409, *self.conflict
        if path != "/w/add-checkpoint":
            return 404, "text/plain", b"not here"
        head, _, note = body.partition(b"\n\n")
        first, *proof = head.decode().split("\n")
        old = int(first.removeprefix("old "))
        text, _, signatures = note.rpartition(b"\n\n")
        text += b"\n"
        origin, size_line, root_line = text.decode().splitlines()[:3]
        size, root = int(size_line), base64.b64decode(root_line)
        if origin not in self.logs:
            return 404, "text/plain", b"unknown log"
        if not self._signed(origin, text, signatures):
            return 403, "text/plain", b"unknown key"
        if old > size:
            return 400, "text/plain", b"old is beyond size"
        known, known_root = self.seen.get(origin, EMPTY)
        if self.fickle:
            known = old + 1
        if old != known:
            return 409, "text/x.tlog.size", f"{known}\n".encode()
        if old == size and root != known_root:
            return 409, "text/plain", b"another root"
        hashes = [base64.b64decode(line) for line in proof]
        if old and not verify_consistency(hashes, old=old, old_root=known_root, new=size, new_root=root):
            return 422, "text/plain", b"not consistent"
        self.seen[origin] = size, root
        line = self.line(text)
        return 200, "text/plain", self.bend(line) if self.bend else line

    def _signed(self, origin: str, text: bytes, signatures: bytes) -> bool:
        for line in signatures.decode().splitlines():
            name, encoded = line.removeprefix("\u2014 ").split(" ")
            try:
                self.logs[origin].verify(base64.b64decode(encoded)[4:], text)
            except InvalidSignature:
                continue
            return name == origin
        return False


@asynccontextmanager
async def running_witness(witness: SimulatedWitness) -> AsyncIterator[SimulatedWitness]:
    """Serve a witness; its submission prefix is `/w`."""
    async with answering(witness.faults, witness.answer) as url:
        witness.url = f"{url}/w/"
        yield witness
