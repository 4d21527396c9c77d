"""More than 16 members of one transfer are kept as sets of ordinals; no ordinals, no release."""

import pytest

from gateway.tlog.member_proof import verify_members
from tests.answers import assert_problem
from tests.house import COOP, House
from tests.simulators.partner import Partner

FIELDS = ["name", "phone"]


async def available(sunnet: Partner) -> list[str]:
    return [*(await sunnet.pull("P4", FIELDS, page={"limit": 60})).released]


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 40])
async def test_side_rows_are_what_the_entry_commits_to(house: House, sunnet: Partner, count: int) -> None:
    codes = (await available(sunnet))[:count] or ["99999999"]
    answer = await sunnet.pull("P4", FIELDS, codes)
    assert len(answer.released) == (await house.release()).counts.released == count
    index = answer.receipt["index"]
    members = await house.stores.side_rows.of_entry(COOP, index)
    assert len(members.subjects) == (count if count <= 16 else 0)
    assert len(members.chunks) == (count > 16)
    entry = (await house.stores.log.entries(COOP, index, 1))[0]
    verify_members(entry, subjects=members.subjects, chunks=members.chunks)


async def test_up_to_sixteen_members_need_no_ordinals(house: House, sunnet: Partner) -> None:
    codes = (await available(sunnet))[:16]
    await house.tamper("ALTER TABLE member_ordinal RENAME TO gone")
    assert set((await sunnet.pull("P4", FIELDS, codes)).released) == {*codes}


async def test_ordinals_that_cannot_be_had_are_a_denial_with_a_fault(house: House, sunnet: Partner) -> None:
    codes = await available(sunnet)
    await house.tamper("ALTER TABLE member_ordinal RENAME TO gone")
    before = len(await house.entries())
    assert_problem(await sunnet.ask("P4", FIELDS, codes), "unavailable", retry_after=5)
    assert (await house.denial()).reasons == ["fault:members:unavailable"]
    assert len(await house.entries()) == before + 1
    assert any(event == "ordinals unavailable" for _, event, _ in house.told)
    await house.tamper("ALTER TABLE gone RENAME TO member_ordinal")
    assert set((await sunnet.pull("P4", FIELDS, codes)).released) == {*codes}


async def test_ordinals_that_are_none_are_a_denial_with_a_fault(house: House, sunnet: Partner) -> None:
    codes = await available(sunnet)
    await house.tamper("UPDATE member_ordinal SET ordinal = -1 - ordinal")
    assert_problem(await sunnet.ask("P4", FIELDS, codes), "internal")
    assert (await house.denial()).reasons == ["fault:seal:failed"]


async def test_no_code_and_no_tag_of_a_member_is_in_the_log(house: House, sunnet: Partner) -> None:
    codes = await available(sunnet)
    await sunnet.pull("P4", FIELDS, codes[:3])
    subjects = [row[0] for row in await house.rows("SELECT tag FROM member_ordinal")]
    subjects += [row[0] for row in await house.rows("SELECT tag FROM log_subject")]
    for entry in await house.stores.log.entries(COOP, 0, 10_000):
        assert not any(code.encode() in entry for code in codes)
        assert not any(bytes(tag) in entry or bytes(tag).hex().encode() in entry for tag in subjects)
