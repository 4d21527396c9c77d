"""The member system as a service: over ASGI where the answer is looked at, over a socket where the connection is."""

import asyncio
import contextlib
import json
import socket
from datetime import date

import httpx2
import pytest

from gateway.demo.awkward import AWKWARD
from gateway.demo.member_system import NO_FAULTS, Faults, main, member_system, nightly, server
from gateway.demo.member_table import Table
from gateway.demo.people import make_members

SECRET = "a secret of the tests"
AUTHORIZED = {"Authorization": f"Bearer {SECRET}"}
QUERY = {"members": [AWKWARD["takasaki"], "99999999"], "fields": ["name", "name_kana"]}
PAGE = {"limit": 3, "fields": ["name"]}


@pytest.fixture(scope="module")
def table(members):
    return Table(members[:200])


@pytest.fixture
def make_system(table):
    return lambda **faults: member_system(lambda: table, secret=SECRET, faults=Faults(**faults))


@contextlib.asynccontextmanager
async def asking(app):
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://coop.test", headers=AUTHORIZED) as client:
        yield client


@contextlib.asynccontextmanager
async def listening(app):
    """Serve on a free port; the kernel keeps connections until the server is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        running = server(app, host="127.0.0.1", port=0)
        task = asyncio.create_task(running.serve(sockets=[free]))
        try:
            host, port = free.getsockname()
            async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", headers=AUTHORIZED) as session:
                yield session
        finally:
            running.should_exit = True
            await task


def problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    return body


# ── answers ──


async def test_named_members_come_with_the_asked_columns(make_system):
    async with asking(make_system()) as client:
        response = await client.post("/v1/members/query", json=QUERY)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "records": [{"member_code": AWKWARD["takasaki"], "name": "髙﨑 花子", "name_kana": "タカサキ ハナコ"}]
    }


async def test_a_walk_ends_and_its_mark_is_the_same_on_every_page(make_system, members):
    seen: list[dict[str, str]] = []
    marks, after = set(), None
    async with asking(make_system()) as client:
        while after is not None or not seen:
            response = await client.post("/v1/members/page", json={**PAGE, "limit": 90, "after": after})
            page = response.json()
            seen += page["records"]
            marks.add(page["high_water"])
            after = page["next"]
    assert seen == [{"member_code": m["member_code"], "name": m["name"]} for m in members[:200]]
    assert len(marks) == 1


async def test_a_condition_applies_to_a_column_that_is_not_asked_and_is_not_answered(make_system):
    population = [{"field": "municipality_code", "prefix_in": ["05"]}, {"field": "status", "in": ["active"]}]
    async with asking(make_system()) as client:
        body = {**PAGE, "product": "G1", "population": population}
        records = (await client.post("/v1/members/page", json=body)).json()["records"]
    assert records[0]["member_code"] == AWKWARD["moved"]
    assert {tuple(record) for record in records} == {("member_code", "name")}


async def test_the_columns_asked_last_are_remembered(make_system):
    app = make_system()
    assert app.state.asked == ()
    async with asking(app) as client:
        await client.post("/v1/members/query", json=QUERY)
        assert app.state.asked == ("name", "name_kana")
        await client.post("/v1/members/page", json=PAGE)
        assert app.state.asked == ("name",)
        await client.post("/v1/members/page", json={**PAGE, "fields": ["shoe_size"]})
    assert app.state.asked == ("name",)
    assert app.state.calls == 3


async def test_health_needs_no_secret_and_tells_of_nobody(make_system):
    async with asking(make_system(status=503)) as client:
        response = await client.get("/healthz", headers={"Authorization": ""})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


# ── refusals ──


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", f"Bearer {SECRET}x", f"Bearer {SECRET[:-1]}", f"Basic {SECRET}", SECRET, "Bearer あ"],
)
@pytest.mark.parametrize("path", ["/v1/members/query", "/v1/members/page"])
async def test_without_the_secret_nothing_is_answered(make_system, path, shown):
    app = make_system()
    async with asking(app) as client:
        headers = {"Authorization": shown.encode()}
        response = await client.post(path, json=QUERY, headers=headers)
    problem(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"
    assert app.state.calls == 0


def test_a_member_system_without_a_secret_is_refused(table):
    with pytest.raises(ValueError, match="secret"):
        member_system(lambda: table, secret="")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("query", {**QUERY, "fields": ["name", "shoe_size"]}),
        ("page", {**PAGE, "fields": ["shoe_size"]}),
        ("page", {**PAGE, "population": [{"field": "shoe_size", "in": ["1"]}]}),
    ],
)
async def test_an_unknown_column_is_refused_by_name(make_system, path, body):
    async with asking(make_system()) as client:
        refusal = problem(await client.post(f"/v1/members/{path}", json=body), 400)
    assert refusal["column"] == "shoe_size"
    assert "`shoe_size`" in refusal["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("query", {"fields": ["name"]}),
        ("query", {**QUERY, "members": []}),
        ("query", {**QUERY, "members": ["00000101"] * 1001}),
        ("query", {**QUERY, "members": [101]}),
        ("query", {**QUERY, "product": "G6"}),
        ("query", {**QUERY, "insurer": "X"}),
        ("page", {**PAGE, "limit": 0}),
        ("page", {**PAGE, "limit": 1001}),
        ("page", {**PAGE, "after": "!"}),
        ("page", {**PAGE, "population": [{"field": "sex"}]}),
        ("page", {**PAGE, "population": [{"field": "sex", "in": ["1"], "prefix_in": ["1"]}]}),
        ("page", {**PAGE, "population": [{"field": "sex", "not_in": ["1"]}]}),
    ],
)
async def test_a_body_of_another_shape_is_refused(make_system, path, body):
    async with asking(make_system()) as client:
        response = await client.post(f"/v1/members/{path}", json=body)
    problem(response, 400)
    assert "00000101" not in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"members":["\xff"],"fields":[]}', b'{"members":'])
async def test_a_body_that_is_no_json_object_is_refused(make_system, body):
    async with asking(make_system()) as client:
        problem(await client.post("/v1/members/query", content=body), 400)


async def test_a_code_in_a_url_leads_nowhere(make_system):
    async with asking(make_system()) as client:
        problem(await client.get("/v1/members/00000101"), 404)
        problem(await client.get("/v1/members/query"), 405)


# ── misbehaviour ──


async def test_a_dropped_connection_ends_without_a_byte(make_system):
    async with listening(make_system(drop=True)) as session:
        with pytest.raises(httpx2.RemoteProtocolError):
            await session.post("/v1/members/query", json=QUERY)


async def test_a_truncated_answer_promises_more_than_it_sends(make_system):
    async with (
        listening(make_system(truncated=True)) as session,
        session.stream("POST", "/v1/members/page", json=PAGE) as answer,
    ):
        assert answer.status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            await answer.aread()


async def test_a_malformed_answer_is_whole_but_no_json(make_system):
    async with listening(make_system(malformed=True)) as session:
        body = (await session.post("/v1/members/page", json=PAGE)).content
    assert body.startswith(b'{"records":[')
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_slow_system_outlasts_an_impatient_caller(make_system):
    async with listening(make_system(delay_seconds=0.2)) as session:
        with pytest.raises(httpx2.ReadTimeout):
            await session.post("/v1/members/query", json=QUERY, timeout=httpx2.Timeout(5, read=0.05))


async def test_faults_end_after_their_times_so_that_a_retry_succeeds(make_system):
    app = make_system(drop=True, times=2)
    async with listening(app) as session:
        for _ in range(2):
            with pytest.raises(httpx2.RemoteProtocolError):
                await session.post("/v1/members/query", json=QUERY)
        answer = await session.post("/v1/members/query", json=QUERY)
        assert len(answer.json()["records"]) == 1
    assert app.state.calls == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_status_is_answered_instead_of_records_until_it_is_mended(make_system, status):
    app = make_system(status=status)
    async with asking(app) as client:
        problem(await client.post("/v1/members/query", json=QUERY), status)
        app.state.faults = NO_FAULTS
        assert (await client.post("/v1/members/query", json=QUERY)).status_code == 200


async def test_a_server_that_cannot_drop_a_connection_says_so(make_system):
    async with asking(make_system(drop=True)) as client:
        with pytest.raises(ConnectionResetError):
            await client.post("/v1/members/query", json=QUERY)


# ── the night, and the command ──


def test_the_table_is_made_anew_each_day_and_only_then():
    days = iter([date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 23)])
    table = nightly(lambda day: make_members(50, today=day), today=lambda: next(days))
    first, second, third = table(), table(), table()
    assert first is second
    assert first.high_water != third.high_water
    as_of = json.loads(third.query([AWKWARD["takasaki"]], ["as_of"]))["records"][0]["as_of"]
    assert as_of.startswith("2026-11-22T")


@pytest.mark.parametrize("arguments", [[], ["--secret-file"], ["--secret-file", "x", "--port", "many"]])
def test_the_command_refuses_what_it_does_not_understand(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
