"""Forged requests, foreign scripts, caches: what a page does not do, and what no page may leave out."""

import re
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given, strategies as st

from gateway.console.app import PAGES, body_limit
from gateway.console.flash import Flash, open_flash, seal_flash
from gateway.console.forms import NotAForm, read_form
from gateway.console.gate import foreign, local
from gateway.console.pages import done
from gateway.console.static_files import FILES, static_url
from gateway.console.visit import Visit
from gateway.core.days import Span
from gateway.ports import Session
from tests.clock import NOON
from tests.console.simulated import COOP, ORIGIN, Console, words

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
EVIL = "https://evil.example"


def assert_protected(answer: httpx2.Response) -> None:
    headers = answer.headers
    assert headers["content-security-policy"] == CSP
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert len(headers["x-request-id"]) == 32
    assert "access-control-allow-origin" not in headers


async def test_every_response_carries_the_protective_headers_and_no_page_is_cached(console: Console):
    browser = await console.browser().signed_in("kansa")
    console.proposals.add("申請")
    paths = [
        *("/", "/sign-in", f"/{COOP}/", f"/{COOP}/versions", f"/{COOP}/proposals", f"/{COOP}/proposals/p-1"),
        *(f"/{COOP}/people", f"/{COOP}/nothing", "/nowhere/", "/static/0/console.css", "/static/0/../x"),
    ]
    for path in paths:
        answer = await browser.get(path)
        assert_protected(answer)
        assert answer.headers["cache-control"] == "no-store", path
    assert_protected(await console.browser().get(f"/{COOP}/"))
    assert_protected(await browser.post(f"/{COOP}/stay"))
    assert_protected(await browser.get(f"/{COOP}/stay"))  # 405
    console.staff.down = True
    assert_protected(await browser.get(f"/{COOP}/"))


@pytest.mark.parametrize("name", FILES)
async def test_a_static_file_is_named_by_its_content_and_cached_for_a_year(console: Console, name):
    answer = await console.browser().get(static_url(name))
    assert answer.status_code == 200
    assert answer.content == FILES[name]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}
    assert_protected(answer)
    stale = await console.browser().get(f"/static/{'0' * 20}/{name}")
    assert stale.status_code == 404


# What the browser says of a form: its origin, and where it stands to ours. None: the header is absent.
CROSSINGS = [
    (ORIGIN, "same-origin", None),
    (ORIGIN, None, None),
    ("null", "same-origin", None),
    (None, "same-origin", None),
    (EVIL, "cross-site", "origin"),
    (EVIL, "same-origin", "origin"),
    (EVIL, None, "origin"),
    (ORIGIN + ".evil.example", "same-origin", "origin"),
    (ORIGIN.replace("https", "http"), "same-origin", "origin"),
    (ORIGIN + "/", "same-origin", "origin"),
    (ORIGIN.upper(), None, "origin"),
    ("", "same-origin", "origin"),
    (ORIGIN, "cross-site", "fetch-site"),
    (ORIGIN, "same-site", "fetch-site"),
    ("null", "cross-site", "fetch-site"),
    ("null", "none", "fetch-site"),
    (None, "same-site", "fetch-site"),
    ("null", None, "unknown"),
    (None, None, "unknown"),
]


@pytest.mark.parametrize(("origin", "site", "why"), CROSSINGS)
async def test_a_form_is_taken_from_our_own_pages_alone(console: Console, origin, site, why):
    headers = {name: value for name, value in {"Origin": origin, "Sec-Fetch-Site": site}.items() if value is not None}
    assert foreign({name.lower(): value for name, value in headers.items()}, ORIGIN) == why
    browser = await console.browser().signed_in("kian")
    answer = await browser.post(f"/{COOP}/stay", {"csrf": browser.csrf}, headers=headers)
    signing_in = await console.browser().post("/sign-in", {"person": "kian"}, headers=headers)
    language = await console.browser().post("/language", {"language": "en"}, headers=headers)
    if why is None:
        assert answer.status_code == 204
        assert language.status_code == 303
    else:
        assert {answer.status_code, signing_in.status_code, language.status_code} == {403}
        for refused in (answer, signing_in, language):
            assert "画面のボタンから操作してください" in words(refused)
        assert ("staff_request_forged", {"why": why}) in console.telemetry.told


