"""提供先と契約 of a draft by forms alone, over real stores: from a new agreement to its matrix, and every refusal on its page."""

import httpx2
import pytest

from gateway.control_plane.drafting.agreement import CLAUSES
from gateway.core.bases import REQUIRED, Basis
from gateway.ports import Files
from tests.console.acting_room import HERE, OTHER, SCRIPT, SUNNET, Person, Room
from tests.console.paper_forms import PaperForm, forms_of
from tests.console.simulated import words
from tests.house import COOP

PARTNER, AGREEMENT = "coop-kaihatsu", "kyoritsusha-coop-kaihatsu-01"
FILE = f"policies/{COOP}/agreements/{PARTNER}.yaml"
ENTITY = f"partners/{PARTNER}.yaml"
SUNNET_AT = "partners/sunnet/agreements/kyoritsusha-sunnet-01"
KYOSAI_AT = "partners/coop-kyosai/agreements/kyoritsusha-coop-kyosai-01"
ARTICLES = {clause: f"第{number}条" for number, clause in enumerate(CLAUSES, 2)}
MEMORANDUM = {
    "agreement": AGREEMENT,
    "programme": "sukusuku",
    "form": "覚書",
    "title": "住まいの案内に関する覚書",
    "signed": "2026-11-20",
    "first": "2026-12-01",
    "last": "2027-11-30",
    "responsible": "総務部長",
    "inquiries": "総務課",
    "due": "2027-05-31",
    "members_per_day": "500",
    **ARTICLES,
}
GRANT = {
    "grant": "housing",
    "purpose": "P4",
    "products": "G4",
    "field": "name",
    "transform": "as_is",
    "max_age_days": "7",
    "retention_days": "30",
    "condition_field_1": "municipality_code",
    "condition_how_1": "prefix_in",
    "condition_values_1": "06, 07",
}
CHECK = {"checked": "2026-11-20", "method": "実地", "result": "適", "due": "2027-05-20", "grace_days": "30"}
END = {"end": "2026-12-31", "procedure": "第12条により消去し証明する", "erase_due": "2027-01-31"}
CERTIFICATE = {"certificate": "消去-1", "certified": "2027-01-20", "certified_by": "情報管理責任者"}


@pytest.fixture
async def draft(room: Room) -> str:
    """A draft of 佐藤's, by its path."""
    return await room.begun()


async def act(person: Person, path: str, typed: dict[str, str]) -> httpx2.Response:
    """Open a page, fill its form in and send it."""
    answer = await person.go(path)
    assert answer.status_code == 200, words(answer)
    return await person.press(path.partition("?")[0], typed)


async def added(room: Room, draft: str) -> Person:
    """Let 佐藤 add the memorandum."""
    sato = await room.person("sato")
    answer = await act(sato, f"{draft}/partners/{PARTNER}/agreements/new", MEMORANDUM)
    assert answer.status_code == 303, words(answer)
    return sato


async def unchanged(room: Room, draft: str, before: Files) -> bool:
    return await room.files(draft) == before


# ── the way through ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_agreement_is_added_by_forms_alone_and_has_a_matrix(room: Room, draft: str):
    sato = await room.person("sato")
    page = await sato.go(f"{draft}/partners")
    assert "株式会社コープ開発センター" in words(page)
    assert f'href="/{COOP}/{draft}/partners/{PARTNER}/agreements/new"' in page.text
    await added(room, draft)
    assert f"契約 {AGREEMENT} を加えました" in sato.told()
    assert "提供範囲がまだありません" in words(sato.page)

    answer = await act(sato, f"{draft}/partners/{PARTNER}/agreements/{AGREEMENT}/grants/new", GRANT)
    assert answer.status_code == 303, words(answer)
    assert answer.headers["location"] == f"/{COOP}/matrix/{draft.partition('/')[2]}/{PARTNER}/{AGREEMENT}"
    assert "提供範囲 housing を加えました" in sato.told()
    saved = await sato.press(AGREEMENT, {"housing/phone": "phone_last4"}, act="save")
    assert saved.status_code == 303, words(saved)

    files = await room.files(draft)
    checked = room.office.policy_files.check(COOP, files)
    assert checked.policy is not None
    assert not [one for one in checked.findings if one.severity == "error"]
    made = checked.policy.agreements[AGREEMENT]
    (grant,) = made.grants
    assert (made.basis, made.department, made.programme) == ("joint_use", HERE, "sukusuku")
    assert dict(grant.fields) == {"name": "as_is", "phone": "phone_last4"}
    assert (grant.products, grant.members_per_day, grant.max_age_days) == (frozenset({"G4"}), 500, 7)
    assert grant.population[0].prefixes == ("06", "07")
    assert (await sato.go(f"{draft}/partners")).text.count(AGREEMENT) > 0
    assert "そろっています" in words(sato.page)


