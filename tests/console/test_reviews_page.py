"""点検の画面: a month opened, looked at, signed by two people; what was found mended and closed; by the real pages."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.tlog.entries import Review
from tests.clock import NOON
from tests.console.acting_room import OTHER, PEOPLE, Employed, Furnishing, Person, Room
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import words
from tests.control_plane.asking import denied, released, say
from tests.house import COOP

REVIEW = "reviews/review-20261101-20261130"


@pytest.fixture
def furnishing() -> Furnishing:
    more: tuple[Employed, ...] = (
        (COOP, "homu", "法務 次郎", "compliance", None),
        (COOP, "hori", "堀 順", "compliance", None),
        (COOP, "unyo", "運用 三郎", "operator", None),
    )
    return Furnishing((*PEOPLE, *more))


async def december(room: Room) -> None:
    """Let there have been a release and a refusal in November, and let it be December."""
    log = room.house.stores.log
    said = {"partner": "sunnet", "agreement": "kyoritsusha-sunnet-01", "at": NOON}
    await say(log, released({"name": "as_is"}, **said), denied(["email"], "grant:email:not_granted", **said))  # type: ignore[arg-type]  # a log of either database
    room.house.clock.advance(days=10)
    await room.house.publish_checkpoint()


async def ticked(person: Person, form: PaperForm, keys: Sequence[str]) -> httpx2.Response:
    """Send a form with these questions ticked."""
    pairs = [(name, value) for name, value in form.fields.items() if name not in {"met", "result"}]
    body = urlencode([*pairs, ("result", "ok"), *(("met", key) for key in keys)])
    sent = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    return await person.http.post(form.action, content=body.encode(), headers={"Origin": "null", **sent})


async def verified(person: Person) -> str:
    """Ask for the page again until the verification is over, as the page itself does; return what it says."""
    await person.go("verify")
    async with asyncio.timeout(30):
        while "Refresh" in person.page.headers:
            await person.go("verify")
    return words(person.page)


async def test_a_month_is_opened_answered_signed_and_countersigned(room: Room):
    await december(room)
    homu, kansa = await room.person("homu"), await room.person("kansa")
    assert "署名のない月" in words(await homu.go(""))
    page = words(await homu.go("reviews"))
    assert "2026年11月1日(日) から 2026年11月30日(月)" in page
    await homu.press("/reviews")
    assert "点検を始めました" in homu.told()
    page = words(homu.page)
    assert "初めて渡した項目" in page
    assert "あと2件に答えると署名できます" in page
    indexes = [at for at, one in enumerate(await room.house.entries()) if one.kind in {"release", "denial"}]
    for index in indexes:
        item = f"{REVIEW}/items/{index}"
        await homu.go(item)
        form = homu.form(f"/items/{index}")
        assert (await homu.send(form, {"result": "ok"})).status_code == 409
        assert "全部を確かめて印を付けるか" in words(homu.page)
        form = homu.form(f"/items/{index}")
        kind = "release" if index == indexes[0] else "denial"
        keys = ("purpose", "fields", "volume", "version") if kind == "release" else ("purpose", "refusal")
        assert (await ticked(homu, form, keys)).status_code == 303
    await homu.go(REVIEW)
    await homu.press("/sign", {"reason": "全件を契約と照らした"})
    assert "署名しました" in homu.told()
    assert "署名した人は連署できません" in words(homu.page)
    await kansa.go(REVIEW)
    await kansa.press("/sign", {"reason": "抜取りを見直した"})
    assert "完了です" in kansa.told()
    said = [(one.event, one.by) for one in await room.house.entries() if isinstance(one, Review)]
    assert said == [("signed", "homu"), ("countersigned", "kansa")]
    assert "変更できません" in words(await homu.go(f"{REVIEW}/items/{indexes[0]}"))
    assert "署名のない月はありません" in words(await homu.go("reviews"))
    for path in ("reviews", REVIEW):
        for ending in ("csv", "json"):
            answer = await kansa.go(f"{path}.{ending}")
            assert answer.status_code == 200
    assert '"countersigned"' in (await kansa.go("reviews.json")).text


async def test_what_is_found_is_followed_to_its_end(room: Room):
    await december(room)
    homu, hori, kansa, ito = [await room.person(one) for one in ("homu", "hori", "kansa", "ito")]
    await homu.go("reviews")
    await homu.press("/reviews")
    index = next(at for at, one in enumerate(await room.house.entries()) if one.kind == "release")
    await homu.go(f"{REVIEW}/items/{index}")
    typed = {"result": "finding", "note": "<b>夜間</b>の理由がない", "owner": "ito", "due": "2026-12-10"}
    await homu.press(f"/items/{index}", {**typed, "due": "2026-11-01"})
    assert "期限が過ぎた日付です" in words(homu.page)
    assert "夜間" in homu.page.text
    await homu.press(f"/items/{index}", typed)
    assert "登録しました" in homu.told()
    page = await homu.go("findings?show=open")
    assert "&lt;b&gt;夜間" in page.text
    [stored] = await room.house.stores.dossiers.all(COOP, "finding")
    path = f"findings/{stored.id}"
    assert words(await ito.go("findings")).count("夜間") == 1
    assert (await ito.go(path)).status_code == 200
    mori = await room.person("mori")
    assert (await mori.go(path)).status_code == 404
    assert "夜間" not in words(await mori.go("findings"))
    room.house.clock.advance(days=20)
    room.people.clear()
    homu, hori, kansa = [await room.person(one) for one in ("homu", "hori", "kansa")]
    assert "期限超過" in words(await homu.go("findings?show=overdue"))
    await hori.go(path)
    await hori.press("/correct", {"text": "理由欄を必須にした"})
    assert "是正を記録しました" in hori.told()
    assert all("/close" not in one.action for one in forms_of(hori.page.text))
    await kansa.go(path)
    await kansa.press("/close", {"text": "手順書を見た"})
    assert "完了にしました" in kansa.told()
    assert "手順書を見た" in words(kansa.page)


async def test_measures_stand_under_their_headings_and_none_is_said(room: Room):
    homu, kansa = await room.person("homu"), await room.person("kansa")
    page = words(await homu.go("measures"))
    for said in ("10-3 組織的安全管理措置", "10-5(1) 個人データを取り扱う区域の管理", "10-7 外的環境の把握"):
        assert said in page
    assert page.count("なし 10-") == 15
    await homu.go("measures/new?heading=10-4(1)")
    typed = {"title": "個人情報の教育", "evidence": "教育記録簿 第3号", "done": "2026-11-20"}
    await homu.press("/measures", typed)
    assert "教育を受けた人を選んでください" in words(homu.page)
    assert "教育記録簿 第3号" in homu.page.text
    await homu.press("/measures", {**typed, "person": "ito", "due": "2026-11-25"})
    assert "宣言しました" in homu.told()
    [stored] = await room.house.stores.dossiers.all(COOP, "measure")
    path = f"measures/{stored.id}"
    await homu.go(path)
    await homu.press(f"/{stored.id}", {"due": "2027-11-20"})
    assert "更新しました" in homu.told()
    assert (await kansa.go(path)).status_code == 200
    assert all("/measures/" not in one.action for one in forms_of(kansa.page.text))
    table = (await kansa.go("measures.json")).json()["tables"][0]["rows"]
    assert [one["person"] for one in table if one["number"] == "10-4(1)"] == ["伊藤 認"]
    await homu.go(path)
    await homu.press("/end", {"reason": "登録を誤った"})
    assert "終了にしました" in homu.told()
    assert words(await homu.go("measures")).count("なし 10-") == 15


async def test_who_reads_and_who_does_not(room: Room):
    for path in ("reviews", "measures"):
        for person in ("sato", "ito", "unyo"):
            assert (await (await room.person(person)).go(path)).status_code == 403
        assert (await (await room.person("kansa")).go(path)).status_code == 200
    assert (await (await room.person("unyo")).go("findings")).status_code == 403
    assert (await (await room.person("unyo")).go("verify")).status_code == 200
    assert (await (await room.person("sato")).go("verify")).status_code == 403
    taken = await room.person("taken", coop=OTHER)
    for path in ("reviews", "findings", "measures", "verify"):
        assert (await taken.go(path)).status_code == 404


async def test_it_is_there_in_english(room: Room):
    await december(room)
    homu = await room.person("homu")
    await homu.speak("en")
    await homu.go("reviews")
    await homu.press("/reviews")
    said = words(homu.page)
    assert "field provided for the first time" in said
    assert "抜取り" not in said
    for path, text in (("measures", "none"), ("findings", "no such finding"), ("verify", "has not been verified here")):
        assert text in words(await homu.go(path))


async def test_the_log_is_verified_in_the_background(room: Room):
    room.house.clock.advance(days=1)
    await room.house.publish_checkpoint()
    unyo = await room.person("unyo")
    page = words(await unyo.go("verify"))
    assert "まだ検証していません" in page
    assert "gateway log verify log --key" in page
    await unyo.press("/verify")
    assert "検証を始めました" in unyo.told()
    page = await verified(unyo)
    size = len(await room.house.entries())
    assert f"改ざんは見つかりません: {size}件" in page
    assert "Refresh" not in unyo.page.headers


async def test_a_verification_names_the_first_bad_entry(room: Room):
    await december(room)
    await room.house.tamper(
        "DROP TRIGGER log_entry_update",
        "UPDATE log_entry SET entry = CAST(replace(CAST(entry AS TEXT), 'sunnet', 'sunnot') AS BLOB) WHERE kind = 'denial'",
    )
    index = next(at for at, one in enumerate(await room.house.stores.log.entries(COOP, 0, 1_000)) if b"sunnot" in one)
    homu = await room.person("homu")
    await homu.go("verify")
    await homu.press("/verify")
    page = await verified(homu)
    assert "entry-altered" in page
    assert f"最初の記録 #{index}" in page
