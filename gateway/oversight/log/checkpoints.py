"""Sign and publish the head of each co-op's log, so that its growth can be witnessed from outside.

1 entries → leaf hashes → tiles     from the stored bytes; the stored hashes are not believed
2 the tiles' root = the root that the commit point wrote (I3), or nothing is stored or signed
3 proof that the tree begins with the one that was last signed, whatever the database says was published
4 the signer, who keeps that last one outside the database, verifies the proof and signs
5 the checkpoint is stored
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, NoReturn

from gateway.ports import CheckpointSigner, Log, Publications, Telemetry, Unpublishable
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.hash_tiles import OpenTiles, Tile, reading, tiles_along
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.proving import consistency

EVERY_S: Final = 1.0
LOOK_S: Final = 5.0
"""How long a start waits for a look at every log that another process is publishing."""
SUSPECT_S: Final = 60.0
"""Until a log whose entries do not have its root is read once more from its beginning."""

_CHUNK: Final = 1_024  # entries read at once
_STORED: Final = 16  # full tiles in memory before they are stored
_INLINE: Final = 256  # entries hashed in less time than a thread is worth


class Publisher:
    """Publishes every log of one process, round after round."""

    def __init__(
        self,
        log: Log,
        publications: Publications,
        signers: Mapping[str, CheckpointSigner],
        *,
        telemetry: Telemetry,
        rewritten: set[str],
    ) -> None:
        """`rewritten` is told which co-ops' logs are not those that were signed, as long as that is so."""
        self._log = log
        self._publications = publications
        self._signers = signers
        self._telemetry = telemetry
        self._rewritten = rewritten
        self._unseen: set[str] = set()
        self._told: dict[str, str] = {}
        self._again: dict[str, float] = {}

    async def look(self) -> None:
        """Look at every log before anything leaves: until that has been done, none is known to be the one that was signed.

        An older database, restored, may have lost stops of members, and what is appended to it hides that it is older. A
        log that another process publishes all the while is looked at in a later round. Raises Unavailable.
        """
        self._unseen |= self._signers.keys()
        self._rewritten |= self._unseen
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self.round()
                while self._unseen:
                    await asyncio.sleep(0.05)
                    await self.round()

    async def round(self) -> None:
        """Publish each log that has grown; what keeps one from being signed is told, and keeps no other. Raises Unavailable."""
        for coop, signer in self._signers.items():
            now = asyncio.get_running_loop().time()
            if now < self._again.get(coop, now):
                continue
            try:
                done = await attempt(self._log, self._publications, coop, signer)
            except Unpublishable as fault:
                self._refused(coop, fault, now)
            else:
                if done is not None:
                    self._told.pop(coop, None)
                    self._unseen.discard(coop)
                    self._rewritten.discard(coop)

    def _refused(self, coop: str, fault: Unpublishable, now: float) -> None:
        self._telemetry.count("log_unpublishable", coop=coop, code=fault.code)
        if self._told.get(coop) != fault.code:
            self._telemetry.note("log unpublishable", coop=coop, code=fault.code, fault=str(fault))
            self._told[coop] = fault.code
        if fault.code == "root":
            self._again[coop] = now + SUSPECT_S
        if fault.rewritten:
            self._rewritten.add(coop)
        elif fault.code != "tiles" and coop in self._unseen:
            # That nothing can be signed does not show that the log is another: the anchors tell how long that lasts.
            self._rewritten.discard(coop)
        if fault.code != "tiles":
            self._unseen.discard(coop)


async def publish_checkpoint(log: Log, publications: Publications, coop: str, signer: CheckpointSigner) -> Checkpoint:
    """Return a published checkpoint of at least what is committed by now. Raises Unpublishable, Unavailable."""
    size = (await log.head(coop)).next_index
    done, mended = None, False
    while done is None or done.size < size:
        try:
            done = await attempt(log, publications, coop, signer)
        except Unpublishable as fault:
            if fault.code != "tiles" or mended:
                raise
            mended = True
        else:
            if done is None:
                await asyncio.sleep(0.1)  # another process is publishing
    return done