async def test_a_legal_entity_is_added_changed_and_keeps_its_samples(room: Room, draft: str):
    sato = await room.person("sato")
    typed = {
        "partner": "tohoku-soken",
        "name": "株式会社東北総研",
        "short_name": "東北総研",
        "clients": "soken-1\r\nsoken-2",
    }
    answer = await act(sato, f"{draft}/partners/new", typed)
    assert answer.headers["location"] == f"/{COOP}/{draft}/partners/tohoku-soken"
    assert "契約・覚書を加えるまで、何も提供されません" in words(sato.page)
    await act(
        sato, f"{draft}/partners/{PARTNER}", {"responsible": "総務部長", "clients": "coop-kaihatsu-demo\r\nnew-1"}
    )
    files = await room.files(draft)
    assert "clients: [{id: soken-1}, {id: soken-2}]" in files["partners/tohoku-soken.yaml"]
    assert "contacts: {responsible: 総務部長}" in files[ENTITY]
    assert "clients: [{id: coop-kaihatsu-demo, sample: true}, {id: new-1}]" in files[ENTITY]


async def test_a_check_a_selection_the_clauses_and_the_paper_are_recorded(room: Room, draft: str):
    sato = await room.person("sato")
    before = (await room.files(draft))[SUNNET]
    assert (await act(sato, f"{draft}/{SUNNET_AT}/supervision", CHECK)).status_code == 303
    chosen = {"criteria": "実績", "selected": "2026-03-01", "selection_result": "適", "selected_by": "佐藤"}
    assert (await act(sato, f"{draft}/{SUNNET_AT}/selection", chosen)).status_code == 303
    assert (await act(sato, f"{draft}/{SUNNET_AT}/clauses", {"secrecy": "第3条の2"})).status_code == 303
    assert (await act(sato, f"{draft}/{SUNNET_AT}", {"last": "2027-02-28"})).status_code == 303
    after = (await room.files(draft))[SUNNET]
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed == [
        "    term: {from: 2026-04-01, to: 2027-02-28}",
        "      secrecy: 第3条の2",
        "    supervision: {last: {date: 2026-11-20, method: 実地, result: 適}, due: 2027-05-20, grace_days: 30}",
        "    evidence:",
        "      selection: {criteria: 実績, date: 2026-03-01, result: 適, by: 佐藤}",
    ]
    page = await sato.go(draft)
    assert "articles" in words(page)


async def test_the_end_of_use_its_certificate_and_the_archive(room: Room, draft: str):
    sato = await room.person("sato")
    page = await act(sato, f"{draft}/partners/sunnet", {"archived": "2027-02-01"})
    assert page.status_code == 409
    assert "partners/sunnet.yaml:" in words(sato.page)
    assert "kyoritsusha-sunnet-01" in words(sato.page)
    assert "証明書がありません" in words(sato.page)
    assert sato.form("partners/sunnet").fields["archived"] == "2027-02-01"

    assert (await act(sato, f"{draft}/{SUNNET_AT}/end", END)).status_code == 303
    assert "終了予定" in words(await sato.go(f"{draft}/partners"))
    page = await sato.go(f"{draft}/{SUNNET_AT}/end")
    assert len([one for one in page.text.split("<form") if 'value="certify"' in one]) == 1
    form = next(one for one in forms(sato) if one.fields.get("act") == "certify")
    assert (await sato.send(form, CERTIFICATE)).status_code == 303
    assert "消去等の証明あり" in words(sato.page)
    assert (await act(sato, f"{draft}/partners/sunnet", {"archived": "2027-02-01"})).status_code == 303
    checked = room.office.policy_files.check(COOP, await room.files(draft))
    assert checked.policy is not None
    assert checked.policy.partners["sunnet"].receives.end is not None
    ends = checked.policy.agreements["kyoritsusha-sunnet-01"].term.end
    assert ends is not None
    assert ends.isoformat() == "2026-12-31T15:00:00+00:00"


