"""Which fields were released, by day, on both databases: a recount of the entries, folded, half folded or made again."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path

from gateway.core.days import jst_day
from gateway.oversight.log import searching
from gateway.ports import FieldTally
from tests.clock import SettableClock
from tests.control_plane.asking import ago, denied, other_kind, released, say
from tests.house import COOP, running_house

LONG_AGO, TODAY = date(2026, 1, 1), date(2026, 11, 22)


def recounted(entries: list[object]) -> Counter[tuple[date, str, str, str]]:
    found: Counter[tuple[date, str, str, str]] = Counter()
    for one in entries:
        if getattr(one, "kind", "") == "release":
            day = jst_day(datetime.fromisoformat(one.time))  # type: ignore[attr-defined]
            found.update((day, one.partner, one.purpose, field) for field in one.fields)  # type: ignore[attr-defined]
    return found


def counts(tallies: list[FieldTally]) -> Counter[tuple[date, str, str, str]]:
    return Counter({(one.day, one.partner, one.purpose, one.field): one.releases for one in tallies})


async def test_fields_are_counted_by_day_partner_and_purpose(
    database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path
):
    async with running_house(database_url, tmp_path, clock, published=False, keys=gateway_keys) as house:
        log, search = house.stores.log, house.stores.search
        await say(
            log,  # type: ignore[arg-type]  # a log of either database
            released({"name": "as_is", "phone": "mask"}, at=ago(days=40)),
            released({"name": "as_is"}, at=ago(days=3), partner="jccu", purpose="P12"),
            denied(["email"], "grant:email:not_granted", at=ago(days=3)),
            released({"name": "as_is"}, at=ago(days=3)),
        )
        await searching.advance(log, search, COOP)
        await say(
            log,  # type: ignore[arg-type]  # as above
            other_kind(),
            released({"name": "as_is", "email": "as_is"}, at=ago(days=3)),
            released({"name": "as_is"}),
        )
        expected = recounted(list(await house.entries()))
        newer = await search.fields(COOP, LONG_AGO, TODAY)
        assert counts(newer) == expected
        await searching.advance(log, search, COOP)
        folded = await search.fields(COOP, LONG_AGO, TODAY)
        assert folded == newer
        assert [one.day for one in folded] == sorted(one.day for one in folded)
        await searching.rebuild(log, search, COOP)
        assert await search.fields(COOP, LONG_AGO, TODAY) == folded
        [phone] = [one for one in folded if one.field == "phone"]
        assert (phone.first, phone.last, phone.day) == (0, 0, jst_day(ago(days=40)))
        whole = await search.fields(COOP, LONG_AGO, TODAY, per="period")
        [name] = [one for one in whole if (one.partner, one.field) == ("sunnet", "name")]
        assert (name.releases, name.first, name.day) == (4, 0, jst_day(ago(days=40)))
        assert [one.field for one in await search.fields(COOP, TODAY, TODAY)] == ["name"]
        assert await search.fields("coopdeli", LONG_AGO, TODAY) == []
