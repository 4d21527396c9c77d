"""対象人数を数える, by its page over the demo's synthetic members: numbers alone, bounded, and of what was proposed."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.policy_files.folder import files_of
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.reach import PAGE, Counted, count
from gateway.control_plane.changes.wishes import Wish, checked_files
from gateway.core.identity import tagger
from gateway.ports import Query, Records, Unavailable
from tests.clock import SettableClock
from tests.console.acting_room import HERE, OTHER, SUNNET, Furnishing, Furniture, Room, acting_room
from tests.console.simulated import words
from tests.house import COOP, MEMBERS, ROOT

WIDER = ("          delivery_day: as_is\n", "          delivery_day: as_is\n          email: as_is\n")


@pytest.fixture
async def room(
    furniture: Furniture, furnishing: Furnishing, tmp_path: Path, clock: SettableClock, gateway_keys: Path
) -> AsyncIterator[Room]:
    url = await furniture.copy(furnishing, tmp_path, clock)
    async with acting_room(url, tmp_path, clock, gateway_keys, asking=True) as made:
        yield made


async def proposed(room: Room, *changes: tuple[str, str]) -> str:
    """Let 佐藤 propose changes of the agreements with Sunnet; return the path of the proposal."""
    files = dict(files_of(ROOT / "policies", ROOT / "partners", COOP))
    for was, now in changes:
        assert files[SUNNET].count(was) == 1
        files[SUNNET] = files[SUNNET].replace(was, now)
    wish = Wish(files=files, title="提供範囲の変更", department=HERE, effective=None, reason="試験")
    return f"proposals/{(await steps.begin(room.office, COOP, wish, by='sato')).id}"


async def counted(room: Room, path: str, **bounds: Any) -> Counted:
    proposal = await room.stored(path)
    checked = await checked_files(room.office, proposal)
    assert checked.policy is not None
    secrets = room.house.stores.keys.coop_secrets(COOP)
    return await count(
        room.house.sources[COOP],
        room.office.in_force.current(COOP),
        checked.policy,
        proposal,
        clock=room.house.clock,
        tag_of=tagger(secrets.subject, COOP),
        **bounds,
    )


async def test_the_button_on_the_draft_counts_and_keeps_numbers_alone(room: Room):
    path = await proposed(room, WIDER)
    sato = await room.person("sato")
    await sato.go(path)
    answer = await sato.press("/reach")
    assert answer.status_code == 303
    said = words(sato.page)
    assert "対象人数" in said
    assert "kyoritsusha-sunnet-01 / delivery" in said
    found = re.search(r"(\d+)人 (\d+)", said)
    assert found is not None, said
    assert 0 < int(found[1]) <= int(found[2]) <= MEMBERS
    digest = answer.headers["location"].rpartition("=")[2]
    body = await room.office.proposals.preview(COOP, digest)
    assert body is not None
    assert b"0000" not in body.replace(digest.encode(), b"").replace(Counted.from_bytes(body).content.encode(), b"")
    assert not any("0000" in str(told) for told in room.house.told)


async def test_no_granted_field_is_asked_of_the_member_system(room: Room):
    path = await proposed(room, WIDER)
    await counted(room, path)
    asked = room.house.sources[COOP].asked
    assert asked
    for query in asked:
        assert query.codes is None
        assert not {"name", "phone", "email", "address_line"} & set(query.rows.columns)
        assert {"member_code", "status", "stops", "municipality_code"} <= set(query.rows.columns)


async def test_a_stop_of_the_gateways_own_is_counted_out(room: Room):
    path = await proposed(room, WIDER)
    (before,) = (await counted(room, path)).rows
    codes = [one.code for one in await admitted_codes(room)]
    await room.house.stop(*codes)
    await room.office.in_force.refresh(COOP)
    (after,) = (await counted(room, path)).rows
    assert before.members > 0
    assert (after.members, after.read) == (0, before.read)


async def admitted_codes(room: Room) -> list[Any]:
    query = room.house.sources[COOP].asked[0]
    return (await room.house.sources[COOP].read(query, deadline=room.house.clock() + timedelta(seconds=9))).rows


async def test_the_walk_is_bounded_in_records_and_in_time(room: Room):
    path = await proposed(room, WIDER)
    source = room.house.sources[COOP]
    whole = source.read

    class Endless:
        """A member system whose population never ends."""

        async def read(self, query: Query, *, deadline: Any) -> Records:
            records = await whole(replace(query, after=None), deadline=deadline)
            return Records(rows=records.rows, refused=[], next="0")

    room.house.sources[COOP] = Endless()  # type: ignore[assignment]  # a Source all the same
    (cut,) = (await counted(room, path, most=PAGE)).rows
    assert (cut.cut, cut.read >= PAGE) == ("rows", True)
    (late,) = (await counted(room, path, seconds=0.0)).rows
    assert (late.cut, late.read, late.members) == ("time", 0, 0)


async def test_what_only_narrows_reaches_nobody_new(room: Room):
    path = await proposed(room, (WIDER[0], ""))
    assert (await counted(room, path)).rows == ()
    sato = await room.person("sato")
    await sato.go(path)
    assert f"/{COOP}/{path}/reach" not in sato.page.text


async def test_what_the_gates_refuse_is_told_by_its_reason(room: Room):
    ended = ("term: {from: 2026-04-01, to: 2027-03-31}", "term: {from: 2026-04-01, to: 2026-10-31}")
    path = await proposed(room, WIDER, ended)
    sato = await room.person("sato")
    await sato.go(path)
    await sato.press("/reach")
    assert "agreement:kyoritsusha-sunnet-01:out_of_term" in words(sato.page)


async def test_a_member_system_that_is_away_is_told_and_nothing_is_kept(room: Room):
    path = await proposed(room, WIDER)
    room.house.sources[COOP].down = "away"
    with pytest.raises(Unavailable):
        await counted(room, path)
    sato = await room.person("sato")
    for language, told in (("ja", "組合員システムが応答しないため"), ("en", "the member system did not answer")):
        await sato.speak(language)
        await sato.go(path)
        answer = await sato.press("/reach")
        assert answer.status_code == 409
        assert told in words(answer)


async def test_after_an_edit_the_numbers_are_said_to_be_old(room: Room):
    path = await proposed(room, WIDER)
    sato = await room.person("sato")
    await sato.go(path)
    shown = (await sato.press("/reach")).headers["location"].removeprefix(f"/{COOP}/")
    stored = await room.stored(path)
    files = dict(await room.files(path))
    files[SUNNET] = files[SUNNET].replace("retention_days: 90", "retention_days: 80")
    wish = Wish(files=files, title="短く", department=HERE, effective=None, reason="試験")
    await steps.amend(room.office, stored, wish, by="sato")
    assert "変更前の内容で数えたものです" in words(await sato.go(shown))


async def test_who_counts_and_whose_it_is(room: Room):
    path = await proposed(room, WIDER)
    kansa = await room.person("kansa")
    await kansa.go(path)
    assert f'href="/{COOP}/{path}/reach"' in kansa.page.text
    assert "まだ数えていません" in words(await kansa.go(f"{path}/reach"))
    ito, sato = await room.person("ito"), await room.person("sato")
    await ito.go(path)
    form = ito.form("/reach")
    assert (await ito.send(form)).status_code == 303
    await kansa.go(path)
    form.fields["csrf"] = kansa.form("/sign-out").fields["csrf"]
    assert (await kansa.send(form)).status_code == 403
    taken = await room.person("taken", coop=OTHER)
    assert (await taken.go(f"{path}/reach")).status_code == 404
    assert (await taken.go(f"{path}/reach", coop=OTHER)).status_code == 404
    assert (await sato.go("proposals/0000000000000000/reach")).status_code == 404
    assert (await sato.go(f"{path}/reach?counted={'0' * 64}")).status_code == 404
    digest, _ = await steps.foreseen(room.office, await room.stored(path))
    assert (await sato.go(f"{path}/reach?counted={digest}")).status_code == 404