def forms(person: Person) -> list[PaperForm]:
    return forms_of(person.page.text)


# ── bad input: on its page, everything typed kept, nothing saved ──────────────────────────────────────────────────

REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a clause is missing": ({"breach_measures": ""}, "(取決めが守られない場合の措置) がありません"),
    "no article of the contacts": ({"contacts": ""}, "「取扱責任者・連絡先の条」: 入力してください"),
    "no department": ({"department": " "}, "「所管部署」: 入力してください"),
    "another department's": ({"department": "共済事業部"}, "所管が「宅配事業部」でない契約や提供先も変わります"),
    "an end before the beginning": ({"last": "2026-11-30"}, "「契約期間の最後の日」: 最初の日(2026-12-01)以後に"),
    "no such day": ({"signed": "2026-02-30"}, "「締結日」: 実在する日付"),
    "no supervision": ({"due": ""}, "「次回の監督の期限」: 実在する日付"),
    "an id that is none": ({"agreement": "覚書1"}, "「契約のID」: coop-tohoku-service の形"),
    "an address of the console's": ({"agreement": "new"}, "`new` は使えません"),
    "half a selection": ({"criteria": "実績"}, "「選定日」: 実在する日付"),
    "a form that is none": ({"form": "口約束"}, "「形式」: 一覧から選んでください"),
    "before every notice": ({"first": "2000-01-01", "last": "2001-01-01"}, "適用される公表事項がありません"),
    "a grace that is none": ({"grace_days": "367"}, "「猶予(日)」: 0から366まで"),
}


async def test_an_agreement_that_cannot_be_is_refused_on_its_page(room: Room, draft: str):
    sato = await room.person("sato")
    before = await room.files(draft)
    for case, (typed, told) in REFUSED.items():
        answer = await act(sato, f"{draft}/partners/{PARTNER}/agreements/new", {**MEMORANDUM, **typed})
        assert answer.status_code == 409, case
        assert told in words(answer), case
        fields = sato.form("agreements/new").fields
        kept = {name: text.strip() for name, text in {**MEMORANDUM, **typed}.items() if name != "form"}
        assert {name: fields[name] for name in kept} == kept, case
    assert await unchanged(room, draft, before)


async def test_what_overlaps_an_agreement_of_the_same_basis_is_refused_with_file_and_line(room: Room, draft: str):
    sato = await room.person("sato")
    typed = {**MEMORANDUM, "agreement": "kyoritsusha-sunnet-02"}
    answer = await act(sato, f"{draft}/partners/sunnet/agreements/new", typed)
    assert answer.status_code == 409
    assert "重なっています" in words(answer)
    assert f"{SUNNET}:" in words(answer)


WIDER: tuple[tuple[dict[str, str], str], ...] = (
    ({"purpose": "P13"}, "共同利用の目的になりません"),
    ({"products": "G9"}, "「商品・サービスの範囲」: 一覧から一つ以上"),
    ({"field": "delivery_day"}, "商品・サービスの範囲 `G1` の項目"),
    ({"transform": "prefecture"}, "型に使えません"),
    ({"retention_days": "-1"}, "「提供先での保管日数」: 0から36600まで"),
    ({"condition_values_1": ""}, "「対象者の条件」: 入力してください"),
    ({"condition_how_1": "from"}, "以上・以下の値は一つに"),
    ({"grant": ""}, "「提供範囲のID」: 入力してください"),
)


async def test_a_grant_wider_than_the_notice_or_ill_formed_is_refused(room: Room, draft: str):
    sato = await added(room, draft)
    before = await room.files(draft)
    for typed, told in WIDER:
        answer = await act(sato, f"{draft}/partners/{PARTNER}/agreements/{AGREEMENT}/grants/new", {**GRANT, **typed})
        assert answer.status_code == 409, told
        assert told in words(answer)
        assert sato.form("grants/new").fields["max_age_days"] == "7"
    assert await unchanged(room, draft, before)


