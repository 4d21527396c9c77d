"""gateway client pull --out: a whole population, or what changed in it, into one file, with a bar and a table at the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.cli.output import USAGE, Language, err, fail, out, say, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.client import Advance, Downloaded

PATIENCE_S: Final = 60.0
"""For one call, where the gateway says when to come again."""
_CHOICES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "form": ("--format", ("csv", "ndjson", "parquet")),
    "encoding": ("--encoding", ("utf-8", "utf-8-sig", "cp932")),
    "on_unencodable": ("--unencodable", ("refuse", "geta")),
}
_ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "records": ("件数", "records"),
    "removals": ("停止・消去", "to be removed"),
    "parts": ("受取り回数", "parts"),
    "bytes": ("バイト", "bytes"),
    "seconds": ("秒", "seconds"),
    "replaced": ("〓に置換", "replaced by 〓"),
    "target": ("ファイル", "file"),
    "removals_file": ("停止・消去の一覧", "whom to remove"),
    "since_file": ("次回の印", "token for the next delta"),
    "receipts_file": ("受領証", "receipts"),
}
_TOLD: Final[Mapping[str, Mapping[Language, str]]] = {
    "resync": {
        "ja": "差分を計算できなかったため、全件が届きました。前回までに受け取ったものをすべて、このファイルで置き換えてください"
        "(このファイルにない組合員のデータは使えません)。",
        "en": "The delta could not be computed and the whole population came. Replace all that you received so far by this "
        "file; whoever is not in it, you may no longer use.",
    },
    "removals": {
        "ja": "一覧の組合員のデータを、期限までに指示(delete=消去、stop_using=利用停止)のとおりにしてください。",
        "en": "Do with the data of those listed what it says (delete, stop_using), by the day it says.",
    },
    "replaced": {
        "ja": "cp932にない文字を〓にしました。元の文字が要る場合は、UTF-8で受け取ってください。",
        "en": "Characters that cp932 does not have became 〓. Where they are needed, pull as UTF-8.",
    },
    "ended": {
        "ja": "受取り済みの連絡だけができませんでした。ファイルは揃っています。書出しは24時間で消えます。",
        "en": "The file is complete; only the gateway could not be told. The export is deleted within 24 hours.",
    },
}
_KEPT: Final = (
    "途中までの分は `{folder}` に残り、同じコマンドで続きから受け取ります。やめる場合は、これと `{state}` を消してください。",
    "What is here stays in `{folder}`; the same command goes on from it. To give it up, remove that and `{state}`.",
)


def purpose_of(argument: str | None, option: str | None) -> str:
    """Return the purpose that is asked for, as argument or option; or end where there is none, or two."""
    if (argument is None) == (option is None):
        raise fail(
            "利用目的を一つ指定してください(引数または--purpose) / say one purpose, as argument or --purpose", USAGE
        )
    return argument or option or ""


def to_file(
    folder: Path,
    purpose: str,
    target: Path,
    since: Path | None,
    *,
    shape: Mapping[str, str],
    request: Mapping[str, Any],
    lang: Language,
    as_json: bool,
) -> None:
    """Write a population, or the delta since a token, to a file; or end with what is wrong and how to mend it."""
    from gateway.client import Client, ClientError, Shape, pull_to_file
    from gateway.client.advice import advice
    from gateway.client.disk import is_there
    from gateway.client.download import since_of

    for name, (option, choices) in _CHOICES.items():
        if shape[name] not in choices:
            raise fail(f"{option}: {' | '.join(choices)}", USAGE)
    try:
        token = None if since is None else since_of(since)
        with Client.from_folder(folder, retry_budget=PATIENCE_S) as client, _bar(lang) as watch:
            done = pull_to_file(
                client,
                target,
                purpose,
                shape=Shape(**shape),  # type: ignore[arg-type]  # each is one of its choices
                since=token,
                watch=watch,
                **request,
            )
    except ClientError as refused:
        lines = [str(refused), advice(refused, lang=lang)]
        state = target.with_name(f"{target.name}.export.json")
        if is_there(state):
            kept = _KEPT[lang == "en"]
            lines.append(kept.format(folder=target.with_name(f"{target.name}.part"), state=state))
        raise fail("\n".join(lines)) from None
    _tell(done, lang=lang, as_json=as_json)


@contextmanager
def _bar(lang: Language) -> "Iterator[Callable[[Advance], None]]":
    """A bar of parts on a terminal, on standard error; elsewhere nothing."""
    parts, records = ("parts", "records") if lang == "en" else ("回", "件")
    columns = (
        BarColumn(),
        TextColumn("{task.completed}/{task.fields[of]} " + parts),
        TextColumn("{task.fields[records]:,} " + records),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=None, of="?", records=0)

        def watch(now: "Advance") -> None:
            of = str(now.sealed) if now.final else f"{now.sealed}+"
            total = now.sealed if now.final else None
            progress.update(task, completed=now.parts, total=total, of=of, records=now.records)

        yield watch


def _tell(done: "Downloaded", *, lang: Language, as_json: bool) -> None:
    facts = {name: getattr(done, name) for name in _ROWS}
    if as_json:
        say("", as_json=True, **{**facts, "seconds": round(done.seconds, 1)}, resync=done.resync, delta=done.delta)
        return
    hidden = {name for name in ("removals", "replaced", "removals_file") if not facts[name]}
    facts["seconds"] = f"{done.seconds:.1f}"
    named = {_ROWS[name][lang == "en"]: value for name, value in facts.items() if name not in hidden}
    what, value = ("", "value") if lang == "en" else ("", "値")
    show([{what: name, value: said} for name, said in named.items()], as_json=False)
    for name in ("resync", "removals", "replaced"):
        if getattr(done, name):
            out.print(_TOLD[name][lang], markup=False, highlight=False)
    if not done.ended:
        out.print(_TOLD["ended"][lang], markup=False, highlight=False)
