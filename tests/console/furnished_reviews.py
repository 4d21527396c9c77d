"""Reviews of a co-op at work: one that awaits its countersignature, one to sign, one in the middle; findings and measures."""

from datetime import date, timedelta
from typing import Any

from gateway.app.oversight import oversight_of
from gateway.core.days import jst_day
from gateway.core.reviews.safety_measures import TRAINING
from gateway.oversight import measures
from gateway.oversight.measures import Measure
from gateway.oversight.reviews import findings, review as reviews, signing
from gateway.oversight.reviews.periods import Period, month_of
from tests.house import COOP, House


async def reviewed(house: House) -> None:
    """Let 新谷 sign for one month and 法務 review others, with what they find; both are compliance."""
    desk, today = oversight_of(house.settings, house.stores), jst_day(house.clock())
    await house.publish_checkpoint()
    last = month_of(today.replace(day=1) - timedelta(days=1))
    before = month_of(last.first - timedelta(days=1))
    signed = await reviews.open_review(desk, COOP, before, by="shinya")
    await signing.sign(desk, signed, by="shinya", reason="抜き取る記録がないことを確かめた")
    await reviews.open_review(desk, COOP, last, by="homu")
    opened = await reviews.open_review(desk, COOP, Period(today.replace(day=1), today - timedelta(days=1)), by="homu")
    items = reviews.read(desk, opened).items
    said: dict[str, Any] = {"owner": "ito", "due": today}
    opened = await reviews.find_fault(
        desk, opened, items[0].index, met=("purpose",), text="夜間に提供した理由の記録がない", by="homu", **said
    )
    met = tuple(one.key for one in reviews.read(desk, opened).checklist.of(items[1].kind))
    await reviews.answer(desk, opened, items[1].index, met=met, note="契約のとおり", by="homu")
    other = await findings.raise_finding(desk, COOP, text="教育の名簿に漏れがある", by="shinya", **said)
    await findings.correct(desk, other, action="名簿を人事の名簿と突き合わせた", by="shinya")
    await _declared(house, today)


async def _declared(house: House, today: date) -> None:
    desk = oversight_of(house.settings, house.stores)
    zones = Measure(
        heading="10-5(1)",
        title="管理区域の入退室の記録",
        evidence="本部3階 入退室記録簿 2026年度",
        done=today - timedelta(days=300),
        due=today - timedelta(days=1),
    )
    training = Measure(
        heading=TRAINING,
        title="個人情報保護の教育",
        evidence="教育記録簿 第12号",
        done=today - timedelta(days=20),
        due=today + timedelta(days=345),
        person="ito",
    )
    for one in (zones, training):
        await measures.declare(desk, COOP, one, by="homu")
