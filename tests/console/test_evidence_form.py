"""根拠の記録 of a draft by its form: asked with a hint for each fact, refused by article where one is missing, shown in words."""

import pytest

from gateway.core.bases import REQUIRED, Basis
from tests.console.acting_room import Room
from tests.console.simulated import words

PARTNER, AGREEMENT = "coop-kaihatsu", "kyoritsusha-kaihatsu-inquiry"
NEW = f"partners/{PARTNER}/agreements/new"
PAPER = {
    "agreement": AGREEMENT,
    "form": "記録",
    "title": "照会への回答",
    "signed": "2026-11-20",
    "first": "2026-12-01",
    "last": "2027-11-30",
}
LAW = {"law": "刑事訴訟法197条2項", "document_number": "鶴警第77号", "received_on": "2026-11-20"}
CONSENT = {
    "consent_text": "コープ開発センターに氏名を提供します",
    "consent_version": "2026年4月版",
    "consent_obtained_by": "申込書の署名",
    "consent_withdrawal": "相談窓口への電話",
    "secrecy": "第3条",
    "no_reprovision": "第4条",
}


@pytest.fixture
async def draft(room: Room) -> str:
    return await room.begun()


async def test_every_fact_of_every_basis_has_a_hint_in_both_languages(room: Room, draft: str):
    sato = await room.person("sato")
    for language, cited in (("ja", "が求める記録です"), ("en", "asks for")):
        await sato.speak(language)
        for basis in set(Basis) - {Basis.JOINT_USE, Basis.ENTRUSTMENT}:
            page = await sato.go(f"{draft}/{NEW}?basis={basis}")
            assert f"{REQUIRED[basis].article}" in words(page)
            assert cited in words(page)
            for fact in REQUIRED[basis].facts:
                assert f'id="{fact}-help"' in page.text


@pytest.mark.parametrize(
    ("basis", "evidence", "article"), [("law", LAW, "法27条1項1号"), ("consent", CONSENT, "法27条1項")]
)
async def test_without_one_fact_it_is_refused_with_the_article_and_stands_with_all(
    room: Room, draft: str, basis: str, evidence: dict[str, str], article: str
):
    sato, before = await room.person("sato"), await room.files(draft)
    for fact in REQUIRED[Basis(basis)].facts:
        await sato.go(f"{draft}/{NEW}?basis={basis}")
        answer = await sato.press("agreements/new", {**PAPER, **evidence, fact: ""})
        assert answer.status_code == 409
        assert article in words(answer)
        assert fact in words(answer)
    assert await room.files(draft) == before
    await sato.go(f"{draft}/{NEW}?basis={basis}")
    assert (await sato.press("agreements/new", {**PAPER, **evidence})).status_code == 303


async def test_what_is_recorded_can_be_mended_and_is_read_on_its_page(room: Room, draft: str):
    sato = await room.person("sato")
    await sato.go(f"{draft}/{NEW}?basis=law")
    await sato.press("agreements/new", {**PAPER, **LAW})
    at = f"{draft}/partners/{PARTNER}/agreements/{AGREEMENT}"
    assert f"{AGREEMENT}/evidence" in (await sato.go(at)).text
    page = await sato.go(f"{at}/evidence")
    assert 'value="鶴警第77号"' in page.text
    before = await room.files(draft)
    assert (await sato.press("/evidence", {"document_number": ""})).status_code == 409
    assert "法27条1項1号" in words(sato.page)
    assert await room.files(draft) == before
    await sato.go(f"{at}/evidence")
    assert (await sato.press("/evidence", {"document_number": "鶴警第78号"})).status_code == 303
    file = f"policies/kyoritsusha/agreements/{PARTNER}.yaml"
    after = (await room.files(draft))[file]
    assert [line for line in after.splitlines() if line not in before[file].splitlines()] == [
        "      document_number: 鶴警第78号"
    ]


async def test_joint_use_has_clauses_and_no_page_of_evidence(room: Room, draft: str):
    sato = await room.person("sato")
    at = f"{draft}/partners/sunnet/agreements/kyoritsusha-sunnet-01"
    assert f"{at}/evidence" not in (await sato.go(at)).text
    assert (await sato.go(f"{at}/evidence")).status_code == 404
