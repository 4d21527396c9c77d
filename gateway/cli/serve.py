"""gateway serve | migrate | config."""

import asyncio
import logging
import signal
import ssl
from typing import Annotated, cast

import typer

from gateway.adapters.database import migrate as migrate_database
from gateway.app import serving
from gateway.app.serving import Only
from gateway.cli.output import Json, explained, run, say, settings, show
from gateway.settings import Settings


def _one(text: str | None) -> str | None:
    if text not in {None, "partner", "staff"}:
        raise typer.BadParameter("partner か staff です / it is partner or staff")
    return text


def serve(
    reuse_port: bool = False,
    only: Annotated[str | None, typer.Option(help="partner | staff", callback=_one)] = None,
) -> None:
    """提供先のAPIと画面を開く / Serve the partner API and, where GATEWAY_CONSOLE is set, the console until SIGTERM or SIGINT;
    --only one of them; --reuse-port for several processes.
    """
    configured = settings()
    import uvloop

    with explained():
        uvloop.run(_serve(configured, reuse_port=reuse_port, only=cast("Only | None", only)))


async def _serve(configured: Settings, *, reuse_port: bool, only: Only | None) -> None:
    from gateway.web.server import bind, collect_seldom, keep_large_buffers, serve as serve_http

    # The database driver's own tracebacks say less than the note that whoever needed the database writes.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await migrate_database(configured.database_url)
    async with serving.listeners(configured, only=only) as listening:
        bound = [(one, bind(one.host, one.port, reuse_port=reuse_port)) for one in listening]
        collect_seldom()
        keep_large_buffers()
        for one, listener in bound:
            host, port = listener.getsockname()[:2]
            say(f"listening on {host}:{port} as {one.origin}")
        served = (
            serve_http(one.app, listener=listener, stop=stop, count=lambda _: None, tls=_tls(configured))
            for one, listener in bound
        )
        await asyncio.gather(*served)


def _tls(configured: Settings) -> ssl.SSLContext | None:
    if configured.tls_certificate is None or configured.tls_key is None:
        return None
    from gateway.web.server import tls_context

    return tls_context(certificate=configured.tls_certificate, key=configured.tls_key)


def migrate() -> None:
    """データベースを最新の構造にする / Bring the database to the newest schema."""
    run(migrate_database(settings().database_url))
    say("ok")


def config(as_json: Json = False) -> None:
    """設定を表示する / Show the settings in force."""
    values = settings().model_dump(mode="json")
    show([{"setting": name, "value": value} for name, value in values.items()], as_json=as_json)
