"""gateway log export."""

from pathlib import Path

from gateway.app.anchoring import anchorings
from gateway.app.desk import telemetry_of
from gateway.app.keys import checkpoint_signers
from gateway.app.storage import stores
from gateway.cli.log.options import progress_bar
from gateway.cli.output import Json, run, say, settings
from gateway.cli.policy import known
from gateway.oversight.log.checkpoints import publish_checkpoint
from gateway.oversight.log.export import export as export_log
from gateway.settings import Settings


def export(coop: str, folder: Path, as_json: Json = False) -> None:
    """提供ログを検証できる形で書き出す / Write a log as a plain tlog-tiles folder, up to a fresh checkpoint, cosigned by the configured witnesses.

    Exit: 0 done · 1 the log is not what was signed · 2 usage · 3 the log does not answer.
    """

    async def work(configured: Settings) -> tuple[int, str]:
        known(configured, coop)
        async with stores(configured) as opened:
            signer = checkpoint_signers(configured, opened.keys)[coop]
            fresh = await publish_checkpoint(opened.log, opened.publications, coop, signer)
            async with anchorings(configured, opened, telemetry_of(configured), held_back=set()) as anchored:
                note = await anchored[coop].cosigned(least=fresh.size) if coop in anchored else None
            with progress_bar("書き出し / export") as progress:
                checkpoint = await export_log(
                    opened.log, opened.publications, coop, folder, note=note, progress=progress
                )
        return checkpoint.size, signer.key.encode()

    size, vkey = run(work(settings()))
    say(f"{size}件 / entries: {folder}\n検証鍵 / verify with the key\n{vkey}", as_json=as_json, size=size, vkey=vkey)
