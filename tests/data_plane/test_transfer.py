"""The main job: a partner receives exactly what its agreement grants, after the transfer is durable in the log."""

from gateway.demo.awkward import AWKWARD
from gateway.tlog.entries import Release
from tests.house import House
from tests.simulators.partner import Partner, b64u

FIELDS = ["member_code", "name", "phone", "delivery_day"]


async def test_a_member_is_released_signed_encrypted_and_logged(house: House, sunnet: Partner) -> None:
    code = AWKWARD["takasaki"]
    answer = await sunnet.pull("P4", FIELDS, [code])
    assert set(answer.released[code]) == set(FIELDS)
    assert answer.released[code]["name"] == "髙﨑 花子"
    entry = await house.last()
    assert isinstance(entry, Release)
    assert entry.transfer == answer.claims["jti"] == answer.receipt["jti"]
    assert answer.receipt["index"] == len(await house.entries()) - 1
    assert entry.fields == dict.fromkeys(FIELDS, "as_is")
    assert entry.counts.asked == entry.counts.released == 1
    assert entry.request == answer.claims["rqh"]
    assert entry.body == answer.receipt["body"]
    assert b64u(b"") != entry.commitment
