"""公表事項と決定 in a draft, by the real pages over real stores and without a script: what is missing is filled in by forms
alone, what is wrong is refused with all that was typed, and who may not draft changes nothing."""

import hashlib

import pytest

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.ports import Files
from tests.console.acting_room import ELSEWHERE, HERE, OTHER as DELI, Furnishing, Room
from tests.console.notice_drafter import Drafter, Sheet, Typed
from tests.console.simulated import words
from tests.control_plane.completed_notice import (
    BELONGS,
    EMAIL,
    FLAGS,
    FOLDER,
    LABELS,
    LINKED_PAGE,
    NEW,
    OLD,
    PARTY,
    PHONE,
    PURPOSE,
    READING,
    REAL,
    TEXT,
    VERSION,
    completed,
)
from tests.house import COOP

TYPED_VERSION = {name: VERSION[name] for name in ("effective", "published", "quote")} | {
    "text": TEXT.replace("\n", "\r\n")
}
TYPED_PURPOSE = {"purpose": PURPOSE}
ITEMS = {f"label-I{at}": label for at, label in enumerate(LABELS, start=1)}
CONTACT: dict[str, str | tuple[str, ...]] = {
    "clause": "D-R2",
    "desk": "【試験】相談室",
    "tel": "03-0000-0000",
    "hours": "平日 午前9時から午後5時",
    "open_days": ("mon", "tue", "wed", "thu", "fri"),
    "open_from": "09:00",
    "open_to": "17:00",
}
DECISION = {
    "decision": "kana-of-name",
    "by": "【試験】組合員サービス部",
    "approved_by": "【試験】管理責任者",
    "reason": "【試験】フリガナは\r\n氏名の読み",
    "from": "2026-04-01",
}


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(
        (
            (DELI, "sato", "佐藤 起子", "admin", HERE),
            (DELI, "hoka", "他部署 一郎", "admin", ELSEWHERE),
            (DELI, "kansa", "監査 次郎", "auditor", None),
            (DELI, "unyo", "運用 三郎", "operator", None),
            (COOP, "sato2", "別 生協", "admin", HERE),
        ),
        in_force=DELI,
    )


@pytest.fixture
async def sato(room: Room) -> Drafter:
    """佐藤 with a draft of the version in force."""
    return await drafter(room, REAL)


@pytest.fixture
async def complete(room: Room) -> Drafter:
    """佐藤 with a draft whose notice lacks nothing."""
    return await drafter(room, completed())


async def drafter(room: Room, files: Files) -> Drafter:
    wish = Wish(files=files, title="公表事項を完成させる", department=HERE, effective=None, reason="公表のため")
    draft = await steps.begin(room.office, DELI, wish, by="sato")
    return Drafter(room, await room.person("sato", coop=DELI), draft.id)


# ── the way through ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_missing_is_told_with_the_form_that_fills_it_and_vanishes_as_it_is_filled(sato: Drafter):
    told = await sato.see()
    assert "次の5件が定められていません" in told
    for gap, form in (("項目", "items"), ("利用目的", "joint-purpose"), ("住所", "responsible")):
        assert gap in told
        assert f'href="{sato.url}/{OLD}/{form}"' in sato.page.text
    await sato.filled("/new", TYPED_VERSION)
    assert "新しい版を下書きに加えました" in words(sato.page)
    assert "次の5件が定められていません" in await sato.see(f"?version={NEW}")
    # An agreement grants for P4: from the moment there is a joint purpose, somebody must have read P4 as part of it.
    answer = await sato.fill(f"/{NEW}/joint-purpose", TYPED_PURPOSE)
    assert answer.status_code == 409
    assert "利用目的 `P4` が共同利用に含まれるかは要検討" in words(answer)
    await sato.filled(f"/{NEW}/purposes/P4", READING)
    await sato.filled(f"/{NEW}/joint-purpose", TYPED_PURPOSE)
    assert "次の4件が定められていません" in words(sato.page)
    # A party may be incomplete: what is not published yet stays a gap.
    await sato.filled(f"/{NEW}/responsible", {name: PARTY[name] for name in ("role", "name", "name_from")})
    assert "次の3件が定められていません" in words(sato.page)
    await sato.filled(f"/{NEW}/responsible", PARTY)
    assert "次の1件が定められていません" in words(sato.page)


