"""gateway client register | prove | check | pull: the partner's side."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import REFUSED, Json, Lang, codes_of, err, fail, out, say, text_of

app = typer.Typer(help="提供先側の道具 / the partner's side", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="client.json と鍵のフォルダ / the folder of client.json and the keys")]


@app.command()
def register(folder: Folder, as_json: Json = False) -> None:
    """鍵を作り、生協に渡す公開鍵を書き出す / Make keys and write the public half to hand to the co-op."""
    from gateway.client import ClientError, generate_keys
    from gateway.client.advice import advice

    try:
        keys = generate_keys(folder)
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='ja')}") from None
    public = folder / "public.jwks.json"
    public.write_text(json.dumps(keys.public_jwks(), indent=1) + "\n")
    say(f"{public}: hand this file to the co-op; the private keys stay here", as_json=as_json, public=str(public))


@app.command()
def prove(
    challenge: Annotated[
        Path, typer.Argument(help="生協から届いたチャレンジ。- で標準入力 / the co-op's challenge; - for stdin")
    ],
    keys: Annotated[Path, typer.Option(help="鍵のフォルダ / the folder of the keys")],
) -> None:
    """生協に渡した鍵を持っていることを証明する回答を出す / Print the answer that proves that the keys are yours."""
    from gateway.client import ClientError, load_keys, prove as answer
    from gateway.client.advice import advice

    try:
        given = text_of(challenge).encode("utf-8", "surrogatepass")
        proof = answer(given, load_keys(keys), file=str(challenge))
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='ja')}") from None
    err.print(f"{proof.told}", markup=False, highlight=False)
    print(json.dumps(proof.answer, ensure_ascii=False, indent=1))


@app.command()
def check(folder: Folder, lang: Lang = "ja", case: str | None = None) -> None:
    """時計・鍵・トークン・提供範囲・復号を確かめる / Check clock, keys, token, grant and decryption, a line each."""
    from gateway.client import run_checks

    failed = False
    for result in run_checks(folder, lang="en" if lang == "en" else "ja", case=case):
        failed |= result.status == "failed"
        style = {"ok": "green", "failed": "red", "not_run": "yellow"}[result.status]
        mark = {"ok": "✔", "failed": "✘", "not_run": "–"}[result.status]
        out.print(f"{mark} {result.name}: {result.text}", style=style, markup=False, highlight=False)
        if result.advice:
            out.print(f"   {result.advice}", markup=False, highlight=False)
    if failed:
        raise typer.Exit(REFUSED)


@app.command()
def pull(
    folder: Folder,
    purpose: str,
    codes: Annotated[
        Path | None,
        typer.Option(help="組合員コードのファイル。- で標準入力。省けば全員 / codes; - for stdin; all if left out"),
    ] = None,
    fields: Annotated[str | None, typer.Option(help="カンマ区切り / comma separated")] = None,
    product: str | None = None,
    case: str | None = None,
    lang: Lang = "ja",
) -> None:
    """組合員データを受け取り、1行1件のJSONで出す / Pull member data; prints one JSON object a line."""
    from gateway.client import Client, ClientError
    from gateway.client.advice import advice

    asked = fields.split(",") if fields else None
    try:
        with Client.from_folder(folder) as client:
            if codes is None:
                for page in client.pages(purpose, fields=asked, product=product, case=case):
                    _print(page.results)
            else:
                for transfer in client.pull_many(purpose, codes_of(codes), fields=asked, product=product, case=case):
                    _print(transfer.results)
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='en' if lang == 'en' else 'ja')}") from None


def _print(results: object) -> None:
    for result in results:  # type: ignore[attr-defined]  # an iterable of Result
        line = {"member": result.member, "status": result.status}
        print(json.dumps(line | ({"data": result.data} if result.data is not None else {}), ensure_ascii=False))
