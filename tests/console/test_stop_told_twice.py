"""A stop that the core system told twice is one stop in force; with another scope it is another."""

import re

from tests.console.acting_room import Room
from tests.console.simulated import words
from tests.console.test_member_events_told import CODE, mastered
from tests.control_plane.events_told import event, imported

__all__ = ["mastered"]


async def test_a_stop_told_twice_counts_once_and_each_time_stands_in_the_history(mastered: Room):
    stop = ("stop", "marketing_stop")
    await imported(mastered.house, [event(1, CODE, *stop), event(2, CODE, *stop)])
    await imported(mastered.house, [event(3, CODE, *stop)])
    await imported(mastered.house, [event(4, CODE, *stop, partner="sunnet")])
    homu = await mastered.person("homu")
    await homu.go("members")
    await homu.press("members", {"member": CODE, "reason": "本人からの照会"})
    shown = words(homu.page)
    assert re.search("いま有効な利用停止等 ?2件", shown), shown
    assert shown.count("設定 販促停止") == 3, "one import says one thing once"
    await homu.go("restrictions")
    listed = words(await homu.press("restrictions/members", {"reason": "月次の点検"}))
    assert listed.count(CODE) == 2
