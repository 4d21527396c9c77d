"""gateway log prove | verify-proof | verify-member: one entry, and one member of it, without the rest of the log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.app.keys import checkpoint_signers
from gateway.app.storage import stores
from gateway.cli.log.options import Key, Needed, Witnesses, data_of, files_of, key_of, progress_bar, quorum_of
from gateway.cli.log.words import line_of
from gateway.cli.output import REFUSED, USAGE, Json, Lang, explained, fail, run, say, settings
from gateway.oversight.log.checkpoints import publish_checkpoint
from gateway.oversight.log.prove import NotFound, Proven, prove as prove_transfer, prove_in_files
from gateway.settings import Settings
from gateway.tlog import member_proof, proof as tlog_proof
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.cosignature import Quorum
from gateway.tlog.entries import decode
from gateway.tlog.note import VerifierKey
from gateway.tlog.proof import SUFFIX, Proof

ENTRY = ".entry"
_SHOWN: Mapping[member_proof.Shown, str] = {"member": "含まれます", "absent": "含まれません"}

ProofFile = Annotated[Path, typer.Argument(metavar="PROOF", help="tlog-proof@v1 のファイル / a file of tlog-proof@v1")]
EntryFile = Annotated[Path, typer.Argument(metavar="ENTRY", help="記録のバイト列 / the entry's exact bytes")]


def prove(
    transfer: Annotated[str, typer.Argument(help="転送ID / the transfer's id")],
    where: Annotated[
        str | None, typer.Option(help="書き出したフォルダかURL(省けばデータベース) / a folder or URL; the database")
    ] = None,
    to: Annotated[Path, typer.Option(help="証明と記録を置くフォルダ / where proof and entry are written")] = Path(),
    as_json: Json = False,
) -> None:
    """その提供の記録がログにあることの証明を作る / Make the proof that a transfer's entry is in the log.

    Writes <transfer>.tlog-proof and <transfer>.entry. Exit: 0 done · 1 no such entry, or the files do not agree ·
    2 usage · 3 the log does not answer.
    """
    if not transfer.isascii() or not transfer.replace("-", "").replace("_", "").isalnum():
        raise fail(f"`{transfer}` は転送IDではありません / is no transfer id", USAGE)
    if where is None:
        proven = run(_from_database(settings(), transfer))
    else:
        with explained(), files_of(where) as files, progress_bar("検索 / search") as progress:
            proven = prove_in_files(files.read, transfer, progress=progress)
    files_written = to / f"{transfer}{SUFFIX}", to / f"{transfer}{ENTRY}"
    try:
        to.mkdir(parents=True, exist_ok=True)
        files_written[0].write_text(tlog_proof.encode(proven.proof))
        files_written[1].write_bytes(proven.entry)
    except OSError as fault:
        raise fail(f"`{to}` に書けません / cannot be written: {fault.strerror}", USAGE) from None
    index, size = proven.proof.index, stated(proven.proof.checkpoint.decode()).size
    told = f"記録 / entry {index} of {size}: {files_written[0]}, {files_written[1]}"
    say(told, as_json=as_json, index=index, size=size, proof=str(files_written[0]), entry=str(files_written[1]))


async def _from_database(configured: Settings, transfer: str) -> Proven:
    async with stores(configured) as opened:
        for coop in configured.coops:
            if await opened.publications.of_transfer(coop, transfer) is not None:
                signer = checkpoint_signers(configured, opened.keys)[coop]
                await publish_checkpoint(opened.log, opened.publications, coop, signer)
                return await prove_transfer(opened.publications, coop, transfer)
    raise NotFound(f"no entry is of the transfer `{transfer}`")


def verify_proof(
    proof: ProofFile,
    entry: EntryFile,
    key: Key,
    witness: Witnesses = None,
    quorum: Needed = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """記録がログにあることの証明を、手元だけで検証する / Verify offline that an entry is in the log.

    Exit: 0 verified · 1 not proved · 2 usage.
    """
    known, needed = key_of(key), quorum_of(witness, quorum)
    data = data_of(entry)
    checked, head = _proved(proof, data, known, needed, as_json=as_json)
    line = line_of(checked.index, data, lang=lang)
    words = "ログにあります" if lang == "ja" else "is in the log"
    say(
        f"✔ #{checked.index} / {head.size} {head.origin}: {words}\n{line}",
        as_json=as_json,
        ok=True,
        index=checked.index,
        size=head.size,
        origin=head.origin,
        root=head.root.hex(),
    )


def verify_member(
    member: Annotated[Path, typer.Argument(metavar="MEMBER", help="組合員の証明(JSON) / the member's proof, JSON")],
    proof: ProofFile,
    entry: EntryFile,
    key: Key,
    witness: Witnesses = None,
    quorum: Needed = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """記録に組合員が含まれる(含まれない)ことの証明を検証する / Verify that a member is among those of a proved entry, or not.

    The entry is proved to be in the log first. Exit: 0 verified, whichever it shows · 1 not proved · 2 usage.
    """
    known, needed = key_of(key), quorum_of(witness, quorum)
    data = data_of(entry)
    about = data_of(member)
    checked, head = _proved(proof, data, known, needed, as_json=as_json)
    try:
        shown = member_proof.verify_member(member_proof.parse(about), entry=data)
    except ValueError as refused:
        raise _not_proved(refused, as_json=as_json) from None
    words = _SHOWN[shown] if lang == "ja" else shown
    say(f"✔ #{checked.index}: {words}", as_json=as_json, ok=True, shown=shown, index=checked.index, origin=head.origin)


def _proved(
    path: Path, entry: bytes, known: VerifierKey, quorum: Quorum | None, *, as_json: bool
) -> tuple[Proof, Checkpoint]:
    """Return the proof and the checkpoint that an entry is proved under, or end; the entry is one of this co-op."""
    try:
        proof = tlog_proof.parse(data_of(path).decode())
        head = tlog_proof.verify_proof(proof, entry, known=[known], origin=known.name, quorum=quorum)
        if decode(entry).coop != head.origin.rpartition("/")[2]:
            raise ValueError("the entry is of another co-op than its log")
    except ValueError as refused:
        raise _not_proved(refused, as_json=as_json) from None
    return proof, head


def _not_proved(refused: ValueError, *, as_json: bool) -> typer.Exit:
    if as_json:
        say("", as_json=True, ok=False, sentence=str(refused))
        return typer.Exit(REFUSED)
    return fail(f"✘ 証明になっていません / not proved: {refused}")
