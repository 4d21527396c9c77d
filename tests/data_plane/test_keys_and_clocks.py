"""What ends at the doors: a token with the last key of its client, an assertion by every clock, a URL before its query."""

from typing import Any

import pytest

from gateway.control_plane.partners.acts import end_key
from gateway.oauth.rfc7523 import LEEWAY
from gateway.ports import MAX_SKEW
from tests.answers import assert_oauth_error, assert_problem
from tests.clock import SettableClock
from tests.data_plane.exporting import FIELDS, make, order
from tests.house import COOP, House, replica
from tests.simulators.partner import Partner


async def test_an_assertion_is_used_once_also_by_a_process_whose_clock_is_behind(house: House, sunnet: Partner) -> None:
    await sunnet.token("P4", FIELDS)
    detail, assertion = sunnet.detail("P4", FIELDS), sunnet.assertion()
    assert (await sunnet.ask_token(detail, client_assertion=assertion)).status_code == 200
    house.clock.advance(seconds=60 + LEEWAY + 0.5)  # over by this process's clock, and forgotten by it
    await house.stores.log.purge()
    behind = SettableClock(house.clock())
    behind.advance(seconds=0.5 - MAX_SKEW.total_seconds())
    async with replica(house.settings, behind) as other:
        sunnet.http, sunnet.now = other.http, lambda: behind().timestamp()
        assert_oauth_error(await sunnet.ask_token(detail, client_assertion=assertion), "invalid_client", 401)
        assert (await sunnet.ask_token(detail)).status_code == 200


async def test_a_token_opens_nothing_once_its_client_has_no_key_to_sign_with(house: House, sunnet: Partner) -> None:
    export = await order(sunnet)
    await make(house)
    token = await export.token()
    paths = ("/grants", "/follow-ups", f"/exports/{export.id}", f"/exports/{export.id}/manifest")
    assert {(await sunnet.get(path, token)).status_code for path in paths} == {200}
    said: dict[str, Any] = {"by": "運用 三郎", "reason": "鍵の漏えいの疑い", "clock": house.clock}
    await end_key(house.stores.log, house.stores.snapshots.current(COOP), "sunnet", "sig-1", **said)
    await house.stores.snapshots.refresh(COOP)
    before = len(await house.entries())
    for path in paths:
        assert_problem(await sunnet.get(path, token), "not-permitted")
    assert_problem(await export.end(), "not-permitted")
    assert len(await house.entries()) == before, "nothing was cancelled"


@pytest.mark.parametrize("mark", ["?", "#"])
async def test_a_proof_names_no_query_also_where_the_path_spells_one(sunnet: Partner, mark: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    for path, named in (("/exports/a%sb", f"/exports/a{mark}b"), ("/grants/%s/schema", f"/grants/{mark}/schema")):
        asked = path % {"?": "%3F", "#": "%23"}[mark]
        proof = sunnet.proof("GET", sunnet.resource + named, token)
        assert_problem(await sunnet.get(asked, token, proof=proof), "unauthenticated", error="invalid_dpop_proof")
