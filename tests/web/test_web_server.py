"""Servers share a loop and a port, end when told to, and leave the process's signals alone."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.types import ASGIApp

from gateway.web.server import bind, serve, tls_context
from tests.web.wire import ROUTES, Answer, Edge, assert_problem, guarded, one_answer, read_to_end, request, running


@asynccontextmanager
async def serving(listener: socket.socket, *, app: ASGIApp | None = None, grace: int = 5) -> AsyncIterator[Edge]:
    """A server in the test's own loop, told to stop on leaving."""
    edge = Edge(port=listener.getsockname()[1])
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(guarded(edge, app=app), listener=listener, stop=stop, count=edge.counted.append, grace=grace)
        )
        try:
            yield edge
        finally:
            stop.set()


async def fetch(port: int, raw: bytes) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    answer = one_answer(await reader.read())
    writer.close()
    await writer.wait_closed()
    return answer


def get(path: str) -> bytes:
    return request("GET", path, "Connection: close")


async def test_two_servers_share_one_loop() -> None:
    async with serving(bind("127.0.0.1", 0)) as one, serving(bind("127.0.0.1", 0)) as two:
        assert one.port != two.port
        answers = await asyncio.gather(*[fetch(edge.port, get("/v1/things")) for edge in (one, two, one, two)])
        assert [answer.status for answer in answers] == [200] * 4


async def test_each_server_counts_its_own_refusals() -> None:
    async with serving(bind("127.0.0.1", 0)) as one, serving(bind("127.0.0.1", 0)) as two:
        await fetch(one.port, request("GET", "/v1/things#x"))
        await fetch(two.port, request("GET", "/" + "x" * 5000))
    assert (one.counted, two.counted) == (["malformed"], ["uri-too-long"])


async def test_one_port_can_be_shared_and_outlives_each_of_its_servers() -> None:
    first = bind("127.0.0.1", 0, reuse_port=True)
    port = first.getsockname()[1]
    second = bind("127.0.0.1", port, reuse_port=True)
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", port)
    async with serving(first):
        async with serving(second):
            assert (await fetch(port, get("/v1/things"))).status == 200
        assert (await fetch(port, get("/v1/things"))).status == 200


async def test_a_client_may_connect_before_the_application_is_ready() -> None:
    listener = bind("127.0.0.1", 0)
    early = asyncio.create_task(fetch(listener.getsockname()[1], get("/v1/things")))
    async with serving(listener):
        assert (await early).status == 200
    assert listener.fileno() == -1


async def test_signals_are_left_to_the_caller() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    async with serving(bind("127.0.0.1", 0)) as edge:
        await fetch(edge.port, get("/v1/things"))
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert during == before


async def test_what_is_in_hand_is_finished_after_the_stop() -> None:
    async with serving(bind("127.0.0.1", 0)) as edge:
        pending = asyncio.create_task(fetch(edge.port, get("/v1/slow?seconds=0.3")))
        await fetch(edge.port, get("/v1/things"))
    assert (await pending).body == b"slow"


async def test_what_is_not_finished_in_its_grace_is_unavailable() -> None:
    async with serving(bind("127.0.0.1", 0), grace=0) as edge:
        pending = asyncio.create_task(fetch(edge.port, get("/v1/slow?seconds=60")))
        await fetch(edge.port, get("/v1/things"))
    assert_problem(await pending, "unavailable")


async def test_the_lifespan_runs_around_the_service() -> None:
    phases: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        phases.append("up")
        yield {"store": object()}
        phases.append("down")

    async with serving(bind("127.0.0.1", 0), app=Starlette(routes=ROUTES, lifespan=lifespan)) as edge:
        assert (await fetch(edge.port, get("/v1/things"))).status == 200
        assert phases == ["up"]
    assert phases == ["up", "down"]


async def storeless(scope, receive, send):
    """An application that fails before it is ready."""
    raise OSError("no store")


async def test_an_application_that_cannot_start_is_the_callers_to_know() -> None:
    edge, listener = Edge(), bind("127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="did not start"):
        await serve(guarded(edge, app=storeless), listener=listener, stop=asyncio.Event(), count=edge.counted.append)
    assert listener.fileno() == -1


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.mark.clause("D-S1")
def test_over_tls_the_same_rules_hold_and_old_versions_are_not_spoken(certificate: tuple[Path, Path]) -> None:
    context = tls_context(certificate=certificate[0], key=certificate[1])
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    client = ssl.create_default_context(cafile=certificate[0])
    with running(tls=context) as edge:
        for raw, status in ((get("/v1/things"), 200), (request("GET", "/v1/things#x"), 400)):
            with edge.connect() as plain, client.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                assert connection.version() == "TLSv1.3"
                connection.sendall(raw)
                assert one_answer(read_to_end(connection)).status == status
        with edge.connect() as plain:
            plain.sendall(get("/v1/things"))
            assert not read_to_end(plain).startswith(b"HTTP")
