"""gateway log reindex."""

from typing import Annotated

import typer

from gateway.app.storage import stores
from gateway.cli.log.options import progress_bar
from gateway.cli.output import Json, run, say, settings
from gateway.cli.policy import known
from gateway.oversight.log import searching
from gateway.settings import Settings


def reindex(
    coop: str,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="最初から作り直す / make it again from entry 0")] = False,
    as_json: Json = False,
) -> None:
    """提供ログの検索索引を最新まで作る(ログは変わらない) / Bring what the log is searched by up to its newest entry; the log stays as it is.

    A gateway that serves does this by itself. Broken off, it goes on where it was; while it is made again from entry 0,
    searching says that it is not ready. Exit: 0 done · 2 usage · 3 the log does not answer.
    """

    async def work(configured: Settings) -> int:
        known(configured, coop)
        async with stores(configured) as opened:
            with progress_bar("検索索引 / search index") as progress:
                make = searching.rebuild if rebuild else searching.advance
                return await make(opened.log, opened.search, coop, at_once=searching.MANY_AT_ONCE, progress=progress)

    count = run(work(settings()))
    say(f"{count}件を索引しました / {count} entries are indexed", as_json=as_json, coop=coop, entries=count)
