"""What the auditor's commands share: keys from the command line, where a log is, a progress bar."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app.storage import log_files
from gateway.cli.output import UNAVAILABLE, USAGE, err, fail
from gateway.ports import LogFiles
from gateway.tlog.cosignature import Quorum, parse_witness_vkey
from gateway.tlog.findings import Unreadable
from gateway.tlog.note import VerifierKey, parse_vkey

Key = Annotated[str, typer.Option("--key", help="検証鍵(vkey)またはそのファイル / the vkey, or a file that holds it")]
Witnesses = Annotated[
    list[str] | None,
    typer.Option("--witness", help="証人の検証鍵またはファイル。繰り返せる / a witness's vkey or file; repeat it"),
]
Needed = Annotated[
    int | None,
    typer.Option("--quorum", min=1, help="必要な証人の数(省けば全員) / how many of them must have cosigned; all"),
]
Where = Annotated[str, typer.Argument(help="書き出したフォルダ、またはURL / an exported folder, or its URL")]

_Key = TypeVar("_Key")


def key_of(text: str) -> VerifierKey:
    """Return the log's key that an option names, or end."""
    return _parsed(text, parse_vkey)


def quorum_of(witnesses: list[str] | None, needed: int | None) -> Quorum | None:
    """Return the witnesses that options name and how many of them must agree, or end; None where none is named."""
    if not witnesses:
        if needed is not None:
            raise fail(
                "--quorum には --witness の鍵が要ります / --quorum counts the keys of --witness, and there is none",
                USAGE,
            )
        return None
    keys = tuple(_parsed(each, parse_witness_vkey) for each in witnesses)
    try:
        return Quorum(keys, len(keys) if needed is None else needed)
    except ValueError as refused:
        raise fail(f"証人の指定が正しくありません / --witness, --quorum: {refused}", USAGE) from None


def _parsed(text: str, parse: Callable[[str], _Key]) -> _Key:
    # A path may have a plus in it, as every vkey has.
    inline = "+" in text and not os.path.isfile(text)  # noqa: PTH113  # Path's raises for a vkey that is too long for a name
    line = text if inline else data_of(Path(text), most=10_000).decode(errors="replace").strip()
    try:
        return parse(line)
    except ValueError as refused:
        raise fail(f"`{text}` は検証鍵ではありません / is no verifier key: {refused}", USAGE) from None


def data_of(path: Path, *, most: int = 10_000_000) -> bytes:
    """Return a file's bytes, or end with the file that cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as fault:
        raise fail(f"`{path}` を読めません / cannot be read: {fault.strerror}", USAGE) from None
    if len(data) > most:
        raise fail(f"`{path}` は長すぎます / is too long to be what is asked for", USAGE)
    return data


@contextmanager
def files_of(where: str) -> Iterator[LogFiles]:
    """Give the files of a log, or end where that place is none or does not answer."""
    if not where.startswith(("http://", "https://")) and not Path(where).is_dir():
        raise fail(f"`{where}` はフォルダでもURLでもありません / is neither a folder nor an http(s) URL", USAGE)
    with ExitStack() as stack:
        try:
            files = stack.enter_context(log_files(where))
        except ValueError as refused:
            raise fail(f"そこからは読めません / {refused}", USAGE) from None
        try:
            yield files
        except Unreadable as fault:
            raise fail(f"読めません / cannot be read: {fault}", UNAVAILABLE) from None


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many of how many entries are done, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
