"""gateway keys init | list | destroy | renew: the gateway's own keys."""

from typing import Annotated

import typer

from gateway.adapters.key_files import KeyFiles
from gateway.app.keys import note_signers
from gateway.app.storage import stores
from gateway.cli.acting import By, Reason, known
from gateway.cli.output import USAGE, Json, explained, fail, run, say, settings, show, typed
from gateway.control_plane import subject_key
from gateway.settings import Settings

app = typer.Typer(help="ゲートウェイ自身の鍵 / the gateway's own keys", no_args_is_help=True)

Subject = Annotated[
    bool, typer.Option("--subject", help="組合員キー(subject.key)。ほかの鍵には使えない / the member key; no other")
]


@app.command()
def init(as_json: Json = False) -> None:
    """足りない鍵を作る(既にある鍵には触れない) / Make the keys that are missing; existing ones are left alone."""
    configured = settings()
    with explained():
        made = KeyFiles(configured.keys).create(configured.coops)
    say(
        "\n".join(map(str, made)) or "nothing to make",
        as_json=as_json,
        made=[str(path) for path in made],
    )


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """公開鍵を一覧する / List the public keys."""
    configured = settings()
    with explained():
        keys = KeyFiles(configured.keys)
        rows = [
            {"use": use, "coop": "", "id": jwk["kid"], "alg": jwk["alg"]}
            for use in ("response", "token")
            for jwk in keys.public(use)
        ]
        rows += [
            {"use": "log", "coop": coop, "id": signer.key.encode(), "alg": "Ed25519"}
            for coop, signer in note_signers(configured, keys).items()
        ]
    show(rows, as_json=as_json)


@app.command()
def destroy(coop: str, by: By, reason: Reason, subject: Subject = False, as_json: Json = False) -> None:
    """組合員キーを廃棄し、この生協のログから誰のことかを控えも含めて永久に読めなくする / Forget every member of a co-op's log, in backups too.

    Suspends every partner, says so in the log, then destroys the files of the member key and of the signed requests' key.
    Exit: 0 destroyed · 1 refused, or not confirmed · 2 usage · 3 the log does not answer, and nothing was destroyed.
    """
    _only_subject(subject)

    async def work(configured: Settings) -> tuple[int | None, list[str]]:
        known(configured, coop)
        async with stores(configured) as opened:
            snapshot, key = opened.snapshots.current(coop), opened.keys.subject(coop)
            active = subject_key.active_partners(snapshot)
            typer.echo(
                f"停止される提供先 / partners to be suspended: {', '.join(active) or '-'}\n"
                f"効かなくなる利用停止等 / members whose stops will match nobody: {len(snapshot.restrictions)}",
                err=True,
            )
            typed("destroy", "元に戻せません。続けるなら destroy と / this cannot be undone; to go on, write destroy")
            typed(coop, "どの生協の鍵か、もう一度 / which co-op's key, once more")
            index = await subject_key.announce_destruction(
                opened.log, snapshot, key, by=by, reason=reason, clock=opened.clock
            )
            return index, [str(path) for path in opened.keys.forget(coop)]

    index, gone = run(work(settings()))
    say(
        f"廃棄 / destroyed: {', '.join(gone) or '-'}; "
        + (f"entry {index} of {coop}\n" if index is not None else f"the log of {coop} said so already\n")
        + "鍵の控えも廃棄し、動いているゲートウェイをすべて再起動してください / destroy every copy of the key, and restart every "
        "gateway process: they hold it in memory",
        as_json=as_json,
        index=index,
        destroyed=gone,
    )


@app.command()
def renew(coop: str, by: By, reason: Reason, subject: Subject = False, as_json: Json = False) -> None:
    """組合員キーの新しい世代を始める / Begin a new generation of a co-op's member key, after its destruction or loss.

    Every stop has to be set again before a partner is resumed. Exit: 0 begun · 1 refused · 2 usage · 3 no answer.
    """
    _only_subject(subject)

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            snapshot = opened.snapshots.current(coop)
            subject_key.refuse_active(snapshot)
            typed(
                coop,
                f"組合員 {len(snapshot.restrictions)} 人の利用停止等は効かなくなり、設け直しが必要です。`{coop}` と書いてください / "
                "the stops of so many members match nobody any more and have to be set again; write the co-op's id",
            )
            opened.keys.create((coop,))
            return await subject_key.renew(
                opened.log, snapshot, opened.keys.coop_secrets(coop).subject, by=by, reason=reason, clock=opened.clock
            )

    index = run(work(settings()))
    say(
        f"新しい世代 / a new generation: entry {index} of {coop}\n"
        "ゲートウェイを再起動し、利用停止等を設け直してから提供先を再開してください / restart every gateway process, set the stops again, "
        "then resume the partners",
        as_json=as_json,
        index=index,
    )


def _only_subject(subject: bool) -> None:
    if not subject:
        raise fail("廃棄・更新できるのは組合員キーだけです / only the member key: add --subject", USAGE)