async def test_the_notice_is_completed_by_forms_alone(sato: Drafter):
    await sato.filled("/new", TYPED_VERSION)
    for field in (PHONE, EMAIL):
        await sato.filled("/fields/new", {**field, "flags": FLAGS})
    boxes = {f"item-{field}": item for field, item in BELONGS.items()} | {f"itself-{field}": "1" for field in BELONGS}
    await sato.filled(f"/{NEW}/items", ITEMS | boxes)
    await sato.filled(f"/{NEW}/purposes/P4", READING | {"sample": "1"})
    await sato.filled(f"/{NEW}/joint-purpose", TYPED_PURPOSE)
    await sato.filled(f"/{NEW}/responsible", PARTY)
    complete = sato
    told = await complete.see()
    assert "個人情報保護法27条5項3号の事項がすべて定められています" in told
    policy = await complete.policy()
    notices = {one.version: one for one in policy.notices}
    assert notices[NEW].gaps == ()
    assert len(notices[OLD].gaps) == 5
    assert notices[NEW].purposes["P4"].joint == "yes"
    assert {name: sorted(one.fields) for name, one in notices[NEW].items.items()} == {
        "I1": ["name"],
        "I2": ["member_code"],
        "I3": ["phone"],
        "I4": ["email"],
    }
    files = await complete.files()
    assert files == completed()
    assert files[f"{FOLDER}/source/{NEW}.txt"] == TEXT
    assert files[f"{FOLDER}/source/{OLD}.txt"] == REAL[f"{FOLDER}/source/{OLD}.txt"]
    assert hashlib.sha256(TEXT.encode()).hexdigest() in files[f"{FOLDER}/notices/{NEW}.yaml"]
    assert "to: 2022-03-31" in files[f"{FOLDER}/notices/{OLD}.yaml"]
    # What was typed is there to be changed.
    await complete.see(f"/{NEW}/responsible")
    assert Sheet(complete.page.text).one("representative") == PARTY["representative"]
    await complete.see(f"/{NEW}/text")
    assert Sheet(complete.page.text).one("text") == TYPED_VERSION["text"]
    await complete.filled(f"/{NEW}/text", {"text": TYPED_VERSION["text"] + "追記"})
    assert (await complete.files())[f"{FOLDER}/source/{NEW}.txt"] == TEXT + "追記\n"


async def test_a_form_sent_as_it_stands_changes_nothing_and_voids_no_revision(complete: Drafter):
    revision = (await complete.stored()).revision
    for path in ("items", "joint-purpose", "responsible", "purposes/P4", "users", "classes/coopdeli-member-coops"):
        await complete.filled(f"/{NEW}/{path}", {})
        assert "変えたところがないので" in words(complete.page), path
    assert (await complete.stored()).revision == revision


async def test_a_new_field_is_withheld_until_a_grant_says_otherwise(complete: Drafter):
    policy = await complete.policy()
    assert {
        grant.fields.keys() & {"phone", "email"} == set() for one in policy.agreements.values() for grant in one.grants
    }
    field = policy.fields["phone"]
    assert (field.item, field.type, field.max_length, field.contact) == ("I3", "phone", 16, True)
    await complete.see("/fields/new")
    await complete.filled("/fields/new", {**PHONE, "field": "phone_2", "item": "I3", "itself": "1", "flags": ()})
    assert (await complete.policy()).notices[-1].items["I3"].fields == {"phone", "phone_2"}


async def test_users_and_classes_have_their_days(complete: Drafter):
    await complete.filled(
        f"/{NEW}/users", {"to-U5": "2027-03-31", "label": "コープデリグループ", "members_of": "other-coops"}
    )
    await complete.filled(f"/{NEW}/classes/other-coops", {"partner": "coop-mirai", "from": "2026-04-01"})
    await complete.filled(f"/{NEW}/classes/coopdeli-member-coops", {"from-1": "2023-04-01", "remove-5": "1"})
    notice = (await complete.policy()).notices[-1]
    spans = {user.partner: user.span for user in notice.users}
    assert {"coop-mirai", "ibaraki-coop", "coopdeli-hoken"} <= spans.keys()
    assert spans["coopdeli-hoken"].end is not None
    assert "coopdeli-niigata" not in (await complete.files())[f"{FOLDER}/notices/{NEW}.yaml"]
    await complete.filled(f"/{NEW}/users", {"remove-U6": "1"})
    assert "coop-mirai" not in {user.partner for user in (await complete.policy()).notices[-1].users}


