"""Sign and publish the head of each co-op's log, so that its growth can be witnessed from outside."""

from collections.abc import Mapping

from gateway.ports import Log
from gateway.tlog.checkpoint import Checkpoint, sign
from gateway.tlog.note import NoteSigner

EVERY_S = 1.0


async def publish_checkpoint(log: Log, coop: str, signer: NoteSigner) -> Checkpoint:
    """Sign the committed head and store it; return the checkpoint. Raises Unavailable."""
    head = await log.head(coop)
    checkpoint = Checkpoint(signer.key.name, head.next_index, head.frontier.root())
    await log.publish(coop, checkpoint.size, checkpoint.root, sign(checkpoint, [signer]).decode())
    return checkpoint


async def publish_grown(log: Log, signers: Mapping[str, NoteSigner], sizes: dict[str, int]) -> None:
    """Publish a checkpoint of each log that has grown beyond `sizes`, which is brought up to date. Raises Unavailable."""
    for coop, signer in signers.items():
        if (await log.head(coop)).next_index > sizes.get(coop, -1):
            sizes[coop] = (await publish_checkpoint(log, coop, signer)).size
