"""What ASGI does not show is refused on the wire, and nothing behind a refused or unanswered request is answered."""

import socket
from collections.abc import Iterator

import pytest

from tests.web.wire import HOST, Edge, assert_problem, one_answer, read_to_end, request, running

CHUNKED = "Transfer-Encoding: chunked"
SECOND = request("GET", "/v1/things")


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running() as edge:
        yield edge


@pytest.fixture(scope="module")
def hasty() -> Iterator[Edge]:
    with running(head_timeout=0.2) as edge:
        yield edge


@pytest.mark.parametrize(
    "target",
    [
        f"http://{HOST}/v1/things",
        "http://evil.example/v1/things",
        "/v1/things#part",
        "/v1/things?q#part",
        "*",
        f"{HOST}:443",
        "v1/things",
    ],
)
def test_a_target_that_is_not_in_origin_form_is_refused(edge: Edge, target: str) -> None:
    edge.refused(request("GET", target), slug="malformed")


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/1.10", "http/1.1", "", "X"])
def test_another_version_than_http_1_1_is_refused(edge: Edge, version: str) -> None:
    edge.refused(f"GET /v1/things {version}\r\nHost: {HOST}\r\n\r\n".encode(), slug="malformed")


def test_the_http_2_preface_and_a_tls_hello_are_refused(edge: Edge) -> None:
    edge.refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", slug="malformed")
    edge.refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", slug="malformed")


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 5", CHUNKED),
        (CHUNKED, "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 50"),
        ("Content-Length: 5, 5",),
        ("Content-Length: +5",),
        ("Content-Length: -5",),
        ("Content-Length: 0x5",),
        ("Content-Length:",),
        ("Content-Length: 99999999999999999999",),
        ("Content-Length : 5",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: Chunked",),
        ("Transfer-Encoding: xchunked",),
        ('Transfer-Encoding: "chunked"',),
        ("Transfer-Encoding: chunked;q=1",),
        ("Transfer-Encoding:",),
        ("Transfer-Encoding:\r\n chunked",),
        ("Transfer-Encoding: chunked\r\n ",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Transfer-Encoding : chunked",),
        (" Transfer-Encoding: chunked",),
        ("Transfer_Encoding: chunked",),
        (CHUNKED, CHUNKED),
        ("Transfer-Encoding: identity", CHUNKED),
        (CHUNKED, "Transfer-Encoding: identity"),
    ],
    ids=repr,
)
def test_a_framing_with_two_readings_is_refused_and_what_it_hides_is_never_answered(
    edge: Edge, framing: tuple[str, ...]
) -> None:
    edge.refused(request("POST", "/v1/echo", *framing, body=b"0\r\n\r\n" + SECOND), slug="malformed")


@pytest.mark.parametrize(
    "head",
    [
        f"GET /v1/things HTTP/1.1\nHost: {HOST}\n\n",
        f"GET /v1/things HTTP/1.1\r\nHost: {HOST}\rX: y\r\n\r\n",
        f"GET /v1/things HTTP/1.1\r\nHost: {HOST}\r\nX: a\r\n b\r\n\r\n",
        f"GET /v1/things HTTP/1.1\r\nHost: {HOST}\r\nHo st: {HOST}\r\n\r\n",
        f"GET /v1/things HTTP/1.1\r\nHost: {HOST}\r\nno colon\r\n\r\n",
        f"GET /v1/things HTTP/1.1\r\n: x\r\nHost: {HOST}\r\n\r\n",
        f"GET\t/v1/things HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
        f"get /v1/things HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
        "\0",
    ],
    ids=repr,
)
def test_what_the_parser_refuses_gets_the_same_document(edge: Edge, head: str) -> None:
    edge.refused(head.encode(), slug="malformed")


@pytest.mark.parametrize(
    "body",
    [
        b"1\na\r\n0\r\n\r\n",
        b"1\r\na\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"-1\r\na\r\n0\r\n\r\n",
        b"1 \r\na\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\na\r\n0\r\n\r\n",
        b"1;\na\r\n0\r\n\r\n",
        b"1\r\na\r\n0\r\nAuthorization: DPoP x\r\n\r\n",
        b"1\r\na\r\n0\r\nX: y\r\n\r\n",
    ],
    ids=repr,
)
def test_a_broken_chunk_or_a_trailer_is_refused(edge: Edge, body: bytes) -> None:
    edge.refused(request("POST", "/v1/echo", CHUNKED, body=body + SECOND), slug="malformed")


