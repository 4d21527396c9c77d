"""権限棚卸し: what is flagged, who may sign, that it takes two, and how a leaver's drafts go on; on real stores."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.adapters.policy_files.folder import files_of
from gateway.app.office import office_of
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office
from gateway.control_plane.people import people, role_review
from gateway.control_plane.people.identities import identity_digest, link, unlink
from gateway.control_plane.people.role_review import RoleReview, digest_of
from gateway.control_plane.people.rules import PeopleRefused
from gateway.core.changes.proposal import Proposal
from gateway.core.days import Span
from gateway.core.refused import Refused
from gateway.core.staff import RoleHeld
from gateway.ports import Session
from gateway.tlog.entries import Staff
from tests.clock import NOON, SettableClock
from tests.house import COOP, ROOT, House, running_house

SOMU, KYOSAI = "宅配事業部", "共済部"
DAY = timedelta(days=1)
FILES = dict(files_of(ROOT / "policies", ROOT / "partners", COOP))
WISH = Wish(files=FILES, title="配達先", department=SOMU, effective=None, reason="覚書の締結")


@dataclass
class Room:
    house: House
    office: Office
    clock: SettableClock

    async def add(self, person: str, *roles: tuple[Any, str | None], by: str = "sato", **more: Any) -> list[RoleHeld]:
        words: dict[str, Any] = {"by": by, "reason": "試験", "clock": self.clock}
        await people.add_person(self.office.log, self.office.staff, COOP, person, person, **words)
        return [await self.give(person, role, department, by=by, **more) for role, department in roles]

    async def give(self, person: str, role: Any, department: str | None, *, by: str = "sato", **more: Any) -> RoleHeld:
        words: dict[str, Any] = {"by": by, "reason": "試験", "clock": self.clock, "department": department, **more}
        return (await people.give_role(self.office.log, self.office.staff, COOP, person, role, **words))[1]

    async def leave(self, person: str, *, by: str = "sato") -> None:
        words: dict[str, Any] = {"by": by, "reason": "退職", "clock": self.clock}
        await people.person_leaves(self.office.log, self.office.staff, COOP, person, **words)

    async def look(self) -> RoleReview:
        return await role_review.look(self.office, COOP)

    async def sign(self, by: str, *, digest: str | None = None, reason: str = "年次") -> tuple[int, bool]:
        seen = digest or (await self.look()).digest
        return await role_review.sign(self.office, COOP, digest=seen, by=by, reason=reason)

    async def rule(self, by: str, **more: Any) -> str:
        before = len(await self.house.entries())
        with pytest.raises(PeopleRefused) as told:
            await self.sign(by, **more)
        assert told.value.ja
        assert told.value.en
        assert len(await self.house.entries()) == before, "nothing is logged"
        return str(told.value.rule)

    async def flags(self) -> dict[str, tuple[str, ...]]:
        return {line.role.id: line.flags for line in (await self.look()).lines}

    async def signs_in(self, person: str) -> None:
        now = self.clock()
        token = f"{person} {now}".encode()
        await self.office.staff.open_session(
            Session(token_hash=token, coop=COOP, person=person, csrf="c", began=now, seen=now)
        )

    async def told(self) -> list[Staff]:
        return [one for one in await self.house.entries() if isinstance(one, Staff) and one.event == "roles_reviewed"]


@pytest.fixture
async def room(sqlite_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[Room]:
    """Sato in compliance, Suzuki the admin, Tanaka and Mori managers of one department."""
    async with running_house(sqlite_url, tmp_path, clock, published=False, demo=True, keys=gateway_keys) as house:
        made = Room(house, office_of(house.settings, house.stores), clock)
        await made.add("sato", ("compliance", None), by="設置担当")
        for person, role in (("suzuki", "admin"), ("tanaka", "manager"), ("mori", "manager")):
            await made.add(person, (role, SOMU))
        yield made


async def test_every_role_that_goes_on_is_there_and_none_that_ended(room: Room):
    await room.add("ito", ("operator", None))
    await room.give("ito", "auditor", None, start=room.clock() + 5 * DAY)
    await people.end_role(
        room.office.log, room.office.staff, COOP, "ito-operator-1", by="sato", reason="試験", clock=room.clock
    )
    seen = await room.look()
    assert [one.role.id for one in seen.lines] == [
        "ito-auditor-1",
        "mori-manager-1",
        "sato-compliance-1",
        "suzuki-admin-1",
        "tanaka-manager-1",
    ]


async def test_what_is_unused_for_ninety_days_is_flagged_until_somebody_signs_in_or_acts(room: Room):
    assert not any((await room.flags()).values()), "nothing is unused on its first day"
    room.clock.advance(days=91)
    flags = await room.flags()
    assert {name for name, one in flags.items() if "unused" in one} == set(flags)
    await room.signs_in("tanaka")
    await room.add("abe", by="suzuki")
    flags = await room.flags()
    assert {name for name, one in flags.items() if "unused" in one} == {"mori-manager-1", "sato-compliance-1"}
    seen = {line.person.id: line for line in (await room.look()).lines}
    assert seen["tanaka"].person.signed_in == room.clock()
    assert seen["suzuki"].last_act == room.clock()
    room.clock.advance(days=91)
    assert "unused" in (await room.flags())["tanaka-manager-1"], "sessions are erased, the day is kept"


async def test_what_ends_within_thirty_days_is_flagged(room: Room):
    await room.add("ito", ("auditor", None), end=room.clock() + 30 * DAY)
    await room.add("abe", ("auditor", None), end=room.clock() + 31 * DAY)
    flags = await room.flags()
    assert (flags["ito-auditor-1"], flags["abe-auditor-1"]) == (("ends_soon",), ())


async def test_who_drafts_and_approves_is_flagged(room: Room):
    await room.give("suzuki", "manager", KYOSAI)
    flags = await room.flags()
    assert {name for name, one in flags.items() if one == ("drafts_and_approves",)} == {
        "suzuki-admin-1",
        "suzuki-manager-1",
    }


@pytest.mark.clause("D-07a", "K-H2")
async def test_a_department_without_a_second_manager_in_their_own_right_is_named(room: Room):
    assert (await room.look()).short == ()
    await room.give("suzuki", "admin", KYOSAI)
    await room.give("tanaka", "manager", KYOSAI)
    await room.give("mori", "manager", KYOSAI, deputy_for="tanaka", end=room.clock() + 10 * DAY)
    assert (await room.look()).short == (KYOSAI,)
    await room.leave("mori")
    assert (await room.look()).short == tuple(sorted((KYOSAI, SOMU)))


async def test_a_review_takes_two(room: Room):
    digest = (await room.look()).digest
    assert (await room.sign("tanaka"))[1] is False
    standing = (await room.look()).standing
    assert standing.completed is None
    assert [one.by for one in standing.waiting] == ["tanaka"]
    assert await room.rule("tanaka") == "signed"
    room.clock.advance(days=3)
    assert (await room.sign("sato"))[1] is True
    standing = (await room.look()).standing
    assert standing.completed == room.clock()
    assert standing.due == room.clock() + 365 * DAY
    assert standing.waiting == ()
    said = [(one.person, one.by, one.count, one.digest) for one in await room.told()]
    assert said == [("tanaka", "tanaka", 4, digest), ("tanaka", "sato", 4, digest)]


async def test_next_year_it_begins_anew_though_nothing_changed(room: Room):
    await room.sign("tanaka")
    await room.sign("sato")
    room.clock.advance(days=364)
    assert (await room.sign("sato"))[1] is False
    assert (await room.sign("mori"))[1] is True


async def test_a_signature_waits_thirty_days_and_no_longer(room: Room):
    await room.sign("tanaka")
    room.clock.advance(days=31)
    assert (await room.look()).standing.waiting == ()
    assert (await room.sign("sato"))[1] is False, "this opens another"
    assert (await room.sign("tanaka"))[1] is True


async def test_a_signature_is_on_the_roles_as_they_stood(room: Room):
    digest = (await room.look()).digest
    await room.sign("tanaka")
    await room.add("ito", ("auditor", None))
    assert await room.rule("sato", digest=digest) == "other_roles"
    assert (await room.sign("sato"))[1] is False


async def test_two_who_open_at_once_are_both_answered_by_a_third(room: Room):
    digest = (await room.look()).digest
    await asyncio.gather(room.sign("tanaka", digest=digest), room.sign("mori", digest=digest))
    if (await room.look()).standing.completed is None:
        assert (await room.sign("sato"))[1] is True
    assert (await room.look()).standing.completed is not None
    assert {one.by for one in (await room.told())[:2]} == {"tanaka", "mori"}


@pytest.mark.parametrize(
    ("by", "more", "rule"),
    [
        ("suzuki", {}, "reviewer"),
        ("nobody", {}, "by"),
        ("tanaka", {"digest": "A" * 43}, "other_roles"),
        ("tanaka", {"reason": " "}, "reason"),
        ("tanaka", {"reason": "a\x00"}, "reason"),
    ],
)
async def test_who_may_not_sign_is_told_why(room: Room, by: str, more: dict[str, Any], rule: str):
    assert await room.rule(by, **more) == rule


async def test_whoever_left_signs_no_more(room: Room):
    await room.sign("mori")
    await room.leave("mori")
    assert await room.rule("mori") == "by"


async def test_before_the_first_review_it_is_due_a_year_after_the_first_role(room: Room):
    begun = room.clock()
    room.clock.advance(days=400)
    standing = (await room.look()).standing
    assert (standing.completed, standing.due) == (None, begun + 365 * DAY)


def test_the_digest_is_of_each_role_in_whatever_order():
    role = RoleHeld(id="r", person="p", role="manager", department=SOMU, span=Span(NOON, None))
    other = replace(role, id="q")
    assert digest_of([role, other]) == digest_of([other, role])
    changes: list[dict[str, Any]] = [
        {"person": "q"},
        {"department": KYOSAI},
        {"role": "admin"},
        {"deputy_for": "x"},
        {"id": "s"},
        {"span": Span(NOON, NOON + DAY)},
    ]
    assert len({digest_of([replace(role, **change)]) for change in [{}, *changes]}) == len(changes) + 1


async def _drafted(room: Room, by: str = "suzuki") -> Proposal:
    return await steps.begin(room.office, COOP, WISH, by=by)


async def test_a_leavers_draft_is_taken_over_and_goes_its_way(room: Room):
    draft = await _drafted(room)
    assert (await room.look()).left == ()
    await room.add("kato", ("admin", SOMU))
    await room.leave("suzuki")
    assert [one.id for one in (await room.look()).left] == [draft.id]
    taken = await role_review.take_over(room.office, draft, by="kato")
    assert (taken.editor, taken.author, taken.content, taken.state) == ("kato", "suzuki", draft.content, "draft")
    assert (await room.look()).left == ()
    digest, _ = await steps.foreseen(room.office, taken)
    assert (await steps.submit(room.office, taken, preview=digest, by="kato")).state == "submitted"


async def test_another_department_cannot_take_it_over(room: Room):
    draft = await _drafted(room)
    await room.add("kato", ("admin", KYOSAI))
    await room.add("abe", ("admin", SOMU))
    await room.leave("suzuki")
    for by, rule in (("kato", "department"), ("tanaka", "role"), ("nobody", "role")):
        with pytest.raises(Refused) as told:
            await role_review.take_over(room.office, draft, by=by)
        assert told.value.rule == rule
    await role_review.take_over(room.office, draft, by="abe")
    with pytest.raises(Refused) as told:
        await role_review.take_over(room.office, draft, by="abe")
    assert told.value.rule == "revision"


ISSUER = "https://login.example.coop"


async def test_an_identity_is_linked_by_somebody_else_and_told_by_its_digest(room: Room):
    log, staff = room.office.log, room.office.staff
    words: dict[str, Any] = {"issuer": ISSUER, "reason": "採用", "clock": room.clock}
    await link(log, staff, COOP, "tanaka", subject="t-1", by="sato", **words)
    assert await staff.linked(COOP, ISSUER, "t-1") == "tanaka"
    assert await staff.linked(COOP, "https://x.example", "t-1") is None
    assert await staff.linked("coopdeli", ISSUER, "t-1") is None
    assert await staff.linked(COOP, "", "") is None, "who is not linked is nobody"
    entry = await room.house.last()
    assert isinstance(entry, Staff)
    assert (entry.event, entry.person, entry.by, entry.digest) == (
        "linked",
        "tanaka",
        "sato",
        identity_digest(ISSUER, "t-1"),
    )
    for change, rule in (
        ({"person": "mori", "subject": "t-1"}, "linked"),
        ({"person": "tanaka", "subject": "t-2", "by": "tanaka"}, "self_link"),
        ({"person": "mori", "subject": ""}, "subject"),
        ({"person": "mori", "subject": "x" * 256}, "subject"),
        ({"person": "mori", "subject": "a\nb"}, "subject"),
        ({"person": "nobody", "subject": "t-3"}, "linked"),
        ({"person": "mori", "subject": "t-3", "by": "nobody"}, "by"),
        ({"person": "mori", "subject": "t-3", "reason": ""}, "reason"),
        ({"person": "mori", "subject": "t-3", "issuer": ""}, "issuer"),
    ):
        asked: dict[str, Any] = {"by": "sato", **words, **change}
        with pytest.raises(PeopleRefused) as told:
            await link(log, staff, COOP, asked.pop("person"), **asked)
        assert told.value.rule == rule
    await room.signs_in("tanaka")
    await unlink(log, staff, COOP, "tanaka", by="sato", reason="異動", clock=room.clock)
    assert await staff.linked(COOP, ISSUER, "t-1") is None
    assert await staff.session(f"tanaka {room.clock()}".encode()) is None
    with pytest.raises(PeopleRefused) as told:
        await unlink(log, staff, COOP, "tanaka", by="sato", reason="異動", clock=room.clock)
    assert told.value.rule == "unlinked"
