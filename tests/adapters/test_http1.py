"""The HTTP/1.1 client on real sockets, against servers that keep the protocol and servers that do not."""

import asyncio
import gc
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.adapters.sources.http1 import Lines
from gateway.adapters.sources.http1_line import MAX_HEAD, Answer, Broken, Encoded, TooLarge, Unanswered
from tests.adapters.scripted import Step, Then, answer, scripted

MOST = 1_000
VALUE = "髙﨑"
BODY = f'{{"name": "{VALUE}"}}'.encode()
SECRET = "a-secret-of-the-tests"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"4;ext=1\r\n%b\r\n%X\r\n%b\r\n0\r\nX-Trailer: yes\r\n\r\n" % (BODY[:4], len(BODY) - 4, BODY[4:])


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task outlives a test, nothing is raised past it, and no transport is left to the collector, which would warn."""
    raised: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    yield
    assert not raised
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect(1)


@asynccontextmanager
async def lines(url: str, **how: Any) -> AsyncIterator[Lines]:
    opened = Lines(url, **{"headers": {"Authorization": f"Bearer {SECRET}"}, "most": MOST, **how})
    try:
        yield opened
    finally:
        opened.close()


async def post(to: Lines, *, seconds: float = 5) -> Answer:
    return await to.post("/v1/read", BODY, until=asyncio.get_running_loop().time() + seconds)


def one_by_one(text: bytes) -> Iterator[bytes]:
    return (text[at : at + 1] for at in range(len(text)))


def framed(*headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode()


# ── requests ──


async def test_a_request_says_what_is_needed_and_no_more() -> None:
    async with scripted([[answer()]]) as served, lines(served.url + "/base/") as to:
        assert await post(to) == (200, b"{}")
    head, _, body = served.requests[0][1].partition(b"\r\n\r\n")
    assert body == BODY
    assert head.decode().split("\r\n") == [
        "POST /base/v1/read HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        "Accept-Encoding: identity",
        f"Authorization: Bearer {SECRET}",
        f"Content-Length: {len(BODY)}",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://coop.test",
        "http://",
        "coop.test",
        "http://me@coop.test",
        "http://coop.test/?a",
        "http://coop.test/#a",
        "http://coop.test/a b",
    ],
)
async def test_an_url_that_is_none_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"http\[s\]"):
        Lines(url, headers={}, most=MOST)


@pytest.mark.parametrize("secret", [f"{SECRET}\r\nX: y", f"{SECRET}\n", SECRET + "é"])
async def test_a_header_that_would_be_two_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="printable") as raised:
        Lines("http://coop.test", headers={"Authorization": secret}, most=MOST)
    assert SECRET not in str(raised.value)


async def test_an_ipv6_host_is_an_address() -> None:
    async with lines("http://[::1]:9") as to:
        with pytest.raises(OSError) as raised:  # which of them depends on the machine's network
            await post(to)
    assert not isinstance(raised.value, socket.gaierror | TimeoutError)


# ── answers ──

WHOLE = {
    "length": [answer(BODY)],
    "length in pieces": one_by_one(answer(BODY)),
    "chunked": [CHUNKED + CHUNKS],
    "chunked in pieces": one_by_one(CHUNKED + CHUNKS),
    "until the end": [HEAD + b"\r\n", BODY, Then.CLOSE],
    "until the end of HTTP/1.0": [b"HTTP/1.0 200 OK\r\n\r\n" + BODY, Then.CLOSE],
    "after an interim answer": [b"HTTP/1.1 100 Continue\r\n\r\n" + answer(BODY)],
    "after interim answers in pieces": one_by_one(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + answer(BODY)
    ),
    "saying that it is not encoded": [answer(BODY, "Content-Encoding:  Identity ")],
    "chunked in other letters": [framed("TRANSFER-ENCODING:  Chunked ") + CHUNKS],
    "with nothing but a status": [b"HTTP/1.1 200\r\ncontent-length:%d\r\n\r\n%b" % (len(BODY), BODY)],
    "with more than its length": [answer(BODY) + b"HTTP/1.1 200 OK\r\n"],
}


@pytest.mark.parametrize("step", [list(step) for step in WHOLE.values()], ids=list(WHOLE))
async def test_a_whole_answer(step: Step) -> None:
    async with scripted([step]) as served, lines(served.url) as to:
        assert await post(to) == (200, BODY)


async def test_an_answer_without_a_body() -> None:
    async with (
        scripted([[b"HTTP/1.1 204 No Content\r\n\r\n"], [answer(b"", status="503 Busy")]]) as served,
        lines(served.url) as to,
    ):
        assert await post(to) == (204, b"")
        assert await post(to) == (503, b"")


BROKEN: dict[str, list[Any]] = {
    "half a body": [answer(BODY)[:-4], Then.CLOSE],
    "half a head": [HEAD + b"X: " + BODY, Then.CLOSE],
    "half a body, reset": [answer(BODY)[:-4], Then.RESET],
    "half a chunk": [CHUNKED + CHUNKS[:14], Then.CLOSE],
    "no last chunk": [CHUNKED + CHUNKS.partition(b"0\r\n")[0], Then.CLOSE],
    "half a last chunk": [CHUNKED + CHUNKS[:-2], Then.CLOSE],
    "a chunk without a size": [CHUNKED + BODY, Then.GONE],
    "only an interim answer": [b"HTTP/1.1 100 Continue\r\n\r\n", Then.CLOSE],
    "another protocol": [b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Then.GONE],
    "no HTTP": [BODY, Then.GONE],
    "no HTTP in pieces": [*one_by_one(b"HTTPS?"), Then.GONE],
    "line ends without CR": [answer(BODY).replace(b"\r\n", b"\n"), Then.GONE],
    "a folded header": [framed("X: a", " b", f"Content-Length: {len(BODY)}") + BODY, Then.GONE],
    "a length and chunks": [framed(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked") + CHUNKS, Then.GONE],
    "chunks and a length": [framed("Transfer-Encoding: chunked", f"Content-Length: {len(BODY)}") + CHUNKS, Then.GONE],
    "a length among the trailers": [CHUNKED + b"0\r\nContent-Length: 2\r\n\r\n", Then.GONE],
    "two lengths": [framed("Content-Length: 2", f"Content-Length: {len(BODY)}") + BODY, Then.GONE],
    "the same length twice": [framed(*[f"Content-Length: {len(BODY)}"] * 2) + BODY, Then.GONE],
    "a list of lengths": [framed("Content-Length: 2, 2") + BODY, Then.GONE],
    "a negative length": [framed("Content-Length: -2") + BODY, Then.GONE],
    "an empty length": [framed("Content-Length:") + BODY, Then.GONE],
    "a coding beside chunked": [framed("Transfer-Encoding: gzip, chunked") + CHUNKS, Then.GONE],
    "a coding instead of chunked": [framed("Transfer-Encoding: gzip") + BODY, Then.GONE],
    "a name for chunked that is none": [framed("Transfer-Encoding: xchunked") + BODY, Then.GONE],
}


@pytest.mark.parametrize("step", BROKEN.values(), ids=list(BROKEN))
async def test_no_part_of_an_answer_passes_for_it(step: Step) -> None:
    async with scripted([step], [[answer()]]) as served, lines(served.url) as to:
        with pytest.raises(Broken) as raised:
            await post(to)
        told = "".join(traceback.format_exception(raised.value))
        assert VALUE not in told
        assert SECRET not in told
        assert await post(to) == (200, b"{}")
        assert [number for number, _ in served.requests] == [0, 1]


async def test_a_reset_does_not_end_a_body_in_order() -> None:
    # The body is read before the reset comes, or lost with it: in neither case it passes for a whole one.
    async with scripted([[HEAD + b"\r\n", *one_by_one(BODY), Then.RESET]]) as served, lines(served.url) as to:
        with pytest.raises(Broken):
            await post(to)


# ── sizes ──

TOO_LARGE: dict[str, list[Any]] = {
    "declared": [framed(f"Content-Length: {MOST + 1}"), Then.GONE],
    "in chunks": [CHUNKED + b"%X\r\n" % (MOST + MAX_HEAD) + b"x" * (MOST + MAX_HEAD), Then.GONE],
    "until the end": [HEAD + b"\r\n" + b"x" * (MOST + MAX_HEAD), Then.GONE],
    "a header": [framed("X: " + "x" * MAX_HEAD), Then.GONE],
    "many headers": [framed(*["X: " + "x" * 1000] * (MAX_HEAD // 1000 + 1)), Then.GONE],
    "a header without an end": [HEAD + b"X: " + b"x" * (MAX_HEAD + 1), Then.GONE],
    "trailers": [CHUNKED + b"0\r\n" + b"X: x\r\n" * MAX_HEAD, Then.GONE],
    "interim answers": [b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD // 10), Then.GONE],
}


@pytest.mark.parametrize("step", TOO_LARGE.values(), ids=list(TOO_LARGE))
async def test_an_answer_that_is_too_large_is_cut_off(step: Step) -> None:
    async with scripted([step]) as served, lines(served.url) as to:
        with pytest.raises(TooLarge):
            await post(to)


@pytest.mark.parametrize("step", [[answer(b"x" * MOST)], [CHUNKED + b"%X\r\n" % MOST + b"x" * MOST + b"\r\n0\r\n\r\n"]])
async def test_the_largest_answer(step: Step) -> None:
    async with scripted([step]) as served, lines(served.url) as to:
        assert await post(to) == (200, b"x" * MOST)


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x"])
async def test_an_encoded_answer_is_refused(coding: str) -> None:
    async with (
        scripted([[answer(BODY, f"Content-Encoding: {coding}"), Then.GONE]]) as served,
        lines(served.url) as to,
    ):
        with pytest.raises(Encoded):
            await post(to)


# ── connections ──


async def test_a_connection_is_used_again() -> None:
    async with scripted([[answer()], [CHUNKED + CHUNKS], [answer()]]) as served, lines(served.url) as to:
        assert [await post(to) for _ in range(3)] == [(200, b"{}"), (200, BODY), (200, b"{}")]
    assert [number for number, _ in served.requests] == [0, 0, 0]


async def test_each_call_has_a_connection_to_itself_and_the_last_one_back_is_the_next() -> None:
    asked, late = asyncio.Event(), asyncio.Event()
    scripts: tuple[list[Step], ...] = [[asked.set, late, answer(b"1")], [answer(b"3")]], [[answer(b"2")]]
    async with scripted(*scripts) as served, lines(served.url) as to:
        first = asyncio.create_task(post(to))
        await asked.wait()
        assert await post(to) == (200, b"2")
        late.set()
        assert await first == (200, b"1")
        assert await post(to) == (200, b"3")


NOT_AGAIN: dict[str, list[Any]] = {
    "it says so": [answer(b"{}", "Connection: close"), Then.GONE],
    "HTTP/1.0": [answer().replace(b"1.1", b"1.0"), Then.GONE],
    "more than the body": [answer() + b"}", Then.GONE],
    "a second answer": [answer() + answer(BODY), Then.GONE],
    "the beginning of a second answer": [answer() + b"H", Then.GONE],
}


@pytest.mark.parametrize("step", NOT_AGAIN.values(), ids=list(NOT_AGAIN))
async def test_a_connection_is_not_used_again_after(step: Step) -> None:
    async with scripted([step], [[answer(b"[]")]]) as served, lines(served.url) as to:
        assert await post(to) == (200, b"{}")
        assert await post(to) == (200, b"[]")


@pytest.mark.parametrize("surplus", [b"\r\n", b"x", answer(BODY)])
async def test_bytes_that_come_to_an_idle_connection_end_it(surplus: bytes) -> None:
    late, gone = asyncio.Event(), asyncio.Event()
    scripts: tuple[list[Step], ...] = [[answer(), late, surplus, Then.GONE, gone.set]], [[answer(b"[]")]]
    async with scripted(*scripts) as served, lines(served.url) as to:
        assert await post(to) == (200, b"{}")
        late.set()
        await gone.wait()
        assert await post(to) == (200, b"[]")


@pytest.mark.parametrize("end", [Then.CLOSE, Then.RESET])
async def test_an_idle_connection_that_the_server_ended_is_replaced_at_once(end: Then) -> None:
    async with scripted([[answer()], [end]], [[answer(b"[]")]]) as served, lines(served.url) as to:
        assert await post(to) == (200, b"{}")
        assert await post(to) == (200, b"[]")
    assert [number for number, _ in served.requests] == [0, 0, 1]
    assert len({request for _, request in served.requests}) == 1


async def test_idle_connections_that_the_server_ended_are_replaced_by_one_that_lives() -> None:
    asked = asyncio.Event()
    ended: tuple[list[Step], ...] = [[asked.set, answer()], [Then.CLOSE]], [[asked, answer()], [Then.CLOSE]]
    async with scripted(*ended, [[answer(b"[]")]]) as served, lines(served.url) as to:
        await asyncio.gather(post(to), post(to))
        assert await post(to) == (200, b"[]")
    assert sorted(number for number, _ in served.requests) == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("end", [Then.CLOSE, Then.RESET])
async def test_a_new_connection_that_the_server_ends_is_not_replaced(end: Then) -> None:
    async with scripted([[end]], [[answer()]]) as served, lines(served.url) as to:
        with pytest.raises(Unanswered):
            await post(to)
    assert len(served.requests) == 1


async def test_an_answer_that_has_begun_is_not_asked_for_again() -> None:
    async with scripted([[answer()], [b"HTTP/1.", Then.CLOSE]], [[answer()]]) as served, lines(served.url) as to:
        await post(to)
        with pytest.raises(Broken):
            await post(to)
    assert len(served.requests) == 2


async def test_an_idle_connection_is_ended_after_a_while() -> None:
    gone = asyncio.Event()
    async with (
        scripted([[answer(), Then.GONE, gone.set]], [[answer(b"[]")]]) as served,
        lines(served.url, idle_s=0.02) as to,
    ):
        await post(to)
        await gone.wait()
        assert await post(to) == (200, b"[]")


async def test_an_idle_connection_is_not_used_after_its_while() -> None:
    async with scripted([[answer()]], [[answer(b"[]")]]) as served, lines(served.url, idle_s=0) as to:
        await post(to)
        assert await post(to) == (200, b"[]")
    assert [number for number, _ in served.requests] == [0, 1]


async def test_after_closing_a_call_under_way_ends_and_its_connection_too() -> None:
    asked, late, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with (
        scripted([[asked.set, late, answer(), Then.GONE, gone.set]]) as served,
        lines(served.url, idle_s=60) as to,
        asyncio.timeout(5),
    ):
        asking = asyncio.create_task(post(to))
        await asked.wait()
        to.close()
        late.set()
        assert await asking == (200, b"{}")
        await gone.wait()


# ── time ──

LATE: dict[str, list[Any]] = {
    "nothing": [Then.GONE],
    "half a head": [HEAD, Then.GONE],
    "half a body": [answer(BODY)[:-4], Then.GONE],
    "half of what the end would end": [HEAD + b"\r\n" + BODY[:4], Then.GONE],
}


@pytest.mark.parametrize("step", LATE.values(), ids=list(LATE))
async def test_a_late_answer_is_not_waited_for_and_its_connection_ended(step: Step) -> None:
    gone = asyncio.Event()
    async with scripted([[*step, gone.set]], [[answer()]]) as served, lines(served.url) as to:
        with pytest.raises(TimeoutError):
            await post(to, seconds=0.02)
        await gone.wait()
        assert await post(to) == (200, b"{}")


async def test_each_call_on_a_connection_has_its_own_time() -> None:
    loop = asyncio.get_running_loop()
    past = asyncio.Event()
    async with scripted([[answer()], [past, answer()], [Then.GONE]]) as served, lines(served.url) as to:
        await post(to, seconds=0.2)
        loop.call_later(0.3, past.set)  # when the first call's time is over, the second's is not
        await post(to, seconds=5)
        started = loop.time()
        with pytest.raises(TimeoutError):
            await post(to, seconds=0.02)
        assert loop.time() - started < 2  # nor does the third wait for the second's
    assert [number for number, _ in served.requests] == [0, 0, 0]


async def test_time_that_is_over_before_the_call() -> None:
    async with scripted([[answer()], [Then.GONE]]) as served, lines(served.url) as to:
        with pytest.raises(TimeoutError):
            await post(to, seconds=-1)
        await post(to)
        with pytest.raises(TimeoutError):
            await post(to, seconds=-1)


@pytest.mark.parametrize("step", LATE.values(), ids=list(LATE))
async def test_a_cancelled_call_ends_its_connection(step: Step) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()
    async with scripted([[asked.set, *step, gone.set]], [[answer()]]) as served, lines(served.url) as to:
        asking = asyncio.create_task(post(to))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await gone.wait()
        assert await post(to) == (200, b"{}")


async def test_nobody_listening() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with lines(f"http://127.0.0.1:{port}") as to:
        with pytest.raises(ConnectionRefusedError):
            await post(to)


# ── TLS ──


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "coop.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*kind))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """The server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_over_tls(tls: ssl.SSLContext, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    script: list[Step] = [[answer(BODY)], [CHUNKED + CHUNKS], [HEAD + b"\r\n" + BODY, Then.CLOSE]]
    async with (
        scripted(script, tls=tls) as served,
        lines(served.url.replace("http:", "https:"), tls=trusting) as to,
    ):
        assert [await post(to) for _ in script] == [(200, BODY)] * 3
    assert [number for number, _ in served.requests] == [0, 0, 0]


async def test_a_server_that_nobody_vouches_for_is_sent_nothing(tls: ssl.SSLContext) -> None:
    async with scripted([[answer()]], tls=tls) as served, lines(served.url.replace("http:", "https:")) as to:
        with pytest.raises(ssl.SSLCertVerificationError):
            await post(to)
    assert not served.requests


async def test_a_handshake_that_does_not_end_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with lines(f"https://127.0.0.1:{silent.getsockname()[1]}") as to:
            with pytest.raises(TimeoutError):
                await post(to, seconds=0.05)
