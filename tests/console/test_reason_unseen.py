"""A reason of characters without width is no reason, wherever a person gives one in the console."""

import pytest

from gateway.tlog.entries import Access, Restrict
from tests.console.acting_room import Room
from tests.console.test_member_events_told import CODE, mastered, said

__all__ = ["mastered"]
UNSEEN = "\u200b\u2060"


@pytest.mark.parametrize(
    ("path", "form", "more"),
    [
        ("members", {"member": CODE}, {}),
        ("restrictions", {"codes": CODE, "kind": "stop_provide", "ground": "art35_5"}, {"act": "set"}),
    ],
)
async def test_a_reason_that_nobody_sees_is_asked_for_again(
    mastered: Room, path: str, form: dict[str, str], more: dict[str, str]
):
    homu = await mastered.person("homu")
    await homu.go(path)
    assert (await homu.press(path, {**form, "reason": UNSEEN}, **more)).status_code in {400, 409}
    assert await said(mastered, Access, Restrict) == []
    await homu.go(path)
    assert (await homu.press(path, {**form, "reason": f"請求{UNSEEN}"}, **more)).status_code in {200, 303}
    assert len(await said(mastered, Access, Restrict)) == 1
