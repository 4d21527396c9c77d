"""Signing in: who gets a session, who is refused, and that a refusal tells nobody why."""

import asyncio
import re
import threading
from datetime import timedelta

import pytest
from msgspec.structs import replace

from gateway.console.entrance.sign_in import MOST_WAITING, locked_until
from gateway.console.entrance.totp import accepted_step, code_at, step_at
from gateway.control_plane.people.credentials import hash_password
from tests.clock import NOON
from tests.console.simulated import COOP, OTHER, PASSWORD, SECRET, Console, words


async def test_signing_in_opens_one_session_of_which_only_the_hash_is_stored(console: Console):
    browser = console.browser()
    answer = await browser.sign_in("kian")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{COOP}/")
    [stored] = console.staff.sessions.values()
    assert browser.token is not None
    assert len(browser.token) >= 43  # 256 bits
    assert browser.token.encode() not in stored.token_hash
    assert len(stored.token_hash) == 32
    assert (stored.coop, stored.person, stored.began, stored.seen) == (COOP, "kian", NOON, NOON)
    assert re.fullmatch(
        r"__Host-session=[\w-]{43}; HttpOnly; Path=/; SameSite=lax; Secure", answer.headers["set-cookie"]
    )
    assert ("staff_signed_in", {"coop": COOP}) in console.telemetry.told


async def test_without_https_the_demo_s_cookie_has_neither_prefix_nor_secure(clock):
    console = Console(clock, origin="http://127.0.0.1:8401", demo=True)
    console.staff.add("kian", "admin")
    answer = await console.browser().sign_in("kian")
    assert re.fullmatch(r"session=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", answer.headers["set-cookie"])


async def test_a_password_hashed_at_full_cost_lets_in(console: Console):
    console.staff.kept[COOP, "kian"] = replace(console.staff.kept[COOP, "kian"], password=hash_password(PASSWORD))
    await console.browser().signed_in("kian")


async def test_each_signing_in_makes_a_new_token_and_ends_the_session_it_came_with(console: Console):
    browser = await console.browser().signed_in("kian")
    first = browser.token
    console.clock.advance(seconds=60)
    await browser.signed_in("kian")
    assert browser.token != first
    assert len(console.staff.sessions) == 1


async def test_one_is_led_on_to_the_page_that_was_asked_for_if_it_is_the_co_op_s_own(console: Console):
    asked = await console.browser().get(f"/{COOP}/proposals?state=draft")
    assert asked.headers["location"] == f"/sign-in?next=%2F{COOP}%2Fproposals%3Fstate%3Ddraft"
    for onward, led in (
        (f"/{COOP}/proposals?state=draft", f"/{COOP}/proposals?state=draft"),
        (f"/{OTHER}/", f"/{COOP}/"),
        ("//evil.example/", f"/{COOP}/"),
        ("/\\evil.example/", f"/{COOP}/"),
        ("https://evil.example/", f"/{COOP}/"),
    ):
        console.clock.advance(seconds=60)
        answer = await console.browser().sign_in("kian", next=onward)
        assert answer.headers["location"] == led


REFUSED = {
    "person": {"person": "nobody"},
    "co-op": {"coop": "nowhere"},
    "another co-op": {"coop": OTHER},
    "password": {"password": PASSWORD + "!"},
    "code": {"code": "000000"},
    "no code": {"code": ""},
    "a long code": {"code": "0" * 40},
    "empty": {"person": "", "password": "", "coop": ""},
}


@pytest.mark.parametrize("wrong", REFUSED)
async def test_a_refusal_is_the_same_whatever_was_wrong(console: Console, wrong):
    browser = console.browser()
    fields = {"coop": COOP, "person": "kian", **REFUSED[wrong]}
    typed = {name: value for name, value in fields.items() if name not in {"coop", "person"}}
    answer = await browser.sign_in(fields["person"], coop=fields["coop"], **typed)
    console.clock.advance(seconds=90)
    usual = await browser.sign_in("kian", password="何か別のもの 1234")
    assert answer.status_code == usual.status_code == 403
    assert words(answer) == words(usual)
    assert "新しい確認コードでやり直してください" in words(answer)
    assert console.staff.sessions == {}
    assert PASSWORD not in answer.text