async def test_a_contact_desk(complete: Drafter):
    await complete.filled(f"/{NEW}/contact", CONTACT)
    assert "【試験】相談室" in words(complete.page)
    await complete.filled(f"/{NEW}/contact", {"open_to": "16:00"})
    assert '"16:00"' in (await complete.files())[f"{FOLDER}/notices/{NEW}.yaml"]


async def test_a_decision_is_recorded_and_ended(complete: Drafter):
    told = await complete.see("/decisions/new")
    assert "項目の読み方" in told
    kana = {
        **PHONE,
        "field": "name_kana",
        "ja": "フリガナ",
        "en": "Kana",
        "type": "text",
        "item": "I1",
        "example": "カナ",
    }
    await complete.filled("/fields/new", kana)
    await complete.filled("/decisions/new?kind=item_field", DECISION | {"item": "I1", "fields": ("name_kana",)})
    assert "kana-of-name" in words(complete.page)
    await complete.filled("/decisions/kana-of-name/end", {"to": "2027-03-31"})
    assert (await complete.files())[f"{FOLDER}/decisions/kana-of-name.yaml"] == (
        "coop: coopdeli\n"
        "decisions:\n"
        "  kana-of-name:\n"
        "    kind: item_field\n"
        "    item: I1\n"
        "    fields: [name_kana]\n"
        "    by: 【試験】組合員サービス部\n"
        "    approved_by: 【試験】管理責任者\n"
        '    reason: "【試験】フリガナは\\n氏名の読み"\n'
        "    from: 2026-04-01\n"
        "    to: 2027-03-31\n"
    )


KINDS: tuple[tuple[str, Typed], ...] = (
    ("purpose", {"purposes": ("P1", "P2.guide")}),
    ("cohort", {"versions": (OLD,), "ground": "consent", "evidence": "【試験】再同意の記録"}),
    ("field_use", {"fields": ("phone",), "partner": "jccu", "purposes": ("P4",)}),
    ("abroad", {"partner": "jccu", "ground": "equivalent_country"}),
)


async def test_every_kind_of_decision_has_its_form(complete: Drafter):
    for kind, typed in KINDS:
        await complete.filled(
            f"/decisions/new?kind={kind}", {**DECISION, **typed, "decision": f"of-{kind}".replace("_", "-")}
        )
    decided = {one.id: one for one in (await complete.policy()).decisions}
    assert {one.kind for one in decided.values()} == {kind for kind, _ in KINDS}
    assert decided["of-field-use"].partner == "jccu"
    assert decided["of-cohort"].versions == {OLD}


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────

