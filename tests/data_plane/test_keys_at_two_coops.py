"""One client, other keys under the same `kid` at another co-op: the co-op asked for decides which key counts."""

import pytest

from tests.house import COOP, House
from tests.simulators.partner import Partner

FIELDS = ["member_code", "name"]


@pytest.fixture
async def two(house: House) -> tuple[Partner, Partner]:
    """The same client at both co-ops, each with keys of its own named alike."""
    first = await house.partner("jccu", "kyoritsusha-jccu-01", COOP)
    second = await house.partner("jccu", "coopdeli-jccu-01", "coopdeli")
    assert (first.client_id, first.sig.kid) == (second.client_id, second.sig.kid)
    return first, second


async def status(partner: Partner, *, of: Partner) -> int:
    """Ask for a token at the co-op `of`, with the keys of `partner`; a nonce challenge is answered."""
    detail = of.detail("P4", FIELDS, None) if of.coop == "coopdeli" else of.detail("P12", FIELDS[:1])
    for _ in range(2):
        response = await partner.ask_token(detail)
        if response.json().get("error") != "use_dpop_nonce":
            break
    return response.status_code


async def test_each_co_op_accepts_its_own_key_and_not_the_others(two: tuple[Partner, Partner]) -> None:
    first, second = two
    assert await status(second, of=second) == 200
    assert await status(first, of=second) == 401
    assert await status(second, of=first) == 401
