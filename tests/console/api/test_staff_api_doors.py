"""Who gets in, for how long, with what; and what no request of any kind is given."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from starlette.requests import Request

from gateway.console.api.app import ROUTES, body_limit
from gateway.console.api.gate import bearer
from gateway.console.api.inbound import SigningIn
from gateway.console.app import PAGES, body_limit as listener_limit, staff_app
from gateway.console.entrance.sessions import token_hash
from gateway.console.entrance.sign_in import FREE_FAILURES
from gateway.tlog.entries import instant
from tests.clock import NOON
from tests.console.api.api_room import HERE, ORIGIN, REAL, WISH, Room, made, rule, slug
from tests.console.simulated import PASSWORD, Console
from tests.house import COOP, Silent

CANARY = "鈴木花子-0042"
EVIL = "https://evil.example"


async def test_a_token_is_given_for_what_the_form_asks_for_and_is_worth_a_session(room: Room):
    program = room.program()
    answer = await program.sign_in("sato")
    given = made(answer, 201)
    assert set(given) == {"token", "expires"}
    assert given["expires"] == instant(NOON + timedelta(hours=8))
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    stored = await room.house.stores.staff.session(token_hash(given["token"]))
    assert stored is not None
    assert (stored.coop, stored.person) == (COOP, "sato")
    program.token = given["token"]
    assert (await program.get("proposals")).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"password": "違う パスワード 2026"}, {"code": "000000"}, {"person": "nobody"}, {"coop": "nowhere"}, {"code": ""}],
)
async def test_a_refused_sign_in_says_the_same_whatever_the_reason(room: Room, changes: dict[str, str]):
    answer = await room.program().sign_in(**({"person": "sato"} | changes))
    assert slug(answer, 401) == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "サインインできません" in answer.json()["ja"]


async def test_failures_lock_the_api_and_the_form_alike(room: Room):
    program = room.program()
    wrong = [program.sign_in("sato", password="違う パスワード 2026") for _ in range(FREE_FAILURES)]
    assert {one.status_code for one in await asyncio.gather(*wrong)} == {401}
    assert (await program.sign_in("sato")).status_code == 401
    form = {"coop": COOP, "person": "sato", "password": PASSWORD, "code": room.code()}
    page = await program.http.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert page.status_code == 403
    room.house.clock.advance(minutes=1)
    assert (await program.sign_in("sato")).status_code == 201


async def test_one_code_makes_one_token(room: Room):
    answers = await asyncio.gather(*(room.program().sign_in("sato") for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [201, 401, 401]
    form = {"coop": COOP, "person": "sato", "password": PASSWORD, "code": room.code()}
    page = await room.program().http.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert page.status_code == 403


async def test_a_session_ends_unused_after_a_quarter_and_in_any_case_after_eight_hours(room: Room):
    clock = room.house.clock
    used, unused = await room.signed_in("sato"), await room.signed_in("ito")
    clock.advance(minutes=14, seconds=59)
    assert (await used.get("proposals")).status_code == 200
    clock.advance(seconds=1)
    ended = await unused.get("proposals")
    assert slug(ended, 401) == "unauthenticated"
    assert ended.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    while clock() < NOON + timedelta(hours=8) - timedelta(minutes=10):
        clock.advance(minutes=10)
        assert (await used.get("proposals")).status_code == 200
    clock.now = NOON + timedelta(hours=8)
    assert slug(await used.get("proposals"), 401) == "unauthenticated"


async def test_who_signs_out_is_out(room: Room):
    program = await room.signed_in("sato")
    answer = await program.send("DELETE", "/sessions")
    assert (answer.status_code, answer.content) == (204, b"")
    for method, path in (("DELETE", "/sessions"), ("GET", f"/{COOP}/proposals"), ("GET", "/openapi.json")):
        assert slug(await program.send(method, path), 401) == "unauthenticated"


@pytest.mark.parametrize("name", ["__Host-session", "session"])
async def test_a_cookie_is_worth_nothing_here(room: Room, name: str):
    token = (await room.signed_in("sato")).token
    stranger = room.program()
    for path in ("proposals", "people"):
        answer = await stranger.get(path, Cookie=f"{name}={token}")
        assert slug(answer, 401) == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert slug(await stranger.post("proposals", WISH, Cookie=f"{name}={token}"), 401) == "unauthenticated"


@pytest.mark.parametrize("form", ["{}", "Basic {}", "Bearer", "Bearer  {}", "Bearer {} x", "DPoP {}", "Bearer {},"])
async def test_a_token_is_taken_in_one_form(room: Room, form: str):
    token = (await room.signed_in("sato")).token
    stranger = room.program()
    assert slug(await stranger.get("proposals", Authorization=form.format(token)), 401) == "unauthenticated"
    assert (await stranger.get("proposals", Authorization=f"bearer {token}")).status_code == 200


async def test_without_a_token_nobody_learns_which_paths_there_are(room: Room):
    stranger = room.program()
    paths = ["/", "/x", "/sessions", "/openapi.json", f"/{COOP}", f"/{COOP}/", f"/{COOP}/proposals", "/nowhere/x"]
    answers = [await stranger.send("GET", path) for path in paths]
    documents = [{key: one.json()[key] for key in one.json() if key != "request_id"} for one in answers]
    assert documents == [documents[0]] * len(paths)
    assert documents[0]["status"] == 401


# A program's head has neither; a browser's says which page it is.
@pytest.mark.parametrize(
    ("origin", "site", "let_in"),
    [
        (None, None, True),
        (ORIGIN, "same-origin", True),
        (ORIGIN, None, True),
        ("null", "same-origin", True),
        (EVIL, None, False),
        (EVIL, "cross-site", False),
        (EVIL, "same-origin", False),
        ("null", None, False),
        ("null", "cross-site", False),
        (None, "cross-site", False),
        (None, "same-site", False),
        (ORIGIN + ".evil.example", None, False),
        ("", None, False),
    ],
)
async def test_a_page_of_another_site_is_not_heard(room: Room, origin: str | None, site: str | None, let_in: bool):
    headers = {key: value for key, value in {"Origin": origin, "Sec_Fetch_Site": site}.items() if value is not None}
    program = await room.signed_in("sato")
    answers = [
        await program.get("proposals", **headers),
        await program.post("proposals", WISH, **headers),
        await room.program().send("POST", "/sessions", {}, **headers),
    ]
    if let_in:
        assert [one.status_code for one in answers] == [200, 201, 400]
        return
    assert [rule(one, 403) for one in answers] == ["source"] * 3
    assert await room.events() == []
    assert all("access-control-allow-origin" not in one.headers for one in answers)
    assert isinstance(room.house.telemetry, Silent)
    assert any(name == "staff_request_forged" for _, name, _ in room.house.telemetry.told)


async def test_answers_carry_the_protective_headers_of_the_listener(room: Room):
    program = await room.signed_in("sato")
    for answer in (await program.get("proposals"), await program.get("nothing"), await room.program().get("x")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 32


SHAPES: list[tuple[bytes, str | None]] = [
    (b"", None),
    (b"[]", ""),
    (b"{", None),
    (b'{"title":"a","title":"b"}', None),
    (b'{"title":1}', "/title"),
    (b'{"title":"\\ud800"}', None),
    (b'{"title":"a","department":"b","reason":"c"}', "/files"),
    (b'{"title":"a","department":"b","reason":"c","base":true,"files":{}}', "/files"),
    (b'{"title":"a","department":"b","reason":"c","files":{"x":1}}', "/files"),
    (b'{"title":"a","department":"b","reason":"c","base":true,"effective":"2026-12-01T00:00:00"}', "/effective"),
    (b'{"title":"a","department":"b","reason":"c","base":true,"effective":1}', "/effective"),
    (b'{"title":"a\\nb","department":"b","reason":"c","base":true}', "/title"),
    (b'{"title":"a","department":"b\\u0000","reason":"c","base":true}', "/department"),
    (b'{"title":"a","department":"b","reason":"\\u202ec","base":true}', "/reason"),
    (b'{"title":"a","department":"b","base":true}', ""),
]


@pytest.mark.parametrize(("body", "pointer"), SHAPES)
async def test_a_body_of_another_shape_is_refused_with_what_to_mend(room: Room, body: bytes, pointer: str | None):
    program = await room.signed_in("sato")
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    answer = await program.http.post(f"/api/{COOP}/proposals", content=body, headers=headers)
    assert slug(answer, 400) == "malformed"
    assert answer.json().get("pointer") == pointer
    assert answer.json()["ja"]
    assert answer.json()["en"]


async def test_an_unknown_key_is_refused_and_not_repeated(room: Room):
    program = await room.signed_in("sato")
    draft = await program.begun()
    for path, body in (
        ("proposals", WISH | {CANARY: CANARY}),
        ("roll-backs", {"version": "0" * 8, "department": HERE, "reason": "x", CANARY: 1}),
        (f"proposals/{draft['id']}/submit", {"revision": 1, "preview": "0" * 64, CANARY: 1}),
        (f"proposals/{draft['id']}/publish", {"revision": 1, "preview": "0" * 64}),
        (f"proposals/{draft['id']}/reject", {"revision": 1, "reason": "x", "by": "ito"}),
        (f"proposals/{draft['id']}/submit", {"revision": 1, "preview": CANARY}),
        (f"proposals/{draft['id']}/submit", {"revision": "1", "preview": "0" * 64}),
    ):
        answer = await program.post(path, body)
        assert slug(answer, 400) == "malformed"
        assert CANARY not in answer.text
    assert CANARY not in (await room.program().sign_in(CANARY)).text
    assert CANARY not in (await room.program().sign_in("sato", more=CANARY)).text
    told: Any = room.house.told
    assert CANARY not in str(told)


@pytest.mark.parametrize("effective", ["9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
async def test_an_effective_time_beyond_every_calendar_is_refused(room: Room, effective: str):
    program = await room.signed_in("sato")
    answer = await program.post("proposals", WISH | {"effective": effective})
    assert (slug(answer, 400), answer.json()["pointer"]) == ("malformed", "/effective")
    kept = made(await program.post("proposals", WISH | {"effective": "2026-12-01T00:00:00.123456+09:00"}), 201)
    assert kept["effective"] == "2026-11-30T15:00:00.123Z"


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=x"]
)
async def test_a_body_of_another_kind_is_refused(room: Room, kind: str | None):
    program = await room.signed_in("sato")
    headers = {"Authorization": f"Bearer {program.token}"} | ({} if kind is None else {"Content-Type": kind})
    answer = await program.http.post(f"/api/{COOP}/proposals", content=b"{}", headers=headers)
    assert slug(answer, 415) == "unsupported-media-type"


async def test_a_query_is_taken_by_the_list_alone(room: Room):
    program = await room.signed_in("sato")
    draft = await program.begun()
    for path in ("versions?on=2026-11-22", "people?x", f"proposals/{draft['id']}?files=2", "versions?"):
        expected = 200 if path.endswith("?") else 400
        assert (await program.get(path)).status_code == expected
    assert slug(await program.post("proposals?base=1", WISH), 400) == "malformed"
    assert slug(await program.send("DELETE", "/sessions?all=1"), 400) == "malformed"


async def test_a_wrong_method_is_told_which_are_right(room: Room):
    program = await room.signed_in("sato")
    for method, path in (("PATCH", "/sessions"), ("DELETE", f"/{COOP}/versions"), ("PUT", f"/{COOP}/roll-backs")):
        answer = await program.send(method, path)
        assert slug(answer, 405) == "method-not-allowed"
        assert answer.headers["allow"]
    for path in ("nothing", "", "proposals/", "proposals/x/y", "proposals/x/amend"):
        assert slug(await program.get(path), 404) == "not-found"


async def test_heads_and_bodies_over_their_limits_are_refused(room: Room):
    program = await room.signed_in("sato")
    large = WISH | {"files": REAL | {"x": "y" * 200_000}}
    assert slug(await program.post("proposals", large), 413) == "too-large"
    long = {"revision": 1, "reason": "x" * 17_000}
    assert slug(await program.post("proposals/x/reject", long), 413) == "too-large"
    assert slug(await room.program().sign_in("x" * 9_000), 413) == "too-large"
    assert slug(await program.send("DELETE", "/sessions", {}), 413) == "too-large"
    assert slug(await program.get("proposals", X_Long="x" * 9_000), 431) == "headers-too-large"
    assert slug(await program.get("proposals?state=" + "x" * 3_000), 414) == "uri-too-long"
    assert (await program.get("proposals")).status_code == 200


def test_bodies_are_read_for_routes_that_take_one_alone():
    for route in ROUTES:
        path = "/api" + route.path.format(
            coop=COOP, proposal="p-1", partner="sunnet", request="r-1", grant="g-1.delivery"
        )
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
            takes = method in {"POST", "PUT"} and any(
                method in (one.methods or ()) and one.path == route.path for one in ROUTES
            )
            assert (body_limit(method, path) > 0) == takes
            assert listener_limit(method, path, PAGES) == body_limit(method, path)
    assert body_limit("POST", "/api/nothing") == 0


def test_no_co_op_is_called_as_the_api_is(console: Console):
    with pytest.raises(ValueError, match="`api`"):
        staff_app(replace(console.desk, coops={"api": "api"}), hosts=frozenset({"console.example.coop"}))


async def test_a_console_that_only_reads_acts_for_nobody(console: Console):
    browser = await console.browser().signed_in("kian")
    headers = {"Authorization": f"Bearer {browser.token}"}
    console.proposals.add("申請", id="p1")
    listed = await browser.http.get(f"/api/{COOP}/proposals", headers=headers)
    assert [one["id"] for one in made(listed)["proposals"]] == ["p1"]
    acts = {"submit": {"revision": 1, "preview": "0" * 64}, "withdraw": {"revision": 1, "reason": "x"}}
    for event, body in acts.items():
        answer = await browser.http.post(f"/api/{COOP}/proposals/p1/{event}", json=body, headers=headers)
        assert slug(answer, 404) == "not-found"


async def test_a_database_that_is_away_is_told_as_that(console: Console):
    browser = await console.browser().signed_in("kian")
    console.staff.down = True
    answer = await browser.http.get(f"/api/{COOP}/people", headers={"Authorization": f"Bearer {browser.token}"})
    assert slug(answer, 503) == "unavailable"
    assert (answer.headers["retry-after"], answer.json()["retry_after"]) == ("1", 1)
    assert "database" not in answer.text


def test_what_is_sent_to_sign_in_does_not_print_itself():
    assert PASSWORD not in repr(SigningIn(coop=COOP, person="x", password=PASSWORD, code="1"))


@given(st.text(max_size=40).map(str.encode) | st.binary(max_size=40))
def test_any_token_has_one_reading_or_none(value: bytes):
    token = bearer(Request({"type": "http", "headers": [(b"authorization", b"Bearer " + value)]}))
    assert token is None or (token.encode() == value and value.isascii())