BAD: tuple[tuple[str, Typed, str], ...] = (
    ("/new", {**TYPED_VERSION, "effective": "2022-02-30"}, "「適用開始日」: 実在する日付"),
    (
        "/new",
        {**TYPED_VERSION, "effective": "2017-06-21", "published": "2017-06-21"},
        "2017-06-21 の版はすでにあります",
    ),
    ("/new", {**TYPED_VERSION, "published": "2022-04-02"}, "「適用開始日」: 最初の日(2022-04-02)以後"),
    ("/new", {**TYPED_VERSION, "quote": "2022年4月2日"}, "「改訂日の公表の表記」: 公表文の本文に"),
    ("/new", {**TYPED_VERSION, "text": " \r\n"}, "公表した本文を貼り付けてください"),
    ("/new", {**TYPED_VERSION, "text": LINKED_PAGE}, "保管した本文"),
    (f"/{OLD}/joint-purpose", {"purpose": ""}, "「共同利用の目的」: 入力してください"),
    (f"/{OLD}/joint-purpose", {"purpose": "本文にない目的"}, "本文のとおりに写す"),
    (f"/{OLD}/responsible", {"name": "コープデリ連合会"}, "「管理責任者の呼び方」: 入力してください"),
    (f"/{OLD}/responsible", {"role": "コープデリ連合会", "name": "コープデリ連合会"}, "「名称: いつから」"),
    (f"/{OLD}/responsible", {"role": "生協", "name_from": NEW}, "「名称」: いつからかだけでなく"),
    (f"/{OLD}/responsible", {"role": "生協", "municipality_code": "6203"}, "062031 の形で"),
    (f"/{OLD}/purposes/P4", {**READING, "joint": "maybe"}, "「共同利用に含まれるか」: 一覧から"),
    (f"/{OLD}/purposes/P4", {**READING, "approved_by": READING["by"]}, "判断した人とは別の人に"),
    (f"/{OLD}/purposes/P4", {**READING, "read_on": ""}, "「判断した日」"),
    (f"/{OLD}/purposes/P4", {**READING, "reason": " "}, "「理由・根拠」"),
    (f"/{OLD}/items", {"label-I1": "氏名"}, "本文のとおりに写す"),
    (f"/{OLD}/items", {"label-I1": "a\u202eb"}, "制御文字は使えません"),
    (f"/{OLD}/users", {"label-U2": ""}, "「公表の名称」"),
    (f"/{OLD}/users", {"label": "日本生協連"}, "「法人か範囲か」"),
    (f"/{OLD}/users", {"label": "日本生協連", "partner": "nobody"}, "「提供先」: 一覧から"),
    (f"/{OLD}/users", {"label": "日本生協連", "members_of": "Co ops"}, "「範囲のID」"),
    (f"/{OLD}/users", {"from-U2": "2026-04-01", "to-U2": "2026-03-31"}, "「最後の日」"),
    (f"/{OLD}/classes/coopdeli-member-coops", {"from-0": "2026"}, "「最初の日」"),
    (f"/{OLD}/classes/coopdeli-member-coops", {"from": "2026-04-01"}, "「提供先」"),
    (f"/{OLD}/classes/coopdeli-member-coops", {"partner": "coop-mirai"}, "すでに一覧にあります"),
    (f"/{OLD}/classes/coopdeli-member-coops", {"source": ""}, "「一覧の出所」"),
    (f"/{OLD}/contact", {**CONTACT, "open_to": "08:00"}, "「受付の終了」"),
    (f"/{OLD}/contact", {**CONTACT, "open_from": "25:00"}, "「受付の開始」"),
    (f"/{OLD}/contact", {**CONTACT, "open_days": ()}, "「受付の曜日」"),
    (f"/{OLD}/contact", {**CONTACT, "clause": "R2"}, "D-R2 の形で"),
    ("/fields/new", {**PHONE, "field": "Phone"}, "「データ項目のID」"),
    ("/fields/new", {**PHONE, "field": "name"}, "`name` はすでにあります"),
    ("/fields/new", {**PHONE, "type": "telephone"}, "「型」: 一覧から"),
    ("/fields/new", {**PHONE, "max_length": "many"}, "「最大文字数」: 1から10000まで"),
    ("/fields/new", {**PHONE, "max_length": ""}, "max_length"),
    ("/fields/new", {**PHONE, "ja": ""}, "「名称(日本語)」"),
    ("/fields/new", {**PHONE, "type": "enum", "max_length": "", "codes": "1"}, "「コード表」"),
    ("/fields/new", {**PHONE, "type": "integer", "max_length": "", "example": "many"}, "「例」"),
    ("/fields/new", {**PHONE, "itself": "1"}, "この版にその項目がありません"),
    ("/decisions/new?kind=purpose", {**DECISION, "purposes": ()}, "「利用目的」: 一覧から一つ以上"),
    ("/decisions/new?kind=purpose", {**DECISION, "purposes": ("P1",), "decision": "A B"}, "「決定のID」"),
    ("/decisions/new?kind=purpose", {**DECISION, "purposes": ("P1",), "to": "2026-03-31"}, "「最後の日」"),
    ("/decisions/new?kind=purpose", {**DECISION, "purposes": ("P1",), "from": ""}, "「最初の日」"),
    ("/decisions/new?kind=purpose", {**DECISION, "purposes": ("P1",), "approved_by": DECISION["by"]}, "別の人に"),
    ("/decisions/new?kind=item_field", {**DECISION, "fields": ("name",)}, "「公表の項目」: 一覧から"),
)


async def test_what_is_wrong_is_told_by_its_name_and_nothing_is_saved(sato: Drafter):
    before = (await sato.stored()).revision
    for path, typed, told in BAD:
        answer = await sato.fill(path, typed)
        assert answer.status_code == 409, (path, typed)
        assert told in words(answer), (path, told, words(answer)[300:900])
        sheet = Sheet(answer.text)
        for name, value in typed.items():
            if name in {"text", "reason", "joint", "type", "partner"}:
                continue  # several lines are compared elsewhere; a choice that is none is not shown again
            assert sheet.fields.get(name, ()) == ((value.strip(),) if isinstance(value, str) else value), (path, name)
    assert (await sato.stored()).revision == before


