"""gateway client register | prove | check | pull | follow-ups | ack | report-incident: the partner's side."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import REFUSED, USAGE, Json, Lang, codes_of, err, fail, out, say, text_of

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
    purpose: Annotated[str | None, typer.Argument(help="利用目的 / the purpose")] = None,
    named: Annotated[
        str | None, typer.Option("--purpose", help="利用目的(引数の代わり) / the same, as an option")
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(help="組合員コードのファイル。- で標準入力。省けば全員 / codes; - for stdin; all if left out"),
    ] = None,
    fields: Annotated[str | None, typer.Option(help="カンマ区切り / comma separated")] = None,
    product: str | None = None,
    case: str | None = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="全員をこのファイルに書く / write the whole population to this file")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="csv | ndjson | parquet")] = "csv",
    encoding: Annotated[str, typer.Option(help="CSVの文字コード / of a CSV: utf-8 | utf-8-sig | cp932")] = "utf-8",
    unencodable: Annotated[
        str,
        typer.Option(
            help="cp932にない文字: refuse=件数目と項目を示して止める、geta=〓にして数える / what cp932 does not have: refuse | geta"
        ),
    ] = "refuse",
    since: Annotated[
        Path | None,
        typer.Option(help="前回の印のファイル(FILE.since)。変わった分だけ / the last pull's token: only what changed"),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="差分を--outのファイルに反映する / lay the delta on the file that --out names"),
    ] = False,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """組合員データを受け取り、1行1件のJSONで出す。--out で全員を1つのファイルに / Pull member data; prints one JSON object a line.

    With --out the whole population goes into one file, by an export that is taken up again where it was. Exit: 0 · 1 refused ·
    2 usage.
    """
    from gateway.cli.client_pull import purpose_of, to_file
    from gateway.client import Client, ClientError
    from gateway.client.advice import advice

    purpose = purpose_of(purpose, named)
    asked = fields.split(",") if fields else None
    if target is not None:
        if codes is not None:
            raise fail("--codes と --out は一緒に使えません / --codes does not go with --out", USAGE)
        shape = {"form": form, "encoding": encoding, "on_unencodable": unencodable}
        request = {"fields": asked, "product": product, "case": case, "apply": apply}
        to_file(folder, purpose, target, since, shape=shape, request=request, lang=lang, as_json=as_json)
        return
    if since is not None or apply:
        raise fail("--since と --apply には --out が必要です / --since and --apply need --out", USAGE)
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


@app.command("follow-ups")
def follow_ups(folder: Folder, lang: Lang = "ja") -> None:
    """生協からの訂正・停止・消去の通知を受け取り、1行1件のJSONで出す / What the co-op tells this side to correct, stop or delete.

    Exit: 0 · 1 refused · 2 usage.
    """
    from gateway.client import Client, ClientError
    from gateway.client.advice import advice

    try:
        with Client.from_folder(folder) as client:
            found = client.follow_ups()
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='en' if lang == 'en' else 'ja')}") from None
    for one in found:
        line = {name: getattr(one, name) for name in ("id", "agreement", "duty", "due", "state", "count", "members")}
        more = {name: getattr(one, name) for name in ("purpose", "period", "blocks")}
        print(json.dumps(line | {name: value for name, value in more.items() if value is not None}, ensure_ascii=False))


@app.command()
def ack(
    folder: Folder,
    follow_up: Annotated[str, typer.Argument(help="通知の番号 / the follow-up's id")],
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="実施の証明(誰が何をいつ。組合員コードは書かない)のファイル。- で標準入力。省けば受領だけ / the certificate; "
            "- for stdin; received alone if left out"
        ),
    ] = None,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """通知の受領、または実施の証明に署名して送る / Sign that a follow-up was received, or certify that it is done.

    Exit: 0 · 1 refused · 2 usage.
    """
    from gateway.client import Client, ClientError
    from gateway.client.advice import advice

    text = None if certificate is None else text_of(certificate).strip()
    try:
        with Client.from_folder(folder) as client:
            done = client.acknowledge(follow_up) if text is None else client.certify(follow_up, text)
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='en' if lang == 'en' else 'ja')}") from None
    states = {
        "acknowledged": ("受領", "received"),
        "certified": ("実施の証明", "certified"),
        "open": ("未応答", "open"),
    }
    message = f"{done.follow_up}: {states[done.state][lang == 'en']}"
    say(message, as_json=as_json, follow_up=done.follow_up, state=done.state, signed=done.signed)


@app.command("report-incident")
def report_incident(
    folder: Folder,
    what: Annotated[
        Path,
        typer.Option(
            help="何が起きたかを書いたファイル。- で標準入力。個人名やコードは書かない / what happened; - for stdin"
        ),
    ],
    discovered: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="発覚日 / when it was discovered")],
    known: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="自社が知った日 / when this side knew")],
    title: Annotated[str, typer.Option(help="件名 / a title")] = "",
    wrongful: Annotated[
        str, typer.Option(help="不正の目的のおそれ yes|no|unknown / whether the purpose may be wrongful")
    ] = "unknown",
    encrypted: Annotated[
        str, typer.Option(help="暗号化されたままで鍵は無事か yes|no|unknown / encrypted, and the key is safe")
    ] = "unknown",
    persons: Annotated[int | None, typer.Option(min=0, help="人数(分かる範囲) / how many persons")] = None,
    contact: Annotated[str, typer.Option(help="連絡先 / whom to ask")] = "",
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """漏えい等(のおそれ)を生協に報告する / Report a leak at this side to the co-op.

    署名して送ります。返った案件番号を控えてください / Signed and sent; keep the co-op's name for it. Exit: 0 · 1 refused · 2 usage.
    """
    from gateway.client import Client, ClientError, Report
    from gateway.client.advice import advice

    told = Report(
        what=text_of(what).strip(),
        discovered=discovered.date(),
        known=known.date(),
        title=title,
        wrongful=wrongful,  # type: ignore[arg-type]  # the client refuses what is none of the three
        encrypted=encrypted,  # type: ignore[arg-type]  # as above
        persons=persons,
        contact=contact,
    )
    try:
        with Client.from_folder(folder) as client:
            kept = client.report_incident(told)
    except ClientError as refused:
        raise fail(f"{refused}\n{advice(refused, lang='en' if lang == 'en' else 'ja')}") from None
    message = f"生協の案件番号 {kept.incident}" if lang == "ja" else f"the co-op calls it {kept.incident}"
    say(message, as_json=as_json, incident=kept.incident, received=kept.received, report=kept.report)


def _print(results: object) -> None:
    for result in results:  # type: ignore[attr-defined]  # an iterable of Result
        line = {"member": result.member, "status": result.status}
        print(json.dumps(line | ({"data": result.data} if result.data is not None else {}), ensure_ascii=False))
