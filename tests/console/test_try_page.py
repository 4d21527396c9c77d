"""試す: the page tells what the gates would answer, where the rule comes from, and what is typed wrong; it writes nothing."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from starlette.datastructures import QueryParams

from gateway.console.app import PAGES, staff_app
from gateway.console.grants import try_it, try_question
from gateway.console.grants.try_it import ROUTES
from gateway.console.grants.try_question import Named, faults_of, read
from gateway.console.language import read_texts
from gateway.core.state import PartnerState, Snapshot
from tests import factories
from tests.clock import NOON
from tests.console.matrix_room import AGREEMENT, FILE, PARTNER, Room
from tests.console.simulated import COOP, Browser, Console, words

TRY = f"/{COOP}/try"
NOTHING = Named(partners={}, agreements={}, purposes={}, products={}, fields={})
GRANTED = ("member_code", "birth_date", "order_course")


def with_route(console: Console) -> None:
    """Give a console the page, if its own list does not have it yet."""
    known = {route.path for route in PAGES}
    pages = (*PAGES, *(route for route in ROUTES if route.path not in known))
    console.app = staff_app(console.desk, hosts=frozenset({console.desk.origin.partition("://")[2]}), pages=pages)


@pytest.fixture
def room(clock) -> Room:
    made = Room(clock)
    with_route(made)
    keys = (factories.key("sig", client="jccu-demo"), factories.key("enc", client="jccu-demo"))
    made.snapshots[COOP] = replace(made.snapshots[COOP], partners={PARTNER: PartnerState(active=True, keys=keys)})
    return made


@pytest.fixture
async def kansa(room) -> Browser:
    return await room.browser().signed_in("kansa")


def url(*fields: str, **asked: str) -> str:
    """The URL of a question; 日本生協連 asks for an introduction unless told otherwise."""
    values = {"partner": PARTNER, "purpose": "P5", "product": "G1", **asked}
    pairs = [(name, value) for name, value in values.items() if value]
    return f"{TRY}?{urlencode([*pairs, *(('field', one) for one in fields or GRANTED)])}"


def kept(room: Room) -> tuple[int, Snapshot, list[str]]:
    return len(room.proposals.stored), room.snapshots[COOP], sorted(room.proposals.contents)


# ── the answer ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_question_the_form_is_empty(room, kansa):
    answer = await kansa.get(TRY)
    assert answer.status_code == 200
    assert " checked" not in answer.text
    assert "日本生活協同組合連合会" in words(answer)
    assert "P5 商品・サービスの提供を斡旋するため" in words(answer)
    assert 'id="answer-1"' not in answer.text
    assert 'role="alert"' not in answer.text


async def test_what_would_be_given_is_told_with_its_transforms_and_limits(room, kansa):
    answer = await kansa.get(url())
    text = words(answer)
    assert answer.status_code == 200
    assert "提供します" in text
    assert "生年月日 birth_date 生年 birth_year" in text
    assert "提供先別ID pairwise_id" in text
    assert "情報の鮮度 30日以内 提供先での保存 60日以内 1日の上限 5,000人" in text
    assert "共同利用 法27条5項3号" in text
    assert "日本生活協同組合連合会に、商品・サービスの提供を斡旋するため" in text
    assert "2027年3月15日(月) 00:00" in text  # the supervision's due day and grace end before the term


async def test_the_form_holds_the_question_that_the_url_asks(room, kansa):
    text = (await kansa.get(url(case="1", at="2026-12-01T09:30"))).text
    assert f'<option value="{PARTNER}" selected>' in text
    assert '<option value="P5" selected>' in text
    assert '<option value="G1" selected>' in text
    assert 'name="case" value="1" checked' in text
    assert 'value="2026-12-01T09:30"' in text
    assert sorted(re.findall(r'name="field" value="(\w+)" checked', text)) == sorted(GRANTED)
    assert text.count(" checked>") == 1 + len(GRANTED)


async def test_why_nothing_is_given_is_told_with_meaning_mend_and_gate(room, kansa):
    text = words(await kansa.get(url("birth_date", "phone")))
    assert "提供しません" in text
    assert "「提供範囲」の確認で断られます" in text
    assert "grant:phone:not_granted phone: 提供範囲に含まれません (電話番号)" in text
    assert "提供範囲に加える変更申請を作る" in text
    assert "grant:birth_date" not in text


async def test_every_reason_of_the_gate_is_told(room, kansa):
    text = words(await kansa.get(url("birth_date", "bank_account", "receivable_yen", product="")))
    assert "notice:2022-04-01:product_required" in text
    assert "notice:receivable_yen:unresolved" in text
    assert "「公表事項」の確認で断られます" in text


async def test_it_is_told_in_english_too(room, kansa):
    await kansa.send("/language", {"language": "en", "back": url("phone")})
    text = words(await kansa.get(url("phone")))
    assert "withheld" in text
    assert "It is refused by the grant." in text
    assert "grant:phone:not_granted phone: not granted" in text
    assert "one field that is not granted refuses the whole request" in text
    text = words(await kansa.get(url()))
    assert "receives, for" in text
    assert "Keys" not in text
    assert "released" in text


async def test_a_case_number_is_what_was_missing(room, kansa):
    assert "grant:P12:case_required" in words(await kansa.get(url("name", purpose="P12")))
    assert "提供します" in words(await kansa.get(url("name", purpose="P12", case="1")))


async def test_each_agreement_of_the_partner_answers(room, kansa):
    version = room.snapshots[COOP].versions[0]
    second = replace(version.policy.agreements[AGREEMENT], id="second", grants=())
    policy = replace(version.policy, agreements={**version.policy.agreements, "second": second})
    room.snapshots[COOP] = replace(room.snapshots[COOP], versions=(replace(version, policy=policy),))
    text = words(await kansa.get(url()))
    assert (text.count("提供します"), text.count("提供しません")) == (1, 1)
    assert words(await kansa.get(url(agreement=AGREEMENT))).count("提供しません") == 0
    assert "grant:P5:not_granted" in words(await kansa.get(url(agreement="second")))


# ── under which version ───────────────────────────────────────────────────────────────────────────────────────────


async def test_the_version_and_who_approved_it_are_named(room, kansa):
    version = room.snapshots[COOP].versions[0]
    text = words(await kansa.get(url("phone")))
    assert "第1版" in text
    assert version.policy.digest[:16] in text
    assert "2026年10月23日(金) 12:00" in text
    assert "変更申請を経ずに公布された版です" in text
    room.proposals.add("最初の公布", state="published", published=version.index, approver="hoka")
    text = words(await kansa.get(url("phone")))
    assert "変更申請 最初の公布 作成者 起案 花子 承認者 他部署 一郎" in text
    assert "変更申請を経ずに" not in text


async def test_the_instant_chooses_the_version(room, kansa):
    text = words(await kansa.get(url(at="2026-10-01T00:00")))
    assert f"notice:{COOP}:absent" in text
    assert "その時点で施行中の版はありません" in text
    assert "agreement:kyoritsusha-jccu-01:out_of_term" in words(await kansa.get(url(at="2027-04-01T00:00")))
    assert "提供します" in words(await kansa.get(url(at="2026-12-01T00:00+09:00")))


async def test_a_proposal_is_tried_by_its_files(room, kansa):
    files = {**room.files, FILE: room.files[FILE].replace("          order_course: as_is\n", "")}
    proposal = room.proposals.add(
        "配達コースをやめる", content=room.proposals.keep(files), effective=NOON + timedelta(days=3)
    )
    before = kept(room)
    answer = await kansa.get(url(proposal=proposal.id))
    text = words(answer)
    assert "grant:order_course:not_granted" in text
    assert "2026年11月25日(水) 12:00" in text  # it is tried as of when it is to come into force
    assert "申請の内容がその時点で施行されていたら" in text
    assert "作成者 起案 花子 承認者 まだ" in text
    assert f"/{COOP}/matrix/{proposal.id}/{PARTNER}/{AGREEMENT}" in answer.text
    assert f'name="proposal" value="{proposal.id}"' in answer.text
    assert "提供します" in words(await kansa.get(url()))
    assert kept(room) == before


async def test_the_same_question_is_one_link_away_under_a_proposal(room, kansa):
    text = unescape((await kansa.get(url(case="1", at="2026-12-01T00:00"))).text)
    (href,) = re.findall(rf'href="({TRY}\?proposal={room.draft.id}[^"]*)"', text)
    other = await kansa.get(href)
    assert "提供します" in words(other)
    assert "2026年12月1日(火) 00:00" in words(other)
    back = [one for one in re.findall(r'href="([^"]*)"', unescape(other.text)) if one.startswith(f"{TRY}?partner=")]
    assert back == [url(case="1", at="2026-12-01T00:00")]


async def test_a_proposal_that_cannot_be_tried_is_told(room, kansa):
    broken = room.proposals.add("誤り", content=room.proposals.keep({**room.files, FILE: "coop: x\n"}))
    for proposal, said in (
        (broken.id, f"申請のファイルに誤りがあり、試せません。直してから試してください。{FILE}:"),
        ("p-99", "その変更申請はありません"),
    ):
        answer = await kansa.get(url(proposal=proposal))
        assert answer.status_code == 200
        assert said in words(answer)
        assert "提供します" not in words(answer)


async def test_who_may_propose_is_led_to_a_change(room, kansa):
    new = f"/{COOP}/proposals/new"
    answer = await kansa.get(url("phone"))
    assert new not in answer.text
    assert f"/{COOP}/grants/{PARTNER}/{AGREEMENT}" in answer.text
    room.clock.advance(seconds=30)
    kian = await room.browser().signed_in("kian")
    assert new in (await kian.get(url("phone"))).text


# ── what is typed wrong, and who may ask ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"partner": "nobody"}, "提供先「nobody」は、この内容にありません"),
        ({"partner": ""}, "提供先を選んでください"),
        ({"purpose": "P99"}, "利用目的「P99」は"),
        ({"purpose": ""}, "利用目的を選んでください"),
        ({"product": "G9"}, "商品・サービスの範囲「G9」は"),
        ({"agreement": "a-9"}, "契約「a-9」は、この内容にありません"),
        ({"agreement": "kyoritsusha-sunnet-01"}, "契約「kyoritsusha-sunnet-01」は、選んだ提供先との契約ではありません"),
        ({"at": "あした"}, "時点は 2026-12-01T00:00 の形で"),
        ({"at": "0001-01-01T00:00"}, "時点は 2026-12-01T00:00 の形で"),
        ({"at": "9999-12-31T23:59-12:00"}, "時点は 2026-12-01T00:00 の形で"),
        ({"partner": "山田 花子"}, "提供先「…」は"),
        ({"partner": "<script>alert(1)</script>"}, "提供先「…」は"),
    ],
)
async def test_what_is_typed_wrong_is_told_on_the_page(room, kansa, asked, said):
    answer = await kansa.get(url(**asked))
    assert answer.status_code == 200
    assert said in words(answer)
    assert "提供します" not in words(answer)
    assert "<script>alert" not in answer.text


async def test_unknown_and_missing_fields_are_told(room, kansa):
    text = words(await kansa.get(url("shoe_size", "name", "00000101 山田")))
    assert "項目「shoe_size」は、項目の一覧にありません" in text
    assert "項目「…」は" in text
    assert "山田" not in text
    assert "項目を1つ以上選んでください" in words(await kansa.get(f"{TRY}?partner={PARTNER}&purpose=P5"))


def test_too_many_fields_are_one_fault():
    typed = read(QueryParams([("field", f"f{number}") for number in range(501)]))
    assert [one.key for one in faults_of(typed, NOTHING)] == ["fields"]


def test_a_field_named_twice_counts_once():
    assert read(QueryParams("field=name&field=+name&field=")).fields == ("name",)
    assert not read(QueryParams("at=2026-12-01T00:00&proposal=p-1")).asked


async def test_nothing_can_be_tried_before_the_first_version(console: Console):
    with_route(console)
    console.snapshots[COOP] = Snapshot(coop=COOP)
    kansa = await console.browser().signed_in("kansa")
    assert "まだ試せる内容がありません" in words(await kansa.get(TRY))
    assert f"notice:{COOP}:absent" in words(await kansa.get(url()))


async def test_a_console_that_only_reads_tries_the_version_in_force_alone(console: Console):
    with_route(console)
    draft = console.proposals.add("下書き")
    kansa = await console.browser().signed_in("kansa")
    text = words(await kansa.get(url("name", partner="sunnet", purpose="P4")))
    assert "agreement:sunnet:inactive" in text
    assert "このコンソールは閲覧だけのため" in words(await kansa.get(url(proposal=draft.id)))


async def test_an_operator_and_another_coop_s_staff_do_not_read_it(room):
    unyo = await room.browser().signed_in("unyo")
    assert (await unyo.get(TRY)).status_code == 403
    room.clock.advance(seconds=30)
    kansa = await room.browser().signed_in("kansa")
    assert (await kansa.get("/coopdeli/try")).status_code == 404
    assert (await kansa.post(TRY, {})).status_code in {403, 405}


async def test_nothing_is_written(room, kansa):
    before = kept(room)
    for one in (url(), url("phone"), url("name", purpose="P12"), url(partner="nobody")):
        await kansa.get(one)
    assert kept(room) == before


async def test_nothing_is_inline(room, kansa):
    for one in (TRY, url(), url("phone")):
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|<style", (await kansa.get(one)).text)


def test_every_fault_has_a_text():
    source = "".join(
        Path(module.__file__).read_text(encoding="utf-8") for module in (try_it, try_question) if module.__file__
    )
    keys = re.findall(r"""Fault\(key="(\w+)\"""", source)
    assert len(keys) >= 8
    texts = read_texts()["ja"]
    for key in (*keys, "no_partner", "no_purpose", "partner", "purpose", "product", "agreement"):
        assert texts.has(f"try.fault.{key}"), key