async def test_the_text_of_a_published_version_is_shown_and_stays(sato: Drafter):
    assert "定型教育、部内報、会議等で" in await sato.see(f"/{OLD}/text")
    assert Sheet(sato.page.text).action == ""
    await sato.see("/new")
    sheet = Sheet(sato.page.text)
    sheet.action = f"{sato.url}/{OLD}/text"
    answer = await sato.send(sheet, {"text": TEXT})
    assert answer.status_code == 409
    assert "公布済みの版の本文は変えられません" in words(answer)


async def test_a_refusal_is_told_in_english_too(sato: Drafter):
    await sato.person.speak("en")
    answer = await sato.fill("/new", {**TYPED_VERSION, "effective": "soon"})
    assert "“Effective from”: write a day that there is" in words(answer)
    assert "New version" in words(answer)
    for path in (
        "",
        f"/{OLD}/items",
        f"/{OLD}/users",
        "/decisions/new",
        "/decisions/new?kind=field_use",
        "/fields/new",
    ):
        assert (await sato.see(path)) != ""
    assert "never a real person&#39;s" in sato.page.text


async def test_a_stale_revision_is_refused_with_what_was_typed(sato: Drafter):
    await sato.see(f"/{OLD}/purposes/P1")
    old = Sheet(sato.page.text)
    await sato.filled(f"/{OLD}/purposes/P3", {"joint": "no"})
    answer = await sato.send(old, {"joint": "no"})
    assert answer.status_code == 409
    assert "他の人が先に変更しました" in words(answer)
    assert Sheet(answer.text).one("joint") == "no"
    answer = await sato.send(old, {"revision": "x"})
    assert answer.status_code == 400


async def test_what_is_not_there_is_not_found(sato: Drafter):
    for path in (
        "?version=2020-01-01",
        "/2020-01-01/items",
        f"/{OLD}/purposes/P99",
        f"/{OLD}/classes/nobody",
        "/decisions/nothing/end",
        "/decisions/new?kind=wish",
        "/fields/new?version=2020-01-01",
    ):
        assert (await sato.person.http.get(sato.url + path)).status_code == 404, path
    assert (await sato.person.http.get(f"/{DELI}/proposals/none/notice")).status_code == 404


# ── who ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_another_department_is_refused_and_a_reader_only_reads(room: Room, sato: Drafter):
    revision = (await sato.stored()).revision
    other = Drafter(room, await room.person("hoka", coop=DELI), sato.proposal)
    answer = await other.fill(f"/{OLD}/purposes/P1", {"joint": "no"})
    assert answer.status_code == 409
    assert "所管部署は「宅配事業部」です" in words(answer)
    reader = Drafter(room, await room.person("kansa", coop=DELI), sato.proposal)
    assert "見るだけの画面です" in await reader.see()
    await reader.see(f"/{OLD}/purposes/P1")
    sheet = Sheet(reader.page.text)
    assert sheet.disabled
    assert "下書きに保存する" not in words(reader.page)
    assert (await reader.send(sheet, {"joint": "no"})).status_code == 403
    operator = await room.person("unyo", coop=DELI)
    assert (await operator.http.get(sato.url)).status_code == 403
    assert (await sato.stored()).revision == revision


async def test_another_coop_finds_nothing(room: Room, sato: Drafter):
    stranger = await room.person("sato2")
    for path in ("", "/new", f"/{OLD}/items", "/decisions/new"):
        assert (await stranger.http.get(sato.url + path)).status_code == 404
        own = f"/{COOP}/proposals/{sato.proposal}/notice{path}"
        assert (await stranger.http.get(own)).status_code == 404


async def test_what_was_published_is_only_read(room: Room, complete: Drafter):
    await steps.withdraw(room.office, await complete.stored(), reason="試験", by="sato")
    assert "見るだけの画面です" in await complete.see()
    answer = await complete.fill(f"/{NEW}/purposes/P1", {"joint": "no"})
    assert answer.status_code == 409
    assert "withdrawn" in words(answer)