def test_whoever_is_refused_is_not_asked_for_a_body_any_more(edge: Edge) -> None:
    """The refusal ends what is sent; the guard, which begins only then, would write `100 Continue` after it."""
    edge.refused(request("POST", "/v1/echo", CHUNKED, "Expect: 100-continue", body=b"zz\r\n"), slug="malformed")
    # The next answer comes after whatever the refused request's task still did.
    assert edge.get("/v1/things").status == 200
    assert edge.logged == []


def test_a_chunk_broken_while_the_guard_waits_for_more_is_refused_once(edge: Edge) -> None:
    before = list(edge.counted)
    with edge.connect() as connection:
        connection.sendall(request("POST", "/v1/echo", CHUNKED, "Expect: 100-continue"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"zz\r\n")
        assert_problem(one_answer(read_to_end(connection)), "malformed")
    assert edge.counted == [*before, "malformed"]
    assert edge.logged == []


@pytest.mark.parametrize(
    "upgrade",
    [
        request("POST", "/v1/echo", "Connection: upgrade", "Upgrade: h2c", f"Content-Length: {len(SECOND)}"),
        request("GET", "/v1/things", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(),
    ],
    ids=["h2c with a body", "websocket", "connect"],
)
def test_an_upgrade_is_refused_and_its_body_is_never_taken_for_a_request(edge: Edge, upgrade: bytes) -> None:
    edge.refused(upgrade, SECOND, slug="malformed")


# One request at a time


def test_a_second_request_behind_a_refused_one_is_never_answered(edge: Edge) -> None:
    edge.refused(request("GET", "/v1/things#x") + SECOND, slug="malformed")  # refused on the wire
    edge.refused(request("GET", "/v1/things", host="evil.example") + SECOND, slug="malformed")  # by the guard
    edge.refused(request("POST", "/v1/things", "Content-Length: 1", body=b"x") + SECOND, slug="too-large")


@pytest.mark.parametrize("behind", [SECOND, SECOND[:20], b"\0", request("GET", "/v1/things#x")], ids=repr)
def test_nothing_behind_a_request_that_is_not_yet_answered_is_read(edge: Edge, behind: bytes) -> None:
    before = list(edge.counted)
    for first in (
        request("GET", "/v1/things"),
        request("POST", "/v1/echo", "Content-Length: 3", body=b"abc"),
        request("GET", "/v1/things", "Connection: close"),
    ):
        answer = edge.send(first + behind)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
    assert edge.counted == before


def test_a_second_request_during_a_slow_answer_ends_the_connection_after_it(edge: Edge) -> None:
    answer = edge.send(request("GET", "/v1/slow?seconds=0.1"), SECOND)
    assert answer.body == b"slow"
    assert answer.headers["connection"] == "close"


def test_empty_lines_between_requests_are_no_request(edge: Edge) -> None:
    with edge.connect() as connection:
        connection.sendall(b"\r\n" + request("GET", "/v1/things") + b"\r\n")
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(b"\r\n" + request("GET", "/v1/things", "Connection: close"))
        assert one_answer(read_to_end(connection)).status == 200


# Heads that never end


def drip(connection: socket.socket, piece: bytes) -> bytes:
    """Send one piece every 50 ms until the server answers or closes."""
    connection.settimeout(0.05)
    for _ in range(100):
        connection.sendall(piece)
        try:
            received = connection.recv(65536)
        except TimeoutError:
            continue
        connection.settimeout(5)
        return received + read_to_end(connection)
    raise AssertionError("the server waits for ever")


@pytest.mark.parametrize("head", [b"G", b"GET /v1/things HTTP/1.1\r\n", SECOND[:-2], b"\r\n"], ids=repr)
def test_a_head_not_complete_in_time_is_refused(hasty: Edge, head: bytes) -> None:
    hasty.refused(head, slug="request-timeout")


def test_dripping_a_head_does_not_buy_time(hasty: Edge) -> None:
    with hasty.connect() as connection:
        connection.sendall(SECOND[:-2])
        assert_problem(one_answer(drip(connection, b"X: y\r\n")), "request-timeout")
    with hasty.connect() as connection:
        assert_problem(one_answer(drip(connection, b"\r\n")), "request-timeout")


def test_a_second_head_on_a_kept_connection_has_the_same_time(hasty: Edge) -> None:
    with hasty.connect() as connection:
        connection.sendall(SECOND)
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(SECOND[:20])
        assert_problem(one_answer(read_to_end(connection)), "request-timeout")


def test_a_connection_on_which_nobody_speaks_is_closed_without_a_word(hasty: Edge) -> None:
    before = list(hasty.counted)
    with hasty.connect() as connection:
        assert read_to_end(connection) == b""
    assert hasty.counted == before


def test_a_request_in_hand_is_not_held_to_the_time_of_its_head(hasty: Edge) -> None:
    assert hasty.get("/v1/slow?seconds=0.4").body == b"slow"
