"""What stands of restrictions and follow-ups in the furnished house: every state, one overdue, one that blocks, one by paper."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gateway.app.oversight import oversight_of
from gateway.control_plane.restrict import restrict
from gateway.core.days import jst_day
from gateway.core.state import RestrictionKind
from gateway.oversight.follow_ups import arising
from gateway.oversight.follow_ups.asked import answered_on_paper, tell_partners
from tests.house import COOP, House, members_table

if TYPE_CHECKING:
    from tests.console.furnished import Furnished

HELD = "00000101"


async def furnish_follow_ups(made: "Furnished") -> None:
    """Let a member be stopped, corrected and erased, and what a partner answered on paper be taken in."""
    house, now = made.house, made.house.clock()
    sunnet = house.partners["sunnet"]
    sunnet.tokens.clear()
    sunnet.nonce = None
    house.sources[COOP].table = members_table(house.clock)
    await sunnet.pull("P4", ["member_code", "name", "phone"], [HELD])
    await _stop(house, [HELD], "stop_use")
    desk = oversight_of(house.settings, house.stores)
    await arising.arise(desk, [COOP])
    words: dict[str, Any] = {"partner": "sunnet", "purpose": None, "by": "homu"}
    late = jst_day(now) - timedelta(days=2)
    await tell_partners(desk, COOP, [HELD], asked="correction", reason="電話番号の訂正", due=late, **words)
    [asked] = await tell_partners(desk, COOP, [HELD], asked="correction", reason="住所の訂正", **words)
    await answered_on_paper(
        desk, asked, "acknowledged", text="2026-11-20付 受領書(情報管理課長)", by="homu", reason="郵送で受領"
    )
    [asked] = await tell_partners(desk, COOP, [HELD], asked="erasure", reason="脱退後の消去", **words)
    await answered_on_paper(
        desk, asked, "certified", text="2026-11-21付 消去証明書(文書庫 3-12)", by="homu", reason="郵送で受領"
    )
    await _stop(house, ["00012406", "00012467"], "marketing_stop")
    await house.stores.snapshots.refresh(COOP)


async def _stop(house: House, codes: Sequence[str], kind: RestrictionKind) -> None:
    secrets = house.stores.keys.coop_secrets(COOP)
    words: dict[str, Any] = {"partner": None, "purpose": None, "by": "homu", "reason": "本人の申出", "ground": "offer"}
    await restrict(house.stores.log, COOP, codes, kind=kind, secrets=secrets, clock=house.clock, **words)
