"""gateway keys init | list: the gateway's own keys."""

import typer

from gateway.adapters.key_files import KeyFiles
from gateway.app import note_signers
from gateway.cli.output import Json, explained, say, settings, show

app = typer.Typer(help="ゲートウェイ自身の鍵 / the gateway's own keys", no_args_is_help=True)


@app.command()
def init(as_json: Json = False) -> None:
    """足りない鍵を作る(既にある鍵には触れない) / Make the keys that are missing; existing ones are left alone."""
    configured = settings()
    with explained():
        made = KeyFiles(configured.keys).create(configured.coops)
    say("\n".join(map(str, made)) or "nothing to make", as_json=as_json, made=[str(path) for path in made])


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
