"""What staff did with the log, in the log: an entry by itself, decided under no policy."""

from datetime import datetime
from hashlib import sha256

from gateway.core.identity import Chunk, Subject
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.ports import Committed, Log, Submission, Unavailable
from gateway.tlog.entries import Access, instant


async def note(
    log: Log, coop: str, entry: Access, *, subjects: tuple[Subject, ...] = (), chunks: tuple[Chunk, ...] = ()
) -> int:
    """Commit an entry, with the erasable side rows of its commitment; return its index. Raises Unavailable."""
    said = Submission.of(entry, datetime.fromisoformat(entry.time), subjects=subjects, chunks=chunks)
    verdict = await log.append(coop, said)
    if not isinstance(verdict, Committed):
        raise Unavailable("the log did not take the entry that says who looks")
    return verdict.index


async def note_taken(desk: OversightDesk, coop: str, view: str, taken: bytes, *, by: str, reason: str) -> int:
    """Enter that a view of the log is taken away as these bytes; it names no member. Raises Unavailable."""
    said = Access(
        coop=coop,
        time=instant(desk.clock()),
        look_up="export",
        view=view,
        digest=rfc4648.encode(sha256(taken).digest()),
        members=0,
        by=by,
        reason=reason,
    )
    return await note(desk.log, coop, said)
