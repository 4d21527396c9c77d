"""漏えい対応 by its pages: received, scoped, confirmed, reported, told; who may, and what never leaves the form's body."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.app.oversight import oversight_of
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.file import incidents
from gateway.tlog.entries import Access, Dossier
from tests.console.acting_room import HERE, OTHER, Employed, Furnishing, Person, Room
from tests.console.simulated import words
from tests.house import COOP
from tests.oversight.leaked import Model

PEOPLE: tuple[Employed, ...] = (
    (COOP, "sato", "佐藤 起子", "admin", HERE),
    (COOP, "homu", "法務 次郎", "compliance", None),
    (COOP, "kansa", "監査 三枝", "auditor", None),
    (OTHER, "taken", "別 生協", "compliance", None),
)
RECEIVED = {
    "title": "業務端末の紛失",
    "what": "配達の端末が <b>盗まれた</b>",
    "discovered": "2026-11-20",
    "known": "2026-11-21",
    "known_by": "宅配事業部",
    "source": "partner",
    "partner": "sunnet",
}
NINE = ("outline", "items", "persons", "cause", "secondary", "response", "publication", "prevention", "reference")
CANARY = "00000077"


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(PEOPLE)


def desk_of(room: Room) -> OversightDesk:
    return oversight_of(room.house.settings, room.house.stores)


async def send(person: Person, path: str, fields: dict[str, Any]) -> httpx2.Response:
    """Send a form with exactly these fields beside its hidden ones, as a browser does with what is ticked."""
    form = person.form(path)
    hidden: dict[str, Any] = {name: form.fields[name] for name in ("csrf", "revision", "number") if name in form.fields}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**hidden, **fields}, doseq=True).encode()
    answer = await person.http.post(form.action, content=body, headers=headers)
    person.page = answer
    if answer.status_code == 303:
        person.page = await person.http.get(answer.headers["location"])
        assert person.page.status_code == 200, person.page.text
    return answer


async def received(room: Room, **changes: str) -> tuple[Person, str]:
    """Let compliance receive an incident; return them and its path."""
    homu = await room.person("homu")
    await homu.go("incidents/new")
    answer = await homu.press("incidents/new", {**RECEIVED, **changes})
    assert answer.status_code == 303, words(answer)
    return homu, str(answer.headers["location"]).removeprefix(f"/{COOP}/")


async def leaked(room: Room, members: int = 30, **more: Any) -> Model:
    """Let a partner have received members."""
    [version] = room.house.stores.snapshots.current(COOP).versions
    model = Model(room.house, version.policy.digest)
    await model.release({CANARY})
    await model.release({f"{n:08}" for n in range(members)}, **more)
    return model


async def counted(room: Room, **changes: str) -> tuple[Person, str]:
    homu, path = await received(room, **changes)
    await homu.go(f"{path}/scope")
    assert (await homu.press(f"{path}/scope", {"last": "2026-11-22"})).status_code == 303, words(homu.page)
    return homu, path


async def confirmed(room: Room, *triggers: str, decision: str = "report", **changes: str) -> tuple[Person, str]:
    homu, path = await counted(room, **changes)
    answer = await send(homu, f"{path}/judge", {"trigger": triggers, "decision": decision, "reason": "確かめた"})
    assert answer.status_code == 303, words(homu.page)
    return homu, path


async def test_an_incident_from_its_receipt_to_its_end(room: Room):
    await leaked(room, fields={"name": "as_is", "care_level": "as_is"})
    homu, path = await received(room)
    said = words(homu.page)
    for text in ("速報の目安(3日目)", "2026年11月23日(月)", "2026年11月25日(水)", "2026年12月21日(月)", "あと"):
        assert text in said
    assert "&lt;b&gt;盗まれた" in homu.page.text
    await homu.go(f"{path}/scope")
    assert (await homu.press(f"{path}/scope", {"last": "2026-11-22"})).status_code == 303
    said = words(homu.page)
    assert "組合員31名" in said
    assert "要配慮の項目が提供されています: 要介護区分" in said
    assert "最大でも31名(1,000名以下)" in said
    answer = await send(
        homu, f"{path}/judge", {"trigger": ["special_care"], "decision": "report", "reason": "介護区分"}
    )
    assert answer.status_code == 303
    assert "報告すると決めました" in words(homu.page)

    await homu.go(f"{path}/report")
    form = homu.form("/report")
    assert "組合員31名" in form.fields["persons"]
    assert "要介護区分" in form.fields["items"]
    assert (await homu.press("/report", {"cause": ""})).status_code == 303
    assert "調査中(不明)" in words(homu.page)
    await send(homu, "/report/sent", {"sent": "2026-11-22", "receipt": "R-1"})
    assert "速報済み" in words(homu.page)
    await homu.go(f"{path}/report")
    refused = await send(homu, "/report", {"report": "final", **dict.fromkeys(NINE, "")})
    assert refused.status_code == 303
    refused = await send(homu, "/report/sent", {"sent": "2026-11-22", "receipt": ""})
    assert refused.status_code == 409
    assert "9件残っています" in words(refused)
    await send(homu, "/report", {"report": "final", **dict.fromkeys(NINE, "分かったこと")})
    assert (await send(homu, "/report/sent", {"sent": "2026-11-22", "receipt": "R-2"})).status_code == 303
    assert (await homu.press("/close", {"reason": "すべて終えた"})).status_code == 303
    assert "終結" in words(homu.page)
    assert "/judge" not in homu.page.text
    for revision in ("1", "2", "3"):
        assert (await homu.go(f"{path}/report?revision={revision}")).status_code == 200
    plain = await homu.go(f"{path}/report.txt?revision=1")
    assert plain.headers["content-type"].startswith("text/plain")
    assert "【四 原因】\n調査中(不明)" in plain.text
    assert (await homu.go(f"{path}/report?revision=9")).status_code == 404
    events = [(one.event, one.state) for one in await room.house.entries() if isinstance(one, Dossier)]
    assert events[0] == ("opened", "received")
    assert events[-1] == ("closed", "closed")


async def test_the_home_and_the_list_show_what_is_due_next(room: Room):
    homu, path = await received(room)
    home = words(await homu.go(""))
    assert "漏えい対応中 1件" in home
    assert "2026年11月25日(水)" in home
    listed = words(await homu.go("incidents"))
    assert "業務端末の紛失" in listed
    assert "あと3日" in listed
    assert path in homu.page.text
    assert "業務端末の紛失" not in words(await homu.go("incidents?state=closed"))
    made = (await homu.go("incidents.json?state=all")).json()["tables"][0]
    assert [(one["state"], one["due"]) for one in made["rows"]] == [("received", "2026-11-25")]
    assert "漏えい" in (await homu.go("incidents.csv")).text
    sato = await room.person("sato")
    assert "漏えい対応中" not in words(await sato.go(""))


async def test_a_deadline_that_passed_is_said_in_words_and_colour(room: Room):
    homu, path = await received(room)
    room.house.clock.advance(days=8)
    room.people.clear()
    homu = await room.person("homu")
    said = await homu.go(path)
    assert "5日超過" in words(said)
    assert "badge-bad" in said.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"known": "2026-11-19"}, "日付の順序"),
        ({"known": "2026-11-23"}, "日付の順序"),
        ({"known": ""}, "日付を年月日で"),
        ({"discovered": "2022-03-01", "known": "2022-03-02"}, "扱えません"),
        ({"title": "  "}, "件名を1行"),
        ({"what": ""}, "何が起きたか"),
        ({"partner": ""}, "提供先を選び"),
        ({"source": "own"}, "提供先を選び"),
        ({"party": "own"}, "そう決めた理由"),
        ({"wrongful": "maybe"}, "選択肢から"),
        ({"partner": "nobody"}, "その提供先はありません"),
    ],
)
async def test_what_cannot_be_received_is_told_and_nothing_typed_is_lost(
    room: Room, changes: dict[str, str], told: str
):
    homu = await room.person("homu")
    await homu.go("incidents/new")
    answer = await homu.press("incidents/new", {**RECEIVED, **changes})
    assert answer.status_code == 409
    assert told in words(answer)
    assert "宅配事業部" in answer.text
    assert await incidents(desk_of(room), COOP) == []


async def test_a_correction_moves_the_deadlines_and_needs_a_reason(room: Room):
    homu, path = await received(room)
    await homu.go(f"{path}/intake")
    assert (await homu.press("/intake", {"known": "2026-11-20", "reason": ""})).status_code == 409
    assert (await homu.press("/intake", {"known": "2026-11-20", "reason": "前日に店舗が知っていた"})).status_code == 303
    assert "2026年11月24日(火)" in words(homu.page)
    [(dossier, _)] = await incidents(desk_of(room), COOP)
    assert str(dossier.due) == "2026-11-24"
    stale = homu.page
    await homu.go(f"{path}/intake")
    form = homu.form("/intake")
    form.fields["revision"] = "1"
    assert "見ていた後に" in words(await homu.send(form, {"reason": "古い画面から"}))
    assert stale.status_code == 200


async def test_a_decision_follows_what_was_found(room: Room):
    await leaked(room)
    homu, path = await counted(room)
    for fields, told in (
        ({"decision": "report"}, "報告不要とする根拠"),
        ({"decision": "no_trigger", "trigger": ["many"]}, "該当なし"),
        ({"decision": "encrypted"}, "高度な暗号化による除外"),
        ({"decision": "processor"}, "委託元への通知"),
        ({"decision": "anything"}, "選んでください"),
        ({"decision": "no_trigger", "reason": " "}, "理由を2000字までで書いてください"),
    ):
        await homu.go(path)
        answer = await send(homu, f"{path}/judge", {"reason": "確かめた", **fields})
        assert answer.status_code == 409, fields
        assert told in words(answer), fields
    await homu.go(path)
    answer = await send(homu, f"{path}/judge", {"decision": "no_trigger", "reason": "いずれも該当しない"})
    assert answer.status_code == 303
    assert "報告不要と決めました" in words(homu.page)
    assert "期限なし" in words(await homu.go("incidents?state=not_required"))


async def test_encrypted_data_with_a_safe_key_needs_no_report(room: Room):
    await leaked(room)
    homu, path = await confirmed(room, "many", decision="encrypted", safe="yes")
    assert "規則7条1号括弧書" in words(homu.page)
    await homu.go(f"{path}/scope")
    await homu.press(f"{path}/scope", {"last": "2026-11-21"})
    assert "もう一度確認してください" in words(homu.page)


async def test_a_wrongful_purpose_gives_sixty_days_and_past_the_table_none_is_guessed(room: Room):
    await leaked(room)
    homu, _ = await confirmed(room, "wrongful", wrongful="yes")
    assert "2027年1月19日(火)" in words(homu.page)
    room.house.clock.advance(days=390)
    room.people.clear()
    homu, _ = await received(room, known="2027-12-15", discovered="2027-12-15")
    said = words(homu.page)
    assert "計算できません" in said
    assert "休日表の範囲外" in said


async def test_whom_to_tell_is_found_in_the_register_after_a_reason_and_logged_before(room: Room):
    await leaked(room, members=20)
    homu, path = await counted(room)
    await homu.go(f"{path}/persons")
    assert CANARY not in homu.page.text
    assert "共立社個人情報相談窓口" in words(homu.page)
    register = "組合員コード,氏名\n" + "".join(f"{n:08},髙﨑\r\n" for n in range(15, 90))
    refused = await homu.press("/persons", {"reason": " ", "register": register}, act="show")
    assert refused.status_code == 409
    assert not [one for one in await room.house.entries() if isinstance(one, Access)]
    await homu.go(f"{path}/persons")
    answer = await homu.press("/persons", {"reason": "本人への通知", "register": register}, act="show")
    assert answer.status_code == 200
    assert re.findall(r"<td><code>(\d+)</code>", answer.text) == [
        "00000015",
        "00000016",
        "00000017",
        "00000018",
        "00000019",
        CANARY,
    ]
    assert "名簿にない対象者が15名" in words(answer)
    await homu.go(f"{path}/persons")
    answer = await homu.press("/persons", {"reason": "宛名の作成", "register": register}, act="csv")
    assert answer.content == b"\xef\xbb\xbf" + "組合員コード\r\n".encode() + b"".join(
        f"{n:08}\r\n".encode() for n in (*range(15, 20), 77)
    )
    looked = [one for one in await room.house.entries() if isinstance(one, Access)]
    assert [(one.look_up, one.members, one.by, one.reason) for one in looked] == [
        ("incident", 6, "homu", "本人への通知"),
        ("incident", 6, "homu", "宛名の作成"),
    ]
    assert looked[0].view == path.partition("/")[2]
    assert looked[0].digest == looked[1].digest
    assert CANARY not in repr(await room.house.entries())
    assert CANARY not in repr(room.house.told)
    assert CANARY not in repr(await room.house.rows("SELECT * FROM dossier"))


async def test_more_than_a_few_are_committed_to_as_sets(room: Room):
    await leaked(room, members=60)
    homu, path = await counted(room)
    await homu.go(f"{path}/persons")
    everybody = "\n".join(f"{n:08}" for n in range(100))
    answer = await homu.press("/persons", {"reason": "本人への通知", "register": everybody}, act="show")
    assert "対象者 61名" in words(answer)
    [looked] = [one for one in await room.house.entries() if isinstance(one, Access)]
    assert looked.members == 61
    assert looked.commitment


async def test_what_is_erased_is_said_at_its_most(room: Room):
    model = await leaked(room, members=20)
    await model.erase(model.releases[1].index, model.releases[1].index)
    homu, path = await counted(room)
    assert "組合員最大21名" in words(homu.page)
    assert "延べ20名は重複を除けない" in words(homu.page)
    await homu.go(f"{path}/persons")
    answer = await homu.press("/persons", {"reason": "通知", "register": CANARY}, act="show")
    assert "特定できない人が、最大20名" in words(answer)


async def test_auditors_read_and_change_nothing_and_others_do_not_read(room: Room):
    await leaked(room)
    _, path = await counted(room)
    kansa, sato = await room.person("kansa"), await room.person("sato")
    for page in ("incidents", path, f"{path}/report"):
        assert (await kansa.go(page)).status_code == 200
        assert 'method="post" action="/kyoritsusha/incidents' not in kansa.page.text
        assert (await sato.go(page)).status_code == 403
    for page in ("incidents/new", f"{path}/intake", f"{path}/scope", f"{path}/persons"):
        assert (await kansa.go(page)).status_code == 403
    await kansa.go("")
    csrf = re.search(r'name="csrf" value="([^"]+)"', kansa.page.text)
    assert csrf is not None
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    before = await room.house.entries()
    for act in ("intake", "scope", "judge", "report", "report/sent", "persons", "close"):
        body = urlencode({"csrf": csrf[1], "reason": "試験"}).encode()
        answer = await kansa.http.post(f"/{COOP}/{path}/{act}", content=body, headers=headers)
        assert answer.status_code == 403, act
    assert await room.house.entries() == before


async def test_it_is_there_in_english(room: Room):
    await leaked(room)
    homu, path = await counted(room)
    await homu.speak("en")
    said = words(await homu.go(path))
    for text in ("31 members", "no special-care field was released", "days left", "What was reached"):
        assert text in said
    assert "報告対象" not in said
    assert "Telling the persons" in words(await homu.go(f"{path}/persons"))
    assert "Rule 8" in words(await homu.go(f"{path}/report"))


async def test_a_scope_that_is_no_period_is_refused(room: Room):
    homu, path = await received(room)
    for changes in (
        {"first": "2026-11-22", "last": "2026-11-21"},
        {"first_index": "-1"},
        {"first_index": "9", "last_index": "3"},
    ):
        await homu.go(f"{path}/scope")
        assert (await homu.press(f"{path}/scope", {"last": "2026-11-22", **changes})).status_code == 409
    await homu.go(f"{path}/scope")
    await homu.press(f"{path}/scope", {"key": "nothing-of-it"})
    assert "この条件に当たる提供はありません" in words(homu.page)