@pytest.mark.parametrize("token", ["", "x", "other", "twice"])
async def test_a_form_without_the_session_s_own_token_does_nothing(console: Console, token):
    browser = await console.browser().signed_in("kian")
    other = await console.browser().signed_in("shonin")
    sent = {"other": other.csrf, "twice": f"{browser.csrf}&csrf={browser.csrf}"}.get(token, token)
    body = f"csrf={sent}".encode()
    manners = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    for path in (f"/{COOP}/stay", "/sign-out", "/language"):
        answer = await browser.http.post(path, content=body, headers=manners)
        assert answer.status_code == 403
        assert "画面を読み直してからやり直してください" in words(answer)
    assert browser.session is not None
    assert ("staff_request_forged", {"why": "token"}) in console.telemetry.told


async def test_the_refusal_is_in_the_reader_s_language(console: Console):
    browser = await console.browser().signed_in("kian")
    await browser.send("/language", {"language": "en", "back": f"/{COOP}/"})
    answer = await browser.post(f"/{COOP}/stay")
    assert answer.status_code == 403
    assert "Load the page again and repeat" in words(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_no_method_that_may_change_something_goes_without_token(console: Console, method):
    browser = await console.browser().signed_in("kian")
    answer = await browser.http.request(method, f"/{COOP}/", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403


async def test_a_wrong_method_is_told_which_are_right(console: Console):
    browser = await console.browser().signed_in("kian")
    answer = await browser.get(f"/{COOP}/stay")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_bodies_are_read_for_forms_alone():
    for route in PAGES:
        path = re.sub(r"{[a-z_]+}", "x", route.path)
        assert body_limit("GET", path) == 0
        assert (body_limit("POST", path) > 0) == any(
            "POST" in (one.methods or ()) and one.path_regex.fullmatch(path) for one in PAGES
        )
    assert body_limit("POST", f"/{COOP}/nothing") == 0


async def test_a_body_over_the_limit_and_one_that_is_no_form_are_refused(console: Console):
    browser = await console.browser().signed_in("kian")
    assert (await browser.post("/sign-in", {"coop": "x" * 9_000})).status_code == 413
    manners = {"Sec-Fetch-Site": "same-origin"}
    for content, kind in (
        (b"{}", "application/json"),
        (b"csrf=%zz", "application/x-www-form-urlencoded"),
        (b"csrf=%ff", "application/x-www-form-urlencoded"),
        (b"csrf=a%00b", "application/x-www-form-urlencoded"),
        (b"csrf", "application/x-www-form-urlencoded"),
        (b"csrf=\xe3\x81\x82", "application/x-www-form-urlencoded"),
    ):
        answer = await browser.http.post(f"/{COOP}/stay", content=content, headers={**manners, "Content-Type": kind})
        assert answer.status_code in {400, 403}
        assert "何も変更されていません" in words(answer)


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_a_form_reads_as_it_was_typed_or_not_at_all(fields):
    body = "&".join(
        f"{quote(k.encode('utf-8', 'replace'))}={quote(v.encode('utf-8', 'replace'))}" for k, v in fields.items()
    )
    try:
        form = read_form(body.encode(), "application/x-www-form-urlencoded")
    except NotAForm:
        return
    assert {k: form.raw(k) for k in form.fields} == {
        k.encode("utf-8", "replace").decode(): v.encode("utf-8", "replace").decode() for k, v in fields.items()
    }


@given(st.text(max_size=60))
def test_no_target_leads_to_another_host(target):
    kept = local(target)
    assert kept is None or (kept == target and httpx2.URL(ORIGIN).join(kept).host == "console.example.coop")


@pytest.mark.parametrize(
    "target", ["", "x", "//evil", "/\\evil", "/a\\b", "https://evil", "/a b", "/a\nb", "/あ", "/" * 2]
)
def test_such_targets_are_none(target):
    assert local(target) is None


async def test_whatever_people_typed_is_text_and_never_mark_up(console: Console):
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    console.staff.add("warui", "admin", "manager", name=attack, department=attack)
    console.proposals.add(attack, id="p-1", author="warui", editor="warui", department=attack, reason=attack)
    browser = await console.browser().signed_in("warui")
    asked = f"?state={quote(attack)}&on={quote(attack)}"
    for path in ("", "proposals", "proposals/p-1", "people", "versions", "nothing"):
        for query in ("", asked):
            text = (await browser.get(f"/{COOP}/{path}{query}")).text
            assert "<script>alert" not in text
            assert "<img" not in text
            assert "&lt;script&gt;" in text  # the name in the header at least
    console.staff.held[COOP] = []
    assert "<script>alert" not in (await browser.get(f"/{COOP}/")).text
    form = await console.browser().get(f"/sign-in?said={quote(attack)}&next={quote('/' + attack)}")
    assert "<script>alert" not in form.text
    back = await console.browser().sign_in(attack, coop=attack)
    assert "<script>alert" not in back.text


async def test_a_role_that_ended_a_moment_ago_opens_nothing(console: Console):
    console.staff.add("kari", name="仮")
    console.staff.give("kari", "compliance", span=Span(NOON, NOON.replace(minute=1)))
    browser = await console.browser().signed_in("kari")
    assert (await browser.get(f"/{COOP}/proposals")).status_code == 200
    console.clock.advance(seconds=59)
    assert (await browser.get(f"/{COOP}/proposals")).status_code == 200
    console.clock.advance(seconds=1)
    for path in ("", "proposals", "versions", "people"):
        answer = await browser.get(f"/{COOP}/{path}")
        assert answer.status_code == 403
        assert "今は役割がありません" in words(answer)


async def test_an_operator_reads_no_proposals_and_is_not_led_there(console: Console):
    browser = await console.browser().signed_in("unyo")
    answer = await browser.get(f"/{COOP}/proposals")
    assert answer.status_code == 403
    assert "この画面に必要な役割を、今は持っていません" in words(answer)
    assert f'href="/{COOP}/proposals"' not in (await browser.get(f"/{COOP}/")).text


SESSION = Session(token_hash=b"t" * 32, coop=COOP, person="kian", csrf="c", began=NOON, seen=NOON)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=2_000) | st.integers(0, 2**31), max_size=3))
def test_a_message_is_read_back_in_its_own_session_alone(values):
    sealed = seal_flash(Flash("error.home", "note", values), SESSION)
    opened = open_flash(sealed, SESSION)
    assert opened is not None
    assert (opened.key, opened.tone, set(opened.values)) == ("error.home", "note", set(values))
    assert (
        open_flash(sealed, Session(token_hash=b"u" * 32, coop=COOP, person="x", csrf="c", began=NOON, seen=NOON))
        is None
    )
    assert open_flash(sealed[:-2], SESSION) is None
    assert open_flash("x" + sealed, SESSION) is None


@pytest.mark.parametrize("sealed", [None, "", ".", "a.b", "あ.い", "a" * 5_000])
def test_what_is_no_message_is_none(sealed):
    assert open_flash(sealed, SESSION) is None


async def test_the_message_after_a_303_is_shown_once(console: Console):
    browser = await console.browser().signed_in("kian")
    assert browser.session is not None
    visit = Visit(
        desk=console.desk,
        texts=None,  # type: ignore[arg-type]  # not read here
        coop=COOP,
        person=console.staff.persons[COOP, "kian"],
        people={},
        roles=(),
        session=browser.session,
        form=read_form(b"", None),
    )
    answer = done(visit, "proposals", "people.deputy", whom="<b>花子</b>")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{COOP}/proposals")
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert (name, "HttpOnly" in answer.headers["set-cookie"]) == ("__Host-flash", True)
    browser.http.cookies.set(name, value, domain="console.example.coop", path="/")
    page = await browser.get(f"/{COOP}/proposals")
    assert "&lt;b&gt;花子&lt;/b&gt; の代理承認者" in page.text
    assert "の代理承認者" not in (await browser.get(f"/{COOP}/proposals")).text
