"""What was last signed of each log, in files outside the database: a restored or rewritten one cannot be signed over.

<folder>/<origin, percent-encoded>.checkpoint   the note that was last signed     <…>.lock   held while it changes

All replicas that may publish share the folder; its file system must have locks that hold between them. A state that was
lost is mended with the newest checkpoint known elsewhere: an auditor's, a witness's, or one that the gateway served.
See gateway.ports.CheckpointSigner for the contract.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from gateway.ports import Unpublishable
from gateway.tlog.checkpoint import Checkpoint, open_ours, sign, stated
from gateway.tlog.merkle import verify_consistency
from gateway.tlog.note import NoteSigner, VerifierKey


def last_stated(folder: Path, origin: str) -> Checkpoint | None:
    """Return what was last signed of a log, as its note says: for whoever has no key. None where that cannot be read."""
    try:
        return stated(_path(folder, origin).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _path(folder: Path, origin: str) -> Path:
    return folder / f"{quote(origin, safe='')}.checkpoint"


class RememberingSigner:
    """Signs the checkpoints of one log, each only as the continuation of the one before it."""

    def __init__(self, signer: NoteSigner, folder: Path) -> None:
        self._signer = signer
        self._folder = folder
        self.path = _path(folder, signer.key.name)
        self._lock = self.path.with_suffix(".lock")

    @property
    def key(self) -> VerifierKey:
        """The key of the log."""
        return self._signer.key

    def last(self) -> bytes | None:
        """Return the note that was last signed."""
        try:
            note = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise Unpublishable("state-unreadable", f"`{self.path}` cannot be read: {fault.strerror}") from None
        self._opened(note)
        return note

    def sign(self, checkpoint: Checkpoint, proof: Sequence[bytes], *, since: bytes | None) -> bytes | None:
        """Return the signed note of a log that only grew."""
        with self._alone():
            last = self.last()
            if last != since:
                return None
            if last is not None:
                _refuse_unless_grown(self._opened(last), checkpoint, proof)
            note = sign(checkpoint, [self._signer])
            if note != last:
                # A crash before the rename leaves the old state, and a note that nobody has seen; after it, the new one.
                self._replace(note)
        return note

    def _opened(self, note: bytes) -> Checkpoint:
        try:
            return open_ours(note, [self.key], origin=self.key.name)
        except ValueError as fault:
            raise Unpublishable(
                "state-unreadable",
                f"`{self.path}` is not a checkpoint that the key of `{self.key.name}` signed ({fault}); put the newest "
                "one there that an auditor, a witness or a partner holds",
            ) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock on the state; OSErrors inside become the fault that says so."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock.open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as fault:
            raise Unpublishable(
                "state-unwritable", f"`{self.path}` cannot be written: {fault.strerror}; nothing was signed"
            ) from None

    def _replace(self, note: bytes) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _refuse_unless_grown(last: Checkpoint, now: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raise Unpublishable unless the proof shows that the log which was last signed only grew."""
    if now.size < last.size:
        raise Unpublishable(
            "shrunk",
            f"the log of `{now.origin}` has {now.size} entries, but {last.size} were signed: an older database was "
            "restored, or its end is gone. Bring back the newer one; nothing is signed over it",
        )
    if not verify_consistency(proof, old=last.size, old_root=last.root, new=now.size, new_root=now.root):
        raise Unpublishable(
            "forked",
            f"the log of `{now.origin}` at {now.size} entries does not begin with the {last.size} that were signed: "
            "its entries were changed, or it is another database. Bring back the one that was signed",
        )