async def test_an_insurance_agency_needs_its_filter(room: Room, draft: str):
    """The notice is changed as text first, as コープデリ's says of its agency."""
    sato = await room.person("sato")
    notice = f"policies/{COOP}/notices/2022-04-01.yaml"
    text = (await room.files(draft))[notice].replace(
        "label: ㈱コープ開発センター}",
        "label: ㈱コープ開発センター, sector: insurance_agency, filter_required: insurer}",
    )
    await sato.go(f"{draft}/files/edit?file={notice}")
    assert (await sato.press(sato_form(sato), {"text": text.replace("\n", "\r\n")})).status_code == 303
    await added(room, draft)
    path = f"{draft}/partners/{PARTNER}/agreements/{AGREEMENT}/grants/new"
    answer = await act(sato, path, GRANT)
    assert answer.status_code == 409
    assert "絞り込み `insurer` が必要です" in words(answer)
    assert "この提供先には必ず必要です" in words(answer)
    assert (await act(sato, path, {**GRANT, "insurer": "A損害保険"})).status_code == 303
    assert "filters: {insurer: A損害保険}" in (await room.files(draft))[FILE]


def sato_form(person: Person) -> str:
    return next(one.action for one in forms(person) if "text" in one.fields)


async def test_an_end_of_use_that_cannot_be_is_refused(room: Room, draft: str):
    sato = await room.person("sato")
    before = await room.files(draft)
    for typed, told in (
        ({"end": "2026-03-31"}, "「終了の日」: 最初の日(2026-04-01)以後に"),
        ({"erase_due": "2026-12-30"}, "「返還・消去の期限」: 最初の日(2026-12-31)以後に"),
        ({"procedure": " "}, "「終了の手続」: 入力してください"),
    ):
        answer = await act(sato, f"{draft}/{SUNNET_AT}/end", {**END, **typed})
        assert answer.status_code == 409, told
        assert told in words(answer)
        fields = sato.form("/end").fields
        assert {name: fields[name] for name in END} == {**END, **{name: text.strip() for name, text in typed.items()}}
    assert await unchanged(room, draft, before)


async def test_an_agreement_of_another_department_is_refused_by_its_name(room: Room, draft: str):
    sato = await room.person("sato")
    before = await room.files(draft)
    for page, typed in (("/supervision", CHECK), ("/clauses", {"secrecy": "第5条の2"}), ("/end", END)):
        answer = await act(sato, f"{draft}/{KYOSAI_AT}{page}", typed)
        assert answer.status_code == 409
        assert "部署ごとに申請を分けてください" in words(answer)
        assert "共済事業部の kyoritsusha-coop-kyosai-01" in words(answer)
    assert await unchanged(room, draft, before)


async def test_a_legal_entity_that_cannot_be_is_refused(room: Room, draft: str):
    sato = await room.person("sato")
    typed = {"partner": "soken", "name": "総研", "short_name": "総研"}
    for wrong, told in (
        ({"partner": "sunnet"}, "`sunnet` はすでにあります"),
        ({"partner": "new"}, "`new` は使えません"),
        ({"corporate_number": "123"}, "「法人番号」: 7000012050002 の形"),
        ({"corporate_number": "7000012050003"}, "検査数字に合いません"),
        ({"country": "日本"}, "「国」: JP の形"),
        ({"clients": "a b"}, "「システムのクライアントID」"),
        ({"clients": "sunnet-demo"}, "sunnet"),
        ({"name": ""}, "「正式名称」: 入力してください"),
    ):
        answer = await act(sato, f"{draft}/partners/new", {**typed, **wrong})
        assert answer.status_code == 409, wrong
        assert told in words(answer), wrong
        assert sato.form("partners/new").fields["short_name"] == "総研"


