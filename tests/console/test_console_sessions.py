"""How long one stays signed in, and what a session is worth elsewhere."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.clock import NOON
from tests.console.simulated import COOP, OTHER, Console, words

HOME = f"/{COOP}/"


async def test_fifteen_minutes_unused_end_a_session(console: Console):
    browser = await console.browser().signed_in("kian")
    for _ in range(3):
        console.clock.advance(minutes=14, seconds=59)
        assert (await browser.get(HOME)).status_code == 200
    console.clock.advance(minutes=15)
    answer = await browser.get(HOME)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?said=ended&next=%2F{COOP}%2F")
    assert console.staff.sessions == {}
    assert "サインインが終了しました" in words(await browser.get(answer.headers["location"]))


async def test_eight_hours_end_a_session_however_busy_it_was(console: Console):
    browser = await console.browser().signed_in("kian")
    while console.clock() < NOON + timedelta(hours=8) - timedelta(minutes=10):
        console.clock.advance(minutes=10)
        assert (await browser.get(HOME)).status_code == 200
    console.clock.now = NOON + timedelta(hours=8) - timedelta(milliseconds=1)
    assert (await browser.get(HOME)).status_code == 200
    console.clock.advance(milliseconds=1)
    assert (await browser.get(HOME)).status_code == 303


async def test_style_and_modules_do_not_prolong_a_session(console: Console):
    browser = await console.browser().signed_in("kian")
    console.clock.advance(minutes=5)
    await browser.get("/static/0/console.css")
    assert browser.session is not None
    assert browser.session.seen == NOON


async def test_asking_to_stay_prolongs_it(console: Console):
    browser = await console.browser().signed_in("kian")
    console.clock.advance(minutes=14)
    answer = await browser.send(f"{HOME}stay")
    assert (answer.status_code, answer.content) == (204, b"")
    console.clock.advance(minutes=14)
    assert (await browser.get(HOME)).status_code == 200


async def test_signing_out_forgets_the_session_at_both_ends(console: Console):
    browser = await console.browser().signed_in("kian")
    token = browser.token
    answer = await browser.send("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?said=out")
    assert console.staff.sessions == {}
    assert browser.token is None
    stolen = console.browser()
    stolen.http.cookies.set("__Host-session", token or "", domain="console.example.coop")
    assert (await stolen.get(HOME)).status_code == 303


async def test_whoever_has_left_is_signed_out_at_once(console: Console):
    browser = await console.browser().signed_in("kian")
    console.staff.persons[COOP, "kian"] = replace(console.staff.persons[COOP, "kian"], active=False)
    assert (await browser.get(HOME)).status_code == 303
    assert console.staff.sessions == {}


@pytest.mark.parametrize("cookie", ["", "x", "é".encode().decode("latin-1"), "a" * 500])
async def test_a_cookie_of_somebody_s_making_is_no_session(console: Console, cookie):
    answer = await console.browser().http.get(HOME, headers={b"Cookie": f"__Host-session={cookie}".encode()})
    assert answer.status_code == 303


async def test_every_page_of_a_co_op_leads_to_sign_in_and_none_tells_which_co_ops_there_are(console: Console):
    for path in ("", "proposals", "nothing", "proposals/p-1"):
        known, other, unknown = [
            await console.browser().get(f"/{coop}/{path}") for coop in (COOP, OTHER, "x" * len(COOP))
        ]
        assert known.status_code == other.status_code == unknown.status_code == 303
        assert known.headers["location"].replace(COOP, "…") == other.headers["location"].replace(OTHER, "…")
        assert known.headers["location"].replace(COOP, "…") == unknown.headers["location"].replace("x" * len(COOP), "…")


async def test_another_co_op_s_pages_are_not_there_and_look_as_if_there_were_no_such_co_op(console: Console):
    console.proposals.add("別の生協の申請", id="p-9", coop=OTHER)
    browser = await console.browser().signed_in("kian")
    for path in ("", "versions", "proposals", "proposals/p-9", "people", "stay", "nothing"):
        pages = []
        for coop in (OTHER, "nowhere"):
            answer = await browser.get(f"/{coop}/{path}")
            assert answer.status_code == 404
            body = answer.text.replace(answer.headers["x-request-id"], "…")
            pages.append(body.replace(f"/{coop}/{path}", "…"))
        assert pages[0] == pages[1]
    assert (await browser.send(f"/{OTHER}/stay")).status_code == 404
    assert (await browser.get(f"/{COOP}/proposals/p-9")).status_code == 404


async def test_a_session_does_not_print_itself(console: Console):
    browser = await console.browser().signed_in("kian")
    assert browser.csrf not in repr(browser.session)
    assert browser.csrf not in repr(console.desk)
