"""gateway log tail."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
import typer

from gateway.app.storage import stores
from gateway.cli.log.options import files_of
from gateway.cli.log.words import line_of
from gateway.cli.output import USAGE, Json, Lang, explained, fail, run, settings
from gateway.cli.policy import known
from gateway.ports import LogFiles
from gateway.settings import Settings
from gateway.tlog.checkpoint import stated
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, read_bundle

EVERY_S = 1.0

_Tell = Callable[[int, bytes], None]


def tail(
    coop: Annotated[
        str | None, typer.Argument(help="生協(データベースから読む) / a co-op, read from the database")
    ] = None,
    where: Annotated[str | None, typer.Option(help="書き出したフォルダかURL / an exported folder or a URL")] = None,
    count: Annotated[int, typer.Option("--lines", "-n", min=0, max=100_000, help="件数 / how many")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="増えるたびに続ける / go on as it grows")] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """最も新しい記録を読む(検証はしない) / Read the newest entries; verifies nothing.

    With --json one object a line: index, and the entry as logged. Exit: 0 · 1 the files are no log · 2 usage · 3 the
    log does not answer.
    """
    if (coop is None) == (where is None):
        raise fail("生協か --where のどちらか一方 / name a co-op, or a folder or URL with --where", USAGE)

    def tell(index: int, data: bytes) -> None:
        print(_json_of(index, data) if as_json else line_of(index, data, lang=lang), flush=True)

    try:
        if coop is not None:
            run(_of_database(settings(), coop, count, follow=follow, tell=tell))
        elif where is not None:
            with explained(), files_of(where) as files:
                for index, data in _of_files(files, count, follow=follow):
                    tell(index, data)
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _of_database(configured: Settings, coop: str, count: int, *, follow: bool, tell: _Tell) -> None:
    known(configured, coop)
    async with stores(configured) as opened:
        size = (await opened.log.head(coop)).next_index
        done = max(size - count, 0)
        while True:
            while done < size:
                entries = await opened.log.entries(coop, done, min(WIDTH, size - done))
                if not entries:
                    raise ValueError(f"entry {done} is missing; verify the log")
                for data in entries:
                    tell(done, data)
                    done += 1
            if not follow:
                return
            await asyncio.sleep(EVERY_S)
            size = (await opened.log.head(coop)).next_index


def _of_files(files: LogFiles, count: int, *, follow: bool) -> Iterator[tuple[int, bytes]]:
    size = _size(files)
    done = max(size - count, 0)
    while True:
        while done < size:
            bundle = read_bundle(files.read, done // WIDTH, size=size)
            fresh = (bundle or [])[done % WIDTH :]
            if not fresh:
                raise ValueError(f"entry {done} is missing; verify the log")
            for data in fresh:
                yield done, data
                done += 1
        if not follow:
            return
        time.sleep(EVERY_S)
        size = _size(files)


def _size(files: LogFiles) -> int:
    note = files.read(CHECKPOINT_PATH)
    if note is None:
        raise ValueError("there is no checkpoint")
    return stated(note.decode()).size


def _json_of(index: int, data: bytes) -> str:
    """Return one line of JSON, written anew: what is no JSON, or moves a cursor, does not reach a terminal as it is."""
    try:
        return msgspec.json.encode({"index": index, "entry": msgspec.json.decode(data)}).decode()
    except (ValueError, RecursionError):
        return msgspec.json.encode({"index": index, "entry": None}).decode()
