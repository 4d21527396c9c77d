"""gateway serve | migrate | config."""

import asyncio
import gc
import logging
import signal
import ssl

from gateway import app
from gateway.adapters.database import migrate as migrate_database
from gateway.cli.output import Json, explained, run, say, settings, show
from gateway.settings import Settings


def serve(reuse_port: bool = False) -> None:
    """提供先のAPIを開く / Serve the partner API until SIGTERM or SIGINT; --reuse-port for several processes."""
    configured = settings()
    import uvloop

    with explained():
        uvloop.run(_serve(configured, reuse_port=reuse_port))


async def _serve(configured: Settings, *, reuse_port: bool) -> None:
    from gateway.web.server import bind, serve as serve_http

    # The database driver's own tracebacks say less than the note that whoever needed the database writes.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await migrate_database(configured.database_url)
    async with app.partner_listener(configured) as listening:
        listener = bind(configured.host, configured.port, reuse_port=reuse_port)
        host, port = listener.getsockname()[:2]
        # What stands by now lives as long as the process: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(25_000, 20, 50)
        say(f"listening on {host}:{port} as {configured.issuer}")
        await serve_http(listening, listener=listener, stop=stop, count=lambda _: None, tls=_tls(configured))


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
