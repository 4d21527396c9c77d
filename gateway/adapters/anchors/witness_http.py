"""A witness over HTTP (c2sp.org/tlog-witness, add-checkpoint)."""

import re
from collections.abc import Sequence
from typing import Final

import httpx2

from gateway.adapters.bounded_post import WITHIN_S, Answered, post
from gateway.ports import Clock, Prove, Unavailable
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.cosignature import CosignatureKey, cosignatures
from gateway.tlog.note import encode64

MAX_ANSWER: Final = 64 * 1024
TRIES: Final = 3
"""The first and two more, each from the size that the witness names: another replica may ask at the same time."""
CLOCKS_AGREE_S: Final = 300

_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_REFUSED: Final = {
    400: "it cannot read what was sent (400)",
    403: "it knows this log under another key (403): give its operator the log's verifier key",
    404: "it does not know this log (404): give its operator the log's verifier key",
    422: "it refuses the proof that the log only grew (422): this is not the log that it saw before",
}


class HttpWitness:
    """The Witness port: remembers how far the witness has seen the log, and believes only its configured key."""

    def __init__(
        self, url: str, *, key: CosignatureKey, http: httpx2.AsyncClient, clock: Clock, within_s: float = WITHIN_S
    ) -> None:
        """Take its submission prefix and its key."""
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._key = key
        self._http = http
        self._clock = clock
        self._within_s = within_s
        self._seen = 0

    @property
    def name(self) -> str:
        """The name of its key."""
        return self._key.name

    async def cosign(self, note: bytes, prove: Prove) -> str:
        """Return its verified signature line over a checkpoint that the log alone has signed. Raises Unavailable."""
        checkpoint = stated(note.decode())
        for _ in range(TRIES):
            old = self._seen
            if old > checkpoint.size:
                self._seen = 0  # ask it again next time: only its own answer counts
                raise Unavailable(
                    f"it has seen {old} entries and the log has {checkpoint.size}: "
                    "if this lasts, an older database was restored"
                )
            body = _body(old, await prove(old, checkpoint.size), note)
            answered = await post(
                self._http, self._url, body, media_type="text/plain", most=MAX_ANSWER, within_s=self._within_s
            )
            if answered.status == 200:
                line = self._verified(note, answered.body)
                self._seen = checkpoint.size
                return line
            self._seen = _seen(answered, old, checkpoint)
        raise Unavailable("it names another size at each try")

    def _verified(self, note: bytes, lines: bytes) -> str:
        """Return the line of the configured key; those of others are ignored."""
        try:
            found = cosignatures(note + lines, [self._key])
        except ValueError as fault:
            raise Unavailable(f"its answer is no cosignature: {fault}") from None
        if not found:
            raise Unavailable("its answer holds no signature of the configured key")
        if abs(found[0].time - self._clock().timestamp()) > CLOCKS_AGREE_S:
            raise Unavailable("its clock and the gateway's differ by more than 5 minutes")
        return found[0].line


def _body(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    lines = [f"old {old}", *map(encode64, proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + note


def _seen(answered: Answered, old: int, checkpoint: Checkpoint) -> int:
    """Return the size that the witness names in a conflict. Raises Unavailable for any other answer."""
    if answered.status != 409:
        raise Unavailable(_REFUSED.get(answered.status, f"it answered {answered.status}"))
    size = _SIZE.fullmatch(answered.body) if answered.media_type == "text/x.tlog.size" else None
    if size is not None and int(size[1]) != old:
        return int(size[1])
    if old == checkpoint.size:
        raise Unavailable(f"it saw another root for the first {old} entries (409): the log was rewritten, or forked")
    raise Unavailable("it answered 409 without the size that it has seen")
