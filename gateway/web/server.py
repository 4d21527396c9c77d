"""One process can serve several applications in one event loop, and several processes one port.

Under uvloop: `uvloop.run(main())`, where `main` awaits one `serve(…)` per listener. Signals are the caller's business:
nothing here installs, restores or raises one.
"""

import asyncio
import contextlib
import ctypes
import gc
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from gateway.web.http_protocol import MESSAGE_LIMIT, GuardedProtocol

BACKLOG: Final = 2048
LARGEST_KEPT: Final = 16 * 1024 * 1024
"""Bytes of a buffer that is kept for the next one at most."""
ALL_KEPT: Final = 128 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""As malloc.h of the GNU C library numbers them."""


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """A socket that listens from now on, so that a client may connect before the application is ready.

    Port 0 takes a free one. With `reuse_port` the kernel spreads connections over all processes that bind the same
    address with it. Errors: OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=reuse_port)


def tls_context(*, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 only (security profile §1). Files are PEM, the certificate with its chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def collect_seldom() -> None:
    """Spare the collector what stands by now, as it lives as long as the process, and let it look less often.

    A look at all objects stops every request for longer than most of them take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(25_000, 20, 50)


def keep_large_buffers() -> bool:
    """Let the C library keep what large answers are made in; tell whether it could be told so.

    An answer of a thousand members is copied a handful of times on its way. By default the GNU C library gives such memory
    back to the kernel each time and gets it anew page by page, which costs more than encrypting it does. Another library
    is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT)) and bool(mallopt(_M_TRIM_THRESHOLD, ALL_KEPT))


async def serve(
    app: ASGIApp,
    *,
    listener: socket.socket,
    stop: asyncio.Event,
    count: Callable[[str], None],
    tls: ssl.SSLContext | None = None,
    head_timeout: float = 10.0,
    body_timeout: float = 10.0,
    linger: float = 1.0,
    message_limit: int = MESSAGE_LIMIT,
    keep_alive: int = 5,
    grace: int = 25,
) -> None:
    """Serve `app`, which is a `Guard`, on `listener` until `stop` is set; then finish what is in hand and return.

    The application's lifespan runs around it. `count` receives the slug of every refusal on the wire. `keep_alive`
    and `grace` are seconds: an idle connection's, and those given to requests in hand after `stop`; what is
    unfinished then is cancelled. The listener is closed on return. Errors: RuntimeError when the lifespan fails.
    """
    protocol = partial(
        GuardedProtocol,
        count=count,
        head_timeout=head_timeout,
        body_timeout=body_timeout,
        linger=linger,
        message_limit=message_limit,
    )
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol),  # uvicorn only calls it
        ws="none",
        loop="none",  # the caller's
        interface="asgi3",
        lifespan="on",
        log_config=None,
        log_level="error",  # its warnings repeat what `count` has; its errors are failures of the lifespan
        access_log=False,
        proxy_headers=False,
        forwarded_allow_ips=[],  # given, or it would be read from the environment; `workers` likewise
        workers=1,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=grace,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    with listener:
        try:
            await _Server(config, stop).serve(sockets=[listener])
        except SystemExit:
            raise RuntimeError("the application did not start") from None


class _Server(uvicorn.Server):
    """A server that ends when it is told to and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)
