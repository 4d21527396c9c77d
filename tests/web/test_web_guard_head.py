"""Heads that two programs could read differently, or that are too large, never reach the application."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from gateway.web.guard import HEADER_LIMIT, HEADERS_LIMIT, TARGET_LIMIT, head_fault
from gateway.web.headers import Header
from tests.web.wire import HOST, Edge, request, running

HOSTS = frozenset({HOST.encode()})
PLAIN: list[Header] = [(b"host", HOST.encode()), (b"accept", b"*/*")]


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running() as edge:
        yield edge


def fault(*headers: Header, path: bytes = b"/v1/things", query: bytes = b"") -> str | None:
    return head_fault([*PLAIN, *headers], raw_path=path, query=query, hosts=HOSTS)


@pytest.mark.parametrize("host", [None, "evil.example", f"{HOST}:443", f"{HOST}.evil.example", f"x@{HOST}", ""])
def test_a_host_outside_the_list_is_refused(edge: Edge, host: str | None) -> None:
    edge.refused(request("GET", "/v1/things", host=host), slug="malformed")


def test_two_hosts_are_refused_even_when_equal(edge: Edge) -> None:
    edge.refused(request("GET", "/v1/things", f"Host: {HOST}"), slug="malformed")


def test_the_host_is_compared_without_case(edge: Edge) -> None:
    assert edge.send(request("GET", "/v1/things", "Connection: close", host=HOST.upper())).status == 200


def test_a_forwarded_host_changes_nothing(edge: Edge) -> None:
    assert edge.get("/v1/things", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher").status == 200
    edge.refused(request("GET", "/v1/things", f"X-Forwarded-Host: {HOST}", host="evil.example"), slug="malformed")


@pytest.mark.parametrize("name", ["Authorization", "DPoP", "Content-Type", "content-type"])
def test_a_second_header_of_a_single_kind_is_refused(edge: Edge, name: str) -> None:
    edge.refused(request("GET", "/v1/things", f"{name}: a", f"{name.upper()}: a"), slug="malformed")


def test_a_second_header_of_another_kind_is_let_through(edge: Edge) -> None:
    assert edge.get("/v1/things", "Accept: a/b", "Accept: c/d").status == 200


@pytest.mark.parametrize("name", ["Content_Length", "X_Forwarded_For", "_", "DPoP_"])
def test_a_header_name_with_an_underscore_is_refused(edge: Edge, name: str) -> None:
    edge.refused(request("GET", "/v1/things", f"{name}: 0"), slug="malformed")


@pytest.mark.parametrize("control", [*range(0x20), 0x7F])
def test_a_control_character_in_a_value_is_refused(edge: Edge, control: int) -> None:
    assert fault((b"x", b"a%cb" % control)) == "malformed"
    edge.refused(request("GET", "/v1/things", f"X: a{chr(control)}b"), slug="malformed")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/things%2f..",
        "/v1%2Fthings",
        "/v1/%5cthings",
        "/v1/things%00",
        "/v1/%2e%2e/things",
        "/v1/%2E./things",
        "/v1/.%2e/things",
        "//evil.example/v1/things",
        "/v1//things",
        "/v1/things//",
        "/v1\\things",
        "/v1/things;a=b",
        "/v1/./things",
        "/v1/../things",
        "/..",
        "/.",
        "/v1/things/.",
        "/v1/things/..?q",
        "/v1/\xe9",
        "/v1/\xe3\x81\x82",
        "/v1/%E3%81%82",
        "/v1/%ff",
        "/v1/%0d%0aX:y",
        "/v1/%7F",
    ],
)
def test_a_path_with_two_readings_is_refused(edge: Edge, path: str) -> None:
    edge.refused(request("GET", path), slug="malformed")
    assert fault(path=path.partition("?")[0].encode("latin-1")) == "malformed"


@pytest.mark.parametrize("path", ["/v1/..things", "/v1/.things", "/v1/a.b", "/v1/a..b", "/v1/...", "/", "/v1/%41"])
def test_a_dot_that_is_no_segment_is_let_through(path: str) -> None:
    assert fault(path=path.encode()) is None


def test_the_query_is_not_held_to_the_rules_of_the_path(edge: Edge) -> None:
    assert edge.get("/v1/things?next=//a/../%2f%00;b").status == 200


@given(
    st.lists(
        st.sampled_from(
            [
                "/",
                ".",
                "..",
                "%2e",
                "%2F",
                "%5C",
                "%00",
                "\\",
                ";",
                "a",
                "v1",
                "%41",
                "%",
                "~",
                "é",
                "%C3%A9",
                "%ff",
                "%0a",
                " ",
            ]
        ),
        max_size=8,
    ).map("".join)
)
def test_every_path_let_through_has_one_reading(path: str) -> None:
    if fault(path=path.encode("latin-1")) is not None:
        return
    read = unquote(path)
    assert read.isascii()
    assert read.isprintable()
    assert read.startswith("/")
    assert posixpath.normpath(read) == (read.rstrip("/") or "/")
    assert not set(read) & set("\\;\0")
    assert [unquote(segment) for segment in path.split("/")] == read.split("/")


def padded(total: int) -> list[str]:
    """Headers that bring a head to exactly `total` bytes with Host and Connection, none of them over 4 KiB."""
    missing = total - len(f"Host: {HOST}\r\nConnection: close\r\n")
    lines = []
    while missing:
        size = min(missing, 4000) if missing > 8000 or missing <= 4000 else missing // 2
        lines.append("X: ".ljust(size - 2, "x"))
        missing -= size
    return lines


def test_headers_up_to_the_limit_are_let_through_and_one_byte_more_is_refused(edge: Edge) -> None:
    assert edge.send(request("GET", "/v1/things", "Connection: close", *padded(HEADERS_LIMIT))).status == 200
    edge.refused(
        request("GET", "/v1/things", "Connection: close", *padded(HEADERS_LIMIT + 1)), slug="headers-too-large"
    )


def test_one_header_up_to_its_limit_is_let_through_and_one_byte_more_is_refused(edge: Edge) -> None:
    assert edge.get("/v1/things", "X: " + "x" * (HEADER_LIMIT - 1)).status == 200
    edge.refused(request("GET", "/v1/things", "X: " + "x" * HEADER_LIMIT), slug="headers-too-large")


def test_a_head_too_large_to_be_read_at_once_is_refused_before_its_end(edge: Edge) -> None:
    edge.refused(request("GET", "/v1/things")[:-2] + b"X: " + b"x" * 40_000, slug="headers-too-large")
    edge.refused(request("GET", "/v1/things")[:-2] + b"X: x\r\n" * 5_000, slug="headers-too-large")
    edge.refused(b"GET /" + b"x" * 40_000, slug="uri-too-long")


def test_a_target_up_to_its_limit_is_let_through_and_one_byte_more_is_refused(edge: Edge) -> None:
    target = "/v1/things?".ljust(TARGET_LIMIT, "q")
    assert edge.get(target).status == 200
    edge.refused(request("GET", target + "q"), slug="uri-too-long")
    edge.refused(request("GET", "/".ljust(TARGET_LIMIT + 1, "p")), slug="uri-too-long")


@pytest.mark.parametrize("coding", ["gzip", "identity", "br, gzip", ""])
def test_any_content_encoding_is_refused(edge: Edge, coding: str) -> None:
    headers = ("Content-Length: 1", f"Content-Encoding: {coding}")
    edge.refused(request("POST", "/v1/echo", *headers, body=b"a"), slug="unsupported-media-type")


def test_the_guard_stands_without_the_parser_in_front_of_it() -> None:
    assert fault((b"content-length", b"1"), (b"transfer-encoding", b"chunked")) == "malformed"
    assert fault((b"content-length", b"1"), (b"content-length", b"1")) == "malformed"
    assert fault((b"content-length", b"+1")) == "malformed"
    assert fault((b"content-length", b"")) == "malformed"
    assert fault(path=b"*") == "malformed"
    assert fault(path=b"") == "malformed"
    assert head_fault([], raw_path=b"/", query=b"", hosts=HOSTS) == "malformed"
    assert fault() is None
