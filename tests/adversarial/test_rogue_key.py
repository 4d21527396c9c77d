"""Attack: a request signed with a key that is not, or no longer, a registered signature key of this client."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.control_plane.partners.acts import KEY_LIFE, add_key, end_key
from gateway.jose.rfc7517 import accept_key
from gateway.ports import Query
from tests.answers import assert_oauth_error, assert_problem
from tests.house import COOP, House
from tests.simulators.partner import RESOURCE, Partner, forge, key, sign

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]

Attack = Callable[[House, Partner, Partner], Awaitable[str]]


async def nobody(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, with_key=key("sig-1", "sig", "ES256"))


async def unknown_kid(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"kid": "sig-9"})


async def no_kid(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"kid": ...})


async def dpop_key(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, with_key=sunnet.dpop)


async def own_jwk(house: House, sunnet: Partner, jccu: Partner) -> str:
    jwk = sunnet.dpop.as_dict(private=False)
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"jwk": jwk}, with_key=sunnet.dpop)


async def other_partner(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, with_key=jccu.sig)


async def other_partners_word(house: House, sunnet: Partner, jccu: Partner) -> str:
    return jccu.request("P4", FIELDS, members=MEMBER)


async def other_issuer(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, iss="jccu-demo")


async def gateways_key(house: House, sunnet: Partner, jccu: Partner) -> str:
    kid = house.desk.response_signer.kid
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"kid": kid})


async def ended(house: House, sunnet: Partner, jccu: Partner) -> str:
    await sunnet.token("P4", FIELDS)
    await add(house, sunnet)
    snapshot = house.stores.snapshots.current(COOP)
    log = house.stores.log
    await end_key(log, snapshot, "sunnet", "sig-1", by="運用", reason="漏えい", clock=house.clock)
    await house.stores.snapshots.refresh(COOP)
    return sunnet.request("P4", FIELDS, members=MEMBER)


async def other_coop(house: House, sunnet: Partner, jccu: Partner) -> str:
    """A key of the same client, registered at another co-op alone."""
    elsewhere = await house.partner("sunnet", "coopdeli-sunnet-01", "coopdeli")
    return elsewhere.request("P4", FIELDS, members=MEMBER, coop=COOP, agreement=sunnet.agreement)


async def no_signature(house: House, sunnet: Partner, jccu: Partner) -> str:
    return forge({"alg": "none", "kid": "sig-1", "typ": "data-request+jwt"}, {"iss": sunnet.client_id})


async def unregistered_rsa(house: House, sunnet: Partner, jccu: Partner) -> str:
    rsa = RSAKey.generate_key(2048, {"kid": "sig-1"})
    return sign({"alg": "PS256", "kid": "sig-1", "typ": "data-request+jwt"}, {"iss": sunnet.client_id}, rsa)


async def as_assertion(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"typ": "JWT"})


async def no_typ(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.request("P4", FIELDS, members=MEMBER, header={"typ": ...})


async def an_assertion(house: House, sunnet: Partner, jccu: Partner) -> str:
    return sunnet.assertion(aud=RESOURCE)


async def add(house: House, sunnet: Partner, life: timedelta = KEY_LIFE) -> ECKey:
    new = key("sig-2", "sig", "ES256")
    await add_key(
        house.stores.log,
        house.stores.snapshots.current(COOP),
        "sunnet",
        sunnet.client_id,
        accept_key(new.as_dict(private=False)),
        by="運用",
        reason="更新",
        clock=house.clock,
        life=life,
    )
    await house.stores.snapshots.refresh(COOP)
    return new


ATTACKS: list[Attack] = [
    nobody, unknown_kid, no_kid, dpop_key, own_jwk, other_partner, other_partners_word, other_issuer, gateways_key,
    ended, other_coop, no_signature, unregistered_rsa, as_assertion, no_typ, an_assertion,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
async def test_a_request_by_a_rogue_key_is_refused_and_logged(
    house: House, sunnet: Partner, jccu: Partner, attack: Attack
) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = await attack(house, sunnet, jccu)
    before = len(await house.entries())
    proof = sunnet.proof("POST", RESOURCE + "/transfers", token)
    response = await sunnet.post(request, token, proof=proof)
    assert_problem(response, "invalid-request-object", error="invalid_request_object")
    entry = await house.denial()
    assert len(await house.entries()) == before + 1
    assert entry.reasons == ["request:object:unverified"]
    assert (entry.partner, entry.client) == ("sunnet", "sunnet-demo"), "who authenticated is known"
    assert house.sources[COOP].asked == []


async def test_a_key_that_has_reached_its_end_signs_nothing_more(house: House, sunnet: Partner) -> None:
    sunnet.sig = await add(house, sunnet, life=timedelta(minutes=1))
    detail = sunnet.detail("P4", FIELDS)
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200
    token = await sunnet.token("P4", FIELDS)
    house.clock.advance(seconds=60)
    response = await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token)
    assert_problem(response, "invalid-request-object", error="invalid_request_object")
    assert_oauth_error(await sunnet.ask_token(detail), "invalid_client", 401)


async def test_a_key_that_ends_while_its_request_is_in_flight_releases_nothing(house: House, sunnet: Partner) -> None:
    sunnet.sig = await add(house, sunnet, life=timedelta(seconds=10))

    async def slowly(_: Query) -> None:
        house.clock.advance(seconds=10)
        house.sources[COOP].hold = None

    house.sources[COOP].hold = slowly
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "not-permitted")
    assert (await house.denial()).reasons == ["agreement:sunnet-demo:no_signing_key"]
