"""A body reaches the application whole, within its route's limit and in time, or not at all."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

from tests.web.wire import HOST, LIMIT, Answer, Edge, assert_problem, one_answer, read_to_end, request, running

CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running() as edge:
        yield edge


@pytest.fixture(scope="module")
def hasty() -> Iterator[Edge]:
    with running(head_timeout=0.2, body_timeout=0.2) as edge:
        yield edge


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def post(body: bytes, *, length: int | None = None, path: str = "/v1/echo") -> bytes:
    stated = len(body) if length is None else length
    return request("POST", path, "Connection: close", f"Content-Length: {stated}", body=body)


def post_chunks(*chunks: bytes, path: str = "/v1/echo", end: bytes = b"0\r\n\r\n") -> bytes:
    return request("POST", path, "Connection: close", CHUNKED, body=b"".join(map(chunk, chunks)) + end)


def test_a_body_of_exactly_the_limit_arrives_whole(edge: Edge) -> None:
    body = bytes(range(256)) * (LIMIT // 256)
    assert edge.send(post(body)).body == body
    assert edge.send(post_chunks(body[:1000], body[1000:])).body == body


def test_one_byte_over_the_limit_is_refused_however_it_is_framed(edge: Edge) -> None:
    body = b"x" * (LIMIT + 1)
    edge.refused(post(body), slug="too-large")
    edge.refused(post_chunks(body), slug="too-large")
    edge.refused(post_chunks(body[:-1], body[-1:]), slug="too-large")


def test_a_stated_length_over_the_limit_is_refused_before_any_of_it_is_read(edge: Edge) -> None:
    edge.refused(post(b"", length=LIMIT + 1), slug="too-large")
    edge.refused(post(b"", length=10**15), slug="too-large")


def test_an_unstated_length_is_counted_while_it_streams(edge: Edge) -> None:
    """No last chunk is ever sent: the refusal does not wait for one."""
    edge.refused(post_chunks(b"x" * (LIMIT + 1), end=b""), slug="too-large")


def test_the_refusal_of_a_body_far_over_the_limit_reaches_a_client_that_is_still_sending(edge: Edge) -> None:
    edge.refused(post(b"x" * 4_000_000), slug="too-large")
    edge.refused(post_chunks(*[b"x" * 50_000] * 80), slug="too-large")


def test_framing_and_trailers_that_never_end_are_cut_off_though_their_body_is_small(edge: Edge) -> None:
    edge.refused(post_chunks(*[b"x"] * 60_000, end=b""), slug="too-large")
    edge.refused(post_chunks(b"x", end=b"1;" + b"e" * 500_000), slug="too-large")
    edge.refused(post_chunks(b"x", end=b"0\r\nX: " + b"t" * 500_000), slug="too-large")


@pytest.mark.parametrize("path", ["/v1/things", "/v1/unknown", "/"])
def test_where_no_body_is_expected_a_single_byte_is_refused(edge: Edge, path: str) -> None:
    edge.refused(post(b"x", path=path), slug="too-large")
    edge.refused(post_chunks(b"x", path=path), slug="too-large")
    edge.refused(request("GET", path, "Content-Length: 1", body=b"x"), slug="too-large")


def test_an_empty_body_is_no_body(edge: Edge) -> None:
    assert edge.get("/v1/things", "Content-Length: 0").status == 200
    assert edge.get("/v1/things", "Content-Length: 000").status == 200
    assert edge.send(request("GET", "/v1/things", "Connection: close", CHUNKED, body=b"0\r\n\r\n")).status == 200


def test_a_length_with_leading_zeros_is_the_number_it_states(edge: Edge) -> None:
    assert edge.send(request("POST", "/v1/echo", "Connection: close", "Content-Length: 00003", body=b"abc")).body == (
        b"abc"
    )


@settings(max_examples=25)
@given(chunks=st.lists(st.binary(min_size=1, max_size=2000), max_size=20), pieces=st.integers(1, 2000))
def test_a_body_is_the_same_however_it_is_cut(edge: Edge, chunks: list[bytes], pieces: int) -> None:
    raw = post_chunks(*chunks)
    answer = edge.send(*[raw[start : start + pieces] for start in range(0, len(raw), pieces)])
    assert answer.body == b"".join(chunks)


def answer_to(connection: socket.socket) -> Answer:
    return one_answer(read_to_end(connection))


def test_a_client_that_asks_first_is_told_to_go_on_or_refused(edge: Edge) -> None:
    expect = ("Connection: close", "Expect: 100-continue")
    with edge.connect() as connection:
        connection.sendall(request("POST", "/v1/echo", *expect, "Content-Length: 3"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert answer_to(connection).body == b"abc"
    edge.refused(request("POST", "/v1/echo", *expect, f"Content-Length: {LIMIT + 1}"), slug="too-large")


def test_an_incomplete_body_is_refused_when_its_time_is_over(hasty: Edge) -> None:
    hasty.refused(post(b"abc", length=10), slug="request-timeout")
    hasty.refused(post_chunks(b"abc", end=b""), slug="request-timeout")


def test_dripping_a_body_does_not_buy_time(hasty: Edge) -> None:
    with hasty.connect() as connection:
        connection.sendall(post(b"", length=1000))
        connection.settimeout(0.05)
        received = b""
        for _ in range(100):
            connection.sendall(b"x")
            try:
                received = connection.recv(65536)
                break
            except TimeoutError:
                continue
        connection.settimeout(5)
        assert_problem(one_answer(received + read_to_end(connection)), "request-timeout")


def test_a_client_that_leaves_in_the_middle_of_its_body_reaches_nobody(edge: Edge) -> None:
    before = (list(edge.counted), list(edge.logged))
    with edge.connect() as connection:
        connection.sendall(post(b"abc", length=10))
    assert edge.get("/v1/things").status == 200
    assert (edge.counted, edge.logged) == before


def test_after_an_answered_body_the_connection_serves_the_next_request(edge: Edge) -> None:
    with edge.connect() as connection:
        for _ in range(3):
            connection.sendall(request("POST", "/v1/echo", "Content-Length: 3", body=b"abc"))
            raw = b""
            while not raw.endswith(b"\r\n\r\nabc"):
                raw += connection.recv(65536)
            assert one_answer(raw).status == 200
        connection.sendall(f"GET /v1/things HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        assert answer_to(connection).status == 200
