"""一件 by its page: the whole chain of a real transfer, its proof to verify offline, the request opened with a reason."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app.keys import checkpoint_signers
from gateway.oversight.log import searching
from gateway.tlog import proof as tlog_proof
from gateway.tlog.entries import Access, Denial, Release, decode
from tests.clock import SettableClock
from tests.console.acting_room import PEOPLE, Furnishing, Furniture, Person, Room, acting_room
from tests.console.log_room import SUNNET, say
from tests.console.simulated import words
from tests.control_plane.asking import denied
from tests.house import COOP

AGREEMENT = "kyoritsusha-sunnet-01"
CODES = ["00000007", "00000101", "00000202"]
FIELDS = ["member_code", "name", "phone"]
REASON = "提供先から、求めていないと連絡があったため"


@pytest.fixture
def furnishing() -> Furnishing:
    return Furnishing(people=(*PEOPLE, (COOP, "homu", "法務 次郎", "compliance", None)))


@pytest.fixture
async def served(
    furniture: Furniture, furnishing: Furnishing, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Room]:
    """A room in which a partner has been served once and refused twice, once for a field that it is not granted."""
    url = await furniture.copy(furnishing, tmp_path, clock)
    async with acting_room(url, tmp_path, clock, gateway_keys) as room:
        sunnet = await room.house.partner("sunnet", AGREEMENT)
        assert (await sunnet.ask("P4", FIELDS, CODES)).status_code == 200
        assert (await sunnet.ask("P12", FIELDS[:2], CODES)).status_code == 403  # without its case
        policy = room.house.stores.snapshots.current(COOP).versions[-1].policy.digest
        await say(room, denied([*FIELDS, "email"], "grant:email:not_granted", policy=policy, **SUNNET))
        await searching.advance(room.house.stores.log, room.house.stores.search, COOP)
        yield room


async def index_of(room: Room, kind: type[Any]) -> int:
    return next(nth for nth, one in enumerate(await room.house.entries()) if isinstance(one, kind))


async def test_a_release_shows_request_keys_ground_version_fields_and_state(served: Room):
    index = await index_of(served, Release)
    entry = (await served.house.entries())[index]
    assert isinstance(entry, Release)
    homu = await served.person("homu")
    said = words(await homu.go(f"transfers/{index}"))
    for part in (
        entry.transfer,
        entry.request,
        entry.client,
        entry.encryption["kid"],
        entry.encryption["jkt"],
        entry.proof,
        "共同利用(法27条5項3号・第三者提供に当たらない)",
        f"{AGREEMENT} / {entry.grant}",
        "宅配事業部",
        entry.notice,
        "第1版",
        entry.policy,
        "氏名 name 提供",
        "電話番号 phone 提供",
        "提供承認",
        "送信未確認",
    ):
        assert part in said, part
    for target in (
        f"/{COOP}/partners/sunnet",
        f"/{COOP}/grants/sunnet/{AGREEMENT}",
        f"/{COOP}/versions",
        f"/{COOP}/transfers/{entry.gov}",
        f"/{COOP}/notices?policy={entry.policy}&amp;version={entry.notice}",
    ):
        assert f'href="{target}"' in homu.page.text, target
    await served.house.stores.deliveries.add(COOP, [index])
    said = words(await homu.go(f"transfers/{index}"))
    assert "送信完了" in said.partition("提供承認は")[0]
    assert "送信未確認" not in said.partition("提供承認は")[0]


async def test_a_denial_says_why_field_by_field_whom_to_ask_and_where_a_draft_begins(served: Room):
    index = len(await served.house.entries()) - 1
    sato = await served.person("sato")
    said = words(await sato.go(f"transfers/{index}"))
    assert "提供しない理由" in said
    assert "email: 提供範囲に含まれません" in said
    assert "直し方: 提供してよいと判断したら" in said
    assert "問い合わせ先: 宅配事業部" in said
    assert "メールアドレス email 提供しない" in said
    assert "氏名 name 全体を断った そのまま この項目は提供範囲にあります" in said
    [draft] = re.findall(rf'href="(/{COOP}/proposals/new\?[^"]+)"', sato.page.text)
    begun = await sato.go(draft.removeprefix(f"/{COOP}/").replace("&amp;", "&"))
    assert "grant:email:not_granted" in begun.text
    [tried] = re.findall(rf'href="(/{COOP}/try\?[^"]+)"', (await sato.go(f"transfers/{index}")).text)
    assert "email" in words(await sato.go(tried.removeprefix(f"/{COOP}/").replace("&amp;", "&")))
    case = words(await sato.go(f"transfers/{await index_of(served, Denial)}"))
    assert "P12: 案件番号が必要です" in case
    assert "直し方: 案件番号を付けて求める" in case
    kansa = await served.person("kansa")
    assert "proposals/new?" not in (await kansa.go(f"transfers/{index}")).text


async def test_entries_of_every_kind_have_a_page(served: Room):
    homu = await served.person("homu")
    for index, entry in enumerate(await served.house.entries()):
        page = await homu.go(f"transfers/{index}")
        assert page.status_code == 200, entry.kind
        assert f"記録 {index}" in words(page)
    assert (await homu.go(f"transfers/{len(await served.house.entries())}")).status_code == 404
    assert (await homu.go(f"transfers/{10**30}")).status_code == 404
    await homu.speak("en")
    said = words(await homu.go(f"transfers/{len(await served.house.entries()) - 1}"))
    assert "Why nothing was released" in said
    assert "Whom to ask: 宅配事業部" in said  # a department's own name


async def test_the_proof_that_is_taken_away_verifies_offline(served: Room):
    index = await index_of(served, Release)
    kansa = await served.person("kansa")
    page = await kansa.go(f"transfers/{index}")
    assert "この記録を含む署名はまだありません" in words(page)
    assert (await kansa.go(f"transfers/{index}.tlog-proof")).status_code == 409
    await served.house.publish_checkpoint(COOP)
    page = await kansa.go(f"transfers/{index}")
    assert f"gateway log verify-proof {COOP}-{index}.tlog-proof {COOP}-{index}.entry" in words(page)
    for one in (0, index):
        text = (await kansa.go(f"transfers/{one}.tlog-proof")).text
        entry = (await kansa.go(f"transfers/{one}.entry")).content
        assert decode(entry) == (await served.house.entries())[one]
        key = checkpoint_signers(served.house.settings, served.house.stores.keys)[COOP].key
        head = tlog_proof.verify_proof(tlog_proof.parse(text), entry, known=[key], origin=key.name)
        assert head.size == len(await served.house.entries())
    with pytest.raises(ValueError, match=r"entry|root|proof"):
        tlog_proof.verify_proof(tlog_proof.parse(text), entry + b" ", known=[key], origin=key.name)


async def test_the_request_is_shown_only_after_the_log_has_who_opens_it_and_why(served: Room):
    index = await index_of(served, Release)
    homu, before = await served.person("homu"), await served.house.entries()
    page = await homu.go(f"transfers/{index}/request")
    assert CODES[0] not in page.text
    answer = await homu.press("/request", {"reason": " "})
    assert answer.status_code == 409
    assert CODES[0] not in answer.text
    assert await served.house.entries() == before
    await homu.go(f"transfers/{index}/request")
    answer = await homu.press("/request", {"reason": REASON})
    assert answer.status_code == 200
    assert all(code in answer.text for code in CODES)
    assert "記録のダイジェストと一致" in words(answer)
    said = await served.house.last()
    assert isinstance(said, Access)
    assert (said.look_up, said.members, said.by, said.reason) == ("request", len(CODES), "homu", REASON)
    entry = before[index]
    assert isinstance(entry, Release)
    assert said.transfer == entry.transfer
    # Nothing of it is anywhere else: not in the address, not in what telemetry was told, not in the log.
    assert "?" not in str(answer.url)
    told = repr(served.house.told) + repr(await served.house.entries())
    assert not any(code in told for code in CODES)


async def test_who_may_open_a_request_and_what_has_none(served: Room):
    release, denial = await index_of(served, Release), await index_of(served, Denial)
    sato = await served.person("sato")
    assert "transfers/request" not in (await sato.go(f"transfers/{release}")).text
    assert (await sato.go(f"transfers/{release}/request")).status_code == 403
    kansa = await served.person("kansa")
    assert (await kansa.go(f"transfers/{release}/request")).status_code == 200
    assert (await kansa.go(f"transfers/{denial}/request")).status_code == 404
    await served.house.tamper("DELETE FROM log_request")
    await kansa.go(f"transfers/{release}/request")
    before = await served.house.entries()
    assert (await kansa.press("/request", {"reason": REASON})).status_code == 404
    assert await served.house.entries() == before
    assert "消去されています" in words(await kansa.go(f"transfers/{release}"))


async def test_what_is_no_entry_of_ours_is_told_as_such(served: Room):
    index = await index_of(served, Denial)
    # The trigger guards the table; whoever can drop it can write.
    found = await served.house.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log_entry'")
    await served.house.tamper(
        *(f"DROP TRIGGER {name}" for (name,) in found),
        f"UPDATE log_entry SET entry = CAST('{{\"x\":1}}' AS BLOB) WHERE idx = {index}",
    )
    kansa: Person = await served.person("kansa")
    page = await kansa.go(f"transfers/{index}")
    assert page.status_code == 200
    assert "改ざんの疑い" in words(page)
