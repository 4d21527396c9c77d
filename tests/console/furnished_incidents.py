"""Incidents in the states whose pages differ: just received, to be reported with a draft, and found to need no report."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gateway.app.oversight import oversight_of
from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.incidents.incident import Report, Wanted
from gateway.oversight.incidents import file as steps
from gateway.oversight.incidents.drafting import written
from gateway.oversight.incidents.intake import Intake
from tests.house import COOP

if TYPE_CHECKING:
    from tests.console.furnished import Furnished

BY: dict[str, Any] = {"by": "homu", "reason": "調査"}


async def furnish_incidents(made: "Furnished") -> None:
    """Receive three incidents, and bring two of them further."""
    desk = oversight_of(made.house.settings, made.house.stores)
    today = jst_day(desk.clock())

    async def received(title: str, **changes: Any) -> str:
        values: dict[str, Any] = {
            "title": title, "what": "業務端末を紛失した。端末には受け取ったデータが残っていた可能性がある。",
            "discovered": today - timedelta(days=3), "known": today - timedelta(days=2), "known_by": "宅配事業部",
            "source": "own", **changes,
        }  # fmt: skip
        return (await steps.open_incident(desk, COOP, Intake(**values), **BY)).id

    async def at(identifier: str) -> tuple[Dossier, steps.IncidentFile]:
        found = await steps.incident(desk, COOP, identifier)
        assert found is not None
        return found

    async def judged(identifier: str, wanted: Wanted, **decided: Any) -> None:
        dossier, file = await at(identifier)
        await steps.count_scope(desk, dossier, file, wanted, **BY)
        dossier, file = await at(identifier)
        await steps.judge(desk, dossier, file, **decided, **BY)

    wanted = Wanted(first=today - timedelta(days=60), last=today, partner="sunnet")
    lost = await received("業務端末の紛失")
    reported = await received("提供先での不正アクセス", source="partner", partner="sunnet", wrongful="yes")
    await judged(reported, wanted, triggers={"wrongful": True}, ground=None)
    kinds: tuple[Report, ...] = ("first", "follow_up")
    for report in kinds:
        dossier, file = await at(reported)
        await steps.save_draft(desk, dossier, file, report, written(file, partner="コープ東北サンネット"), **BY)
    harmless = await received("宛先違いの送信")
    await judged(harmless, wanted, triggers={}, ground="no_trigger")
    made.starts.setdefault("homu", []).extend(f"/{COOP}/incidents/{one}" for one in (lost, reported, harmless))