async def test_an_inactive_person_and_one_without_credentials_are_refused_alike(console: Console):
    console.staff.add("moto", "admin", active=False)
    console.staff.add("mada", "admin")
    console.staff.kept[COOP, "mada"] = replace(console.staff.kept[COOP, "mada"], password="", totp=b"")
    answers = [await console.browser().sign_in(person) for person in ("moto", "mada", "nobody")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({words(answer) for answer in answers}) == 1


async def test_as_much_is_done_for_a_person_whom_there_is_not(console: Console):
    verified = []
    real = console.desk.verify_password

    def verify(hashed: str, password: str) -> bool:
        verified.append(hashed.split("$")[1:4])
        return real(hashed, password)

    watched = Console(console.clock, verify_password=verify)
    watched.staff.add("kian", "admin")
    calls = []
    for person in ("kian", "nobody"):
        watched.staff.calls.clear()
        await watched.browser().sign_in(person, password="何か別のもの 1234")
        calls.append(dict(watched.staff.calls))
    assert verified[0] == verified[1]  # argon2id with the same costs
    assert calls[0] == calls[1]


async def test_a_code_is_accepted_once_and_so_is_the_step_it_is_of(console: Console):
    await console.browser().signed_in("kian")
    assert (await console.browser().sign_in("kian")).status_code == 403
    console.clock.advance(seconds=30)
    earlier = code_at(SECRET, step_at(NOON))
    assert (await console.browser().sign_in("kian", code=earlier)).status_code == 403
    assert (await console.browser().sign_in("kian")).status_code == 303


@pytest.mark.parametrize(("steps", "status"), [(-2, 403), (-1, 303), (0, 303), (1, 303), (2, 403)])
async def test_a_code_may_be_one_step_off(console: Console, steps, status):
    answer = await console.browser().sign_in("kian", code=code_at(SECRET, step_at(NOON) + steps))
    assert answer.status_code == status


async def test_two_who_sign_in_at_once_with_one_code_make_one_session(console: Console):
    answers = await asyncio.gather(*(console.browser().sign_in("kian") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [303, 403]
    assert len(console.staff.sessions) == 1


async def test_five_failures_close_the_door_for_a_minute_then_for_longer(console: Console):
    wait = timedelta()
    for failures in range(1, 12):
        console.clock.now += wait
        await console.browser().sign_in("kian", password="何か別のもの 1234")
        kept = console.staff.kept[COOP, "kian"]
        assert kept.failures == failures
        wait = timedelta() if kept.locked_until is None else kept.locked_until - console.clock()
        minutes = {5: 1, 6: 2, 7: 4, 8: 8}.get(failures, 15 if failures > 8 else 0)
        assert wait == timedelta(minutes=minutes)
    console.clock.now += wait - timedelta(milliseconds=1)
    shut = await console.browser().sign_in("kian")
    assert shut.status_code == 403
    assert console.staff.kept[COOP, "kian"].failures == 11  # what is refused unseen does not count
    console.clock.advance(milliseconds=1)
    await console.browser().signed_in("kian")
    assert console.staff.kept[COOP, "kian"].failures == 0
    assert console.staff.kept[COOP, "kian"].locked_until is None


async def test_a_locked_account_answers_as_an_unknown_person_does(console: Console):
    console.staff.kept[COOP, "kian"] = replace(
        console.staff.kept[COOP, "kian"], failures=5, locked_until=NOON + timedelta(minutes=1)
    )
    shut, unknown = await console.browser().sign_in("kian"), await console.browser().sign_in("nobody")
    assert (shut.status_code, words(shut)) == (unknown.status_code, words(unknown))


async def test_guesses_sent_at_once_are_counted_before_they_are_looked_at(console: Console):
    guesses = (console.browser().sign_in("kian", password=f"当て推量 {n:04d}") for n in range(12))
    await asyncio.gather(*guesses)
    kept = console.staff.kept[COOP, "kian"]
    assert kept.failures == 5
    assert kept.locked_until == NOON + timedelta(minutes=1)


async def test_a_secret_sealed_with_another_key_lets_nobody_in_and_is_told(console: Console):
    other = Console(console.clock, totp_key=lambda _: b"x" * 32)
    other.staff.add("kian", "admin")
    assert (await other.browser().sign_in("kian")).status_code == 403
    assert ("staff totp secret does not open", {"coop": COOP}) in other.telemetry.told


async def test_while_the_database_is_away_nobody_signs_in_and_the_page_says_so(console: Console):
    console.staff.down = True
    answer = await console.browser().sign_in("kian")
    assert answer.status_code == 503
    assert "データベースに接続できないか" in words(answer)


async def test_a_flood_of_sign_ins_is_sent_away_rather_than_kept_waiting(clock):
    go_on = threading.Event()
    console = Console(clock, verify_password=lambda *_: go_on.wait(30) and False)
    flood = [asyncio.create_task(console.browser().sign_in("nobody")) for _ in range(MOST_WAITING + 1)]
    done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
    assert [answer.result().status_code for answer in done] == [503]
    go_on.set()
    assert {answer.status_code for answer in await asyncio.gather(*flood)} == {403, 503}
    assert (await console.browser().sign_in("nobody")).status_code == 403


def test_the_codes_are_those_of_rfc_6238():
    # Appendix B, SHA-1, the last six of its eight digits.
    secret = b"12345678901234567890"
    vectors = {
        59: "287082",
        1111111109: "081804",
        1111111111: "050471",
        1234567890: "005924",
        2000000000: "279037",
    }
    assert {seconds: code_at(secret, seconds // 30) for seconds in vectors} == vectors


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "123456", " 12345"])  # full width is no digit here
def test_what_is_no_code_is_of_no_step(code):
    assert accepted_step(SECRET, code, at=NOON, after=0) is None


def test_waits_grow_and_stay_within_their_bounds():
    waits = [locked_until(failures, NOON) for failures in range(200)]
    assert waits[:5] == [None] * 5
    lengths = [wait - NOON for wait in waits[5:] if wait is not None]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (timedelta(minutes=1), timedelta(minutes=15))