async def attempt(log: Log, publications: Publications, coop: str, signer: CheckpointSigner) -> Checkpoint | None:
    """Publish the committed head; return its checkpoint, or None where another process is publishing.

    Raises Unpublishable, Unavailable.
    """
    async with publications.elected(coop) as mine:
        if not mine:
            return None
        # Each is read before what it follows from, so that whoever publishes meanwhile makes none of them look too old.
        published = await publications.checkpoint(coop)
        last = await asyncio.to_thread(signer.last)
        integrated = await publications.integrated(coop)
        head = await log.head(coop)
        size = head.next_index
        checkpoint = Checkpoint(signer.key.name, size, head.frontier.root())
        signed = None if last is None else stated(last.decode())
        if signed is None and published is not None:
            raise Unpublishable(
                "state-missing",
                f"the log of `{signer.key.name}` was published before, but what was last signed is not in the signer's "
                "state; put its note back there, or the newest one that an auditor or a witness holds",
            )
        if signed == checkpoint and published is not None and stated(published) == checkpoint and integrated == size:
            return checkpoint
        since = 0 if signed is None else signed.size
        proof: tuple[bytes, ...] = ()
        if size >= since:  # a smaller log is the signer's to refuse
            await _integrate(log, publications, coop, checkpoint, integrated)
        if 0 < since < size:
            proof = await _proof(publications, coop, since, size)
        note = await asyncio.to_thread(signer.sign, checkpoint, proof, since=last)
        if note is None:
            return None
        await publications.publish(coop, checkpoint, note)
        return checkpoint


async def _integrate(log: Log, publications: Publications, coop: str, checkpoint: Checkpoint, integrated: int) -> None:
    """Store the tiles up to a checkpoint, in flat memory; raise Unpublishable, nothing more stored, for another root."""
    tree = await _resume(publications, coop, checkpoint, integrated)
    closed: list[Tile] = []
    clock = asyncio.get_running_loop().time
    began = clock()
    while tree.size < checkpoint.size:
        entries = await log.entries(coop, tree.size, min(_CHUNK, checkpoint.size - tree.size))
        if not entries:
            break
        closed += _add(tree, entries) if len(entries) <= _INLINE else await asyncio.to_thread(_add, tree, entries)
        if len(closed) >= _STORED and tree.size < checkpoint.size:
            await publications.integrate(coop, [*closed, *tree.partial()])
            closed.clear()
            # An old log is caught up with beside the serving: half of the time is left to it.
            await asyncio.sleep(clock() - began)
            began = clock()
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        await _mistrust(publications, coop, checkpoint, integrated)
    await publications.integrate(coop, [*closed, *tree.partial()])


def _add(tree: OpenTiles, entries: Iterable[bytes]) -> list[Tile]:
    return list(tree.add(map(leaf_hash, entries)))


async def _resume(publications: Publications, coop: str, checkpoint: Checkpoint, integrated: int) -> OpenTiles:
    edge = await publications.tiles(coop, tiles_along(integrated, integrated))
    try:
        tree = OpenTiles.resume(integrated, reading(edge))
    except ValueError:
        await _mistrust(publications, coop, checkpoint, integrated)
    return tree


async def _proof(publications: Publications, coop: str, old: int, new: int) -> tuple[bytes, ...]:
    tiles = await publications.tiles(coop, tiles_along(old - 1, new))
    try:
        return consistency(reading(tiles), old, new)
    except ValueError:
        await publications.forget(coop)
        raise Unpublishable("tiles", f"tiles of `{coop}` are missing; all are made again") from None


async def _mistrust(publications: Publications, coop: str, checkpoint: Checkpoint, integrated: int) -> NoReturn:
    """Delete the tiles, which may be to blame; where they were all made of the entries just now, the entries are."""
    await publications.forget(coop)
    if integrated:
        raise Unpublishable("tiles", f"the stored tiles of `{coop}` do not have the log's root; all are made again")
    raise Unpublishable(
        "root",
        f"the {checkpoint.size} entries of `{checkpoint.origin}` do not have the root that was committed with them: "
        "an entry was changed or removed in the database. Nothing is signed",
    )
