"""A house in which a month went by: pulls, refusals, a stop, a change of version; and what a stranger counts in its log."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.app.oversight import oversight_of
from gateway.control_plane.people import people
from gateway.core.staff import Role
from gateway.oversight.desk import OversightDesk
from gateway.tlog.checkpoint import stated
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, bundle_path, parse_bundle, width_of
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

OCTOBER = datetime(2026, 10, 10, 3, 0, tzinfo=UTC)
AGREEMENT = "kyoritsusha-sunnet-01"
FIRST, SECOND, ABSENT = ["00000007", "00000101", "00000105"], ["00000101", "00000303"], ["99999999"]
EMPLOYED: tuple[tuple[str, str, Role, str | None], ...] = (
    ("sato", "佐藤 起子", "admin", "宅配事業部"),
    ("ito", "伊藤 認", "manager", "宅配事業部"),
    ("homu", "法務 次郎", "compliance", None),
    ("kansa", "監査 三枝", "auditor", None),
)


@asynccontextmanager
async def october(url: str, folder: Path, clock: SettableClock, keys: Path) -> AsyncIterator[House]:
    """A house in October whose people hold their roles, with a version in force."""
    clock.now = OCTOBER
    async with running_house(url, folder, clock, keys=keys) as house:
        for one in EMPLOYED:
            await employ(house, *one)
        yield house


async def employ(house: House, person: str, name: str, role: Role, department: str | None) -> None:
    by = "sato" if await house.stores.staff.people(COOP) else "設定"
    said: dict[str, Any] = {"by": by, "reason": "着任", "clock": house.clock}
    await people.add_person(house.stores.log, house.stores.staff, COOP, person, name, **said)
    await people.give_role(house.stores.log, house.stores.staff, COOP, person, role, department=department, **said)


async def busy(house: House) -> None:
    """Let a partner pull twice for one purpose and once for another, be refused twice, and a member be stopped."""
    sunnet = await house.partner("sunnet", AGREEMENT)
    for purpose, fields, codes in (
        ("P4", ["member_code", "name", "phone"], FIRST),
        ("P4", ["member_code", "name"], [*SECOND, *ABSENT]),
        ("P3", ["member_code"], FIRST[:1]),
    ):
        answer = await sunnet.ask(purpose, fields, codes)
        assert answer.status_code == 200, (await house.denial()).reasons
    assert (await sunnet.ask("P12", ["member_code"], FIRST)).status_code == 403  # without its case, as below
    assert (await sunnet.ask("P12", ["member_code", "name"], FIRST)).status_code == 403
    await house.stop(FIRST[0])


def desk_of(house: House) -> OversightDesk:
    return oversight_of(house.settings, house.stores)


class Recount:
    """What whoever has the exported log counts in it, with nothing of the gateway but the layout of its files."""

    def __init__(self, folder: Path, start: str, end: str) -> None:
        size = stated((folder / CHECKPOINT_PATH).read_text()).size
        self.releases: Counter[tuple[str, str, str]] = Counter()
        self.members: Counter[tuple[str, str, str]] = Counter()
        self.fields: dict[tuple[str, str, str], set[str]] = {}
        self.denials: Counter[tuple[str, str]] = Counter()
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.kinds: Counter[str] = Counter()
        for number in range(-(-size // WIDTH)):
            bundle = folder / bundle_path(number, width=width_of(0, number, size=size))
            for data in parse_bundle(bundle.read_bytes()):
                entry = json.loads(data)
                if start <= entry["time"] < end:
                    self.add(entry)

    def add(self, entry: dict[str, Any]) -> None:
        self.kinds[entry["kind"]] += 1
        if entry["kind"] == "release":
            whom = entry["partner"], entry["purpose"], entry["basis"]
            self.releases[whom] += 1
            self.members[whom] += entry["counts"]["released"]
            self.fields.setdefault(whom, set()).update(entry["fields"])
        elif entry["kind"] == "denial":
            times = {why: n for why, n in entry.get("summary", {}).items() if why != "minute"}
            times = times or dict.fromkeys(entry.get("reasons", []), 1)
            who = entry.get("partner", ""), entry.get("purpose", "")
            self.denials[who] += (
                sum(entry["summary"].values()) - entry["summary"]["minute"] if "summary" in entry else 1
            )
            for why, n in times.items():
                self.reasons[*who, why] += n