# ── who may ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_who_is_no_admin_reads_and_may_not_save(room: Room, draft: str):
    sato, kansa = await room.person("sato"), await room.person("kansa")
    pages = (
        "",
        f"/{PARTNER}",
        "/new",
        "/sunnet/agreements/new",
        *(f"/{SUNNET_AT.partition('/')[2]}{one}" for one in PAGES),
    )
    for page in pages:
        answer = await kansa.go(f"{draft}/partners{page}")
        assert answer.status_code == 200, page
        assert "見るだけの画面です" in words(answer)
        assert not [one for one in forms(kansa) if draft in one.action], page
    await sato.go(f"{draft}/{SUNNET_AT}/supervision")
    form = sato.form("/supervision")
    form.fields |= {"csrf": next(one.fields["csrf"] for one in forms(kansa) if "csrf" in one.fields)}
    assert (await kansa.send(form, CHECK)).status_code == 403


PAGES = ("", "/clauses", "/supervision", "/selection", "/end", "/grants/new")


async def test_another_co_op_and_what_is_not_there_are_404(room: Room, draft: str):
    sato, taken = await room.person("sato"), await room.person("taken", coop=OTHER)
    for page in ("partners", "partners/new", f"partners/{PARTNER}", *(f"{SUNNET_AT}{one}" for one in PAGES)):
        assert (await taken.go(f"{draft}/{page}", coop=OTHER)).status_code == 404
        assert (await taken.go(f"{draft}/{page}")).status_code in {403, 404}
    for page in (
        "partners/nobody",
        "partners/nobody/agreements/new",
        f"partners/{PARTNER}/agreements/kyoritsusha-sunnet-01",
        "partners/sunnet/agreements/none/clauses",
        "partners/../agreements/new",
    ):
        assert (await sato.go(f"{draft}/{page}")).status_code == 404, page
    assert (await sato.go(f"{draft}/partners/sunnet/agreements/new?basis=whim")).status_code == 400


async def test_a_revision_that_has_passed_saves_nothing_and_keeps_what_was_typed(room: Room, draft: str):
    sato, kato = await room.person("sato"), await room.person("kato")
    await sato.go(f"{draft}/{SUNNET_AT}/supervision")
    assert (await act(kato, f"{draft}/{SUNNET_AT}", {"title": "共同利用の覚書"})).status_code == 303
    before = await room.files(draft)
    answer = await sato.press("/supervision", CHECK)
    assert answer.status_code == 409
    assert "他の人が先に変更しました" in words(answer)
    assert sato.form("/supervision").fields["method"] == "実地"
    assert await unchanged(room, draft, before)
    assert (await sato.press("/supervision", CHECK)).status_code == 303
    assert "共同利用の覚書" in (await room.files(draft))[SUNNET]


async def test_a_form_without_a_revision_is_no_form_of_ours(room: Room, draft: str):
    sato = await room.person("sato")
    await sato.go(f"{draft}/{SUNNET_AT}/end")
    form = sato.form("/end")
    form.fields["revision"] = ""
    assert (await sato.send(form, END)).status_code == 400
    form.fields |= {"revision": "1", "act": "erase"}
    assert (await sato.send(form, END)).status_code == 400


# ── the words ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_typed_is_text_and_never_mark_up(room: Room, draft: str):
    sato = await room.person("sato")
    answer = await act(sato, f"{draft}/partners/{PARTNER}", {"address": SCRIPT})
    assert answer.status_code == 303
    assert SCRIPT not in sato.page.text
    assert "&lt;script&gt;" in sato.page.text


async def test_every_basis_asks_for_what_it_demands_in_both_languages(room: Room, draft: str):
    sato = await room.person("sato")
    for language, demanded in (("ja", "照会文書の番号"), ("en", "Number of the inquiry document")):
        await sato.speak(language)
        for basis in Basis:
            answer = await sato.go(f"{draft}/partners/{PARTNER}/agreements/new?basis={basis}")
            assert answer.status_code == 200
            fields = sato.form("agreements/new").fields
            needs = REQUIRED[basis]
            assert {*needs.clauses, *needs.facts} - {"selection"} <= fields.keys()
            assert ("expires" in fields) == needs.ends
            assert ("due" in fields) == needs.supervised
            assert (demanded in words(answer)) == (basis is Basis.LAW)
        for one in ("", f"/{PARTNER}", "/new", *(f"/{SUNNET_AT.partition('/')[2]}{page}" for page in PAGES)):
            assert (await sato.go(f"{draft}/partners{one}")).status_code == 200
