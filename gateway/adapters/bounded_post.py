"""One exchange with a service that nobody here runs: bounded in time and size, nothing followed, nothing unpacked."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx2
import msgspec

from gateway.ports import Unavailable

WITHIN_S: Final = 10.0
"""For the whole exchange, whatever the other side sends and however slowly."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Status, media type without its parameters, and body of an answer."""

    status: int
    media_type: str
    body: bytes


def client(tls: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """Return a client to be shared; close it at the end. Proxies and redirects are not followed.

    `tls` says whose certificates are believed; None: those of the public authorities.
    """
    return httpx2.AsyncClient(
        verify=True if tls is None else tls, trust_env=False, follow_redirects=False, timeout=WITHIN_S
    )


async def post(
    http: httpx2.AsyncClient, url: str, body: bytes, *, media_type: str, most: int, within_s: float = WITHIN_S
) -> Answered:
    """Send `body` and return the answer, at most `most` bytes of it. Raises Unavailable."""
    headers = {"Content-Type": media_type}
    return await exchange(http, "POST", url, headers=headers, body=body, most=most, within_s=within_s)


async def exchange(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    most: int,
    within_s: float = WITHIN_S,
) -> Answered:
    """Send a request and return the answer, at most `most` bytes of it. Raises Unavailable."""
    headers = {**headers, "Accept-Encoding": "identity"}
    try:
        async with asyncio.timeout(within_s), http.stream(method, url, content=body, headers=headers) as answer:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise Unavailable("its answer has a Content-Encoding")
            data = bytearray()
            async for part in answer.aiter_raw():
                data += part
                if len(data) > most:
                    raise Unavailable(f"its answer is longer than {most} bytes")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answered(status=answer.status_code, media_type=kind, body=bytes(data))
    except (TimeoutError, httpx2.TimeoutException):
        raise Unavailable("it did not answer in time") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
        raise Unavailable(f"it cannot be reached: {type(fault).__name__}") from None
