"""Every answer carries the fixed headers, and a failure tells the client its kind and nothing else."""

from collections.abc import Iterator

import pytest

from tests.web.wire import CANARY, Edge, assert_fixed_headers, assert_problem, read_to_end, request, running


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running() as edge:
        yield edge


def test_an_answer_carries_the_fixed_headers_and_the_request_id_its_route_saw(edge: Edge) -> None:
    answer = edge.get("/v1/things")
    assert_fixed_headers(answer)
    assert answer.document == {"request_id": answer.headers["x-request-id"]}


def test_the_request_id_is_the_servers_and_never_the_same(edge: Edge) -> None:
    ids = {edge.get("/v1/things", "X-Request-Id: mine").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert "mine" not in ids


def test_a_route_chooses_its_caching_and_its_content_policy_and_nothing_else(edge: Edge) -> None:
    headers = edge.get("/v1/cached").headers
    assert headers["cache-control"] == "max-age=300"
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"] != "chosen-by-the-route"


def test_a_problem_raised_by_a_route_is_its_document(edge: Edge) -> None:
    answer = edge.get("/v1/limited")
    assert_problem(answer, "rate-limited", retry_after=7)
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-extra"] == "yes"


def test_a_problem_raised_by_a_route_is_no_refusal_of_the_guard(edge: Edge) -> None:
    before = list(edge.counted)
    with edge.connect() as connection:
        connection.sendall(request("GET", "/v1/limited"))
        first = connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 429 ")
        assert b"connection: close" not in first
        connection.sendall(request("GET", "/v1/things", "Connection: close"))
        assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")
    assert edge.counted == before


def test_an_unforeseen_failure_is_internal_and_its_text_stays_inside(
    edge: Edge, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = edge.get("/v1/broken")
    assert_problem(answer, "internal")
    assert edge.logged[-1] == ("LookupError", answer.headers["x-request-id"])
    assert CANARY not in answer.body.decode() + caplog.text + str(edge.logged) + "".join(capfd.readouterr())


def test_a_failure_in_the_middle_of_an_answer_cuts_it_off_before_its_end(
    edge: Edge, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with edge.connect() as connection:
        connection.sendall(request("GET", "/v1/half"))
        raw = read_to_end(connection)
    assert b"the first half" in raw
    assert not raw.endswith(b"0\r\n\r\n")
    assert edge.logged[-1][0] == "LookupError"
    assert CANARY not in raw.decode() + caplog.text + "".join(capfd.readouterr())


def test_what_the_router_refuses_is_a_problem_too(edge: Edge) -> None:
    assert_problem(edge.get("/v1/unknown"), "not-found")
    wrong_method = edge.get("/v1/echo")
    assert_problem(wrong_method, "method-not-allowed")
    assert wrong_method.headers["allow"] == "POST"


def test_a_head_request_has_headers_and_no_body(edge: Edge) -> None:
    with edge.connect() as connection:
        connection.sendall(request("HEAD", "/v1/things", host="evil.example"))
        raw = read_to_end(connection)
    assert raw.startswith(b"HTTP/1.1 400 ")
    assert raw.endswith(b"\r\n\r\n")


def test_head_and_body_leave_at_once_and_a_head_alone_does_not_wait(edge: Edge) -> None:
    with edge.connect() as connection:
        for method in ("HEAD", "GET", "HEAD"):
            connection.sendall(request(method, "/v1/things"))
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert body.startswith(b'{"request_id":') == (method == "GET")


async def silent(scope, receive, send):
    """An application that returns without a word."""
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})


def test_an_application_that_gives_no_answer_has_failed() -> None:
    with running(app=silent) as edge:
        assert_problem(edge.get("/v1/things"), "internal")
        assert [kind for kind, _ in edge.logged] == ["RuntimeError"]
