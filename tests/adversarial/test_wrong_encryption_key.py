"""Attack, or mishap: the key to encrypt to is old, ended, another's or unusable. Then nothing leaves; never plaintext."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.control_plane.partners.acts import KEY_LIFE, add_key, end_key
from gateway.core.days import Span
from gateway.core.state import ClientKey, ClientKeySet, Effect
from gateway.jose.rfc7517 import accept_key
from gateway.ports import Query, Submission
from gateway.tlog.entries import Denial, Partner as PartnerEntry, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.answers import assert_problem
from tests.house import COOP, House
from tests.simulators.partner import Partner, joserfc_registry, key

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]
NAME = "髙﨑"


async def add(house: House, jwk: dict[str, Any], life: timedelta = KEY_LIFE, client: str = "sunnet-demo") -> None:
    await add_key(
        house.stores.log,
        house.stores.snapshots.current(COOP),
        "sunnet",
        client,
        accept_key(jwk),
        by="運用",
        reason="更新",
        clock=house.clock,
        life=life,
    )
    await house.stores.snapshots.refresh(COOP)


async def end(house: House, kid: str) -> None:
    snapshot = house.stores.snapshots.current(COOP)
    await end_key(house.stores.log, snapshot, "sunnet", kid, by="運用", reason="漏えい", clock=house.clock)
    await house.stores.snapshots.refresh(COOP)


async def refused(house: House, sunnet: Partner) -> None:
    """The request is denied for want of a key, with an entry and no trace of data."""
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    assert_problem(response, "not-permitted")
    assert (await house.denial()).reasons == ["agreement:sunnet:no_key"]


async def test_the_newest_valid_key_is_used_and_the_old_one_opens_nothing(house: House, sunnet: Partner) -> None:
    old, new = sunnet.enc, key("enc-2", "enc", "ECDH-ES+A256KW")
    house.clock.advance(seconds=1)
    await add(house, new.as_dict(private=False))
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    assert (await house.release()).encryption["kid"] == "enc-2"
    assert (await house.release()).encryption["jkt"] == new.thumbprint()
    with pytest.raises((JoseError, ValueError)):
        jwe.decrypt_compact(response.text, old, registry=joserfc_registry)
    sunnet.enc = new
    assert (await sunnet.open(response, sunnet.sent)).released


async def test_an_ended_key_is_a_hard_stop(house: House, sunnet: Partner) -> None:
    await sunnet.pull("P4", FIELDS, MEMBER)
    await end(house, "enc-1")
    await refused(house, sunnet)
    assert len(house.sources[COOP].asked) == 1, "the member system is not asked for what could not be sealed"


async def test_a_key_past_its_end_is_a_hard_stop_without_any_job(house: House, sunnet: Partner) -> None:
    await add(house, key("enc-2", "enc", "ECDH-ES+A256KW").as_dict(private=False), life=timedelta(minutes=1))
    await end(house, "enc-1")
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200
    house.clock.advance(seconds=59.999)
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200
    house.clock.advance(seconds=0.001)
    await refused(house, sunnet)


async def test_an_older_valid_key_serves_again_when_the_newest_ends(house: House, sunnet: Partner) -> None:
    house.clock.advance(seconds=1)
    await add(house, key("enc-2", "enc", "ECDH-ES+A256KW").as_dict(private=False))
    await end(house, "enc-2")
    assert (await sunnet.pull("P4", FIELDS, MEMBER)).released
    assert (await house.release()).encryption["kid"] == "enc-1"


async def test_a_key_that_ends_in_flight_seals_nothing(house: House, sunnet: Partner) -> None:
    """Revoked between the decision and the commit: the sealed body is thrown away."""
    source = house.sources[COOP]

    async def revoked(_: Query) -> None:
        source.hold = None
        await end(house, "enc-1")

    source.hold = revoked
    await refused(house, sunnet)


async def test_a_key_that_is_replaced_in_flight_is_not_sealed_to(house: House, sunnet: Partner) -> None:
    new, source = key("enc-2", "enc", "ECDH-ES+A256KW"), house.sources[COOP]

    async def replaced(_: Query) -> None:
        source.hold = None
        house.clock.advance(seconds=1)
        await add(house, new.as_dict(private=False))
        await end(house, "enc-1")

    source.hold = replaced
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    sunnet.enc = new
    assert (await sunnet.open(response, sunnet.sent)).released
    assert len(source.asked) == 1, "the records already fetched are used again"


async def test_a_key_of_another_client_or_use_is_not_taken(house: House, sunnet: Partner) -> None:
    await end(house, "enc-1")
    await add(house, key("enc-9", "enc", "ECDH-ES+A256KW").as_dict(private=False), client="sunnet-other")
    await add(house, key("sig-9", "sig", "ES256").as_dict(private=False))
    await refused(house, sunnet)


async def test_a_key_of_the_partner_at_another_co_op_is_not_taken(house: House, sunnet: Partner) -> None:
    await end(house, "enc-1")
    await house.partner("sunnet", "coopdeli-sunnet-01", "coopdeli")
    await refused(house, sunnet)


@pytest.mark.parametrize(
    "damage", [{"x": "AAAA"}, {"y": ...}, {"crv": "P-521"}, {"kty": "oct", "k": "AAAA"}, {"d": "AAAA"}]
)
async def test_a_stored_key_that_cannot_be_used_is_a_fault_never_plaintext(
    house: House, sunnet: Partner, damage: dict[str, Any]
) -> None:
    """As a damaged database or a faulty tool might leave it: the log's own effect, past all checks."""
    await sunnet.token("P4", FIELDS)
    good = key("enc-2", "enc", "ECDH-ES+A256KW").as_dict(private=False)
    jwk = {name: str(value) for name, value in {**good, **damage}.items() if value is not ...}
    now = house.clock() + timedelta(milliseconds=1)
    house.clock.now = now
    gov = house.stores.snapshots.current(COOP).gov
    entry = encode(
        PartnerEntry(coop=COOP, time=instant(now), gov=gov, partner="sunnet", event="key_added", by="x", reason="x")
    )
    bad = ClientKey(
        client="sunnet-demo", kid="enc-2", use="enc", alg="ECDH-ES+A256KW", thumbprint="t", jwk=jwk, span=Span(now)
    )
    effects: tuple[Effect, ...] = (ClientKeySet(partner="sunnet", key=bad),)
    submission = Submission(entry=entry, leaf=leaf_hash(entry), kind="partner", time=now, gov=gov, effects=effects)
    await house.stores.log.append(COOP, submission)
    await house.stores.snapshots.refresh(COOP)
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    assert_problem(response, "internal")
    assert (await house.denial()).reasons == ["fault:seal:failed"]
    assert NAME not in response.text
    assert MEMBER[0] not in response.text


@pytest.mark.clause("D-04b", "D-S1")
async def test_no_answer_is_ever_anything_but_one_jwe(house: House, sunnet: Partner) -> None:
    for members in (MEMBER, ["99999999"], [f"9{n:07d}" for n in range(1_000)]):
        response = await sunnet.ask("P4", FIELDS, members)
        assert response.headers["content-type"] == "application/jwt"
        assert response.text.count(".") == 4
        assert NAME.encode() not in response.content
        assert MEMBER[0].encode() not in response.content
        assert "content-encoding" not in response.headers
        header = (await sunnet.open(response, sunnet.sent)).header
        assert {name: header[name] for name in ("alg", "enc", "kid", "typ", "cty")} == {
            "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": "enc-1", "typ": "JWT", "cty": "JWT",
        }  # fmt: skip
        assert "zip" not in header


async def test_two_answers_to_one_question_share_no_key_and_no_ciphertext(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", FIELDS, members=MEMBER)
    one, other = [(await sunnet.post(request, token)).text.split(".") for _ in range(2)]
    assert all(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("enc", "alg"),
    [
        (OKPKey.generate_key("X25519", {"kid": "enc-1", "use": "enc", "alg": "ECDH-ES+A256KW"}), "ECDH-ES+A256KW"),
        (RSAKey.generate_key(3072, {"kid": "enc-1", "use": "enc", "alg": "RSA-OAEP-256"}), "RSA-OAEP-256"),
    ],
    ids=["X25519", "RSA"],
)
async def test_the_other_kinds_of_key_seal_too(house: House, enc: OKPKey | RSAKey, alg: str) -> None:
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01", enc=enc)
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    registry = jwe.JWERegistry(algorithms=[alg, "A256GCM"])
    opened = jwe.decrypt_compact(response.text, enc, registry=registry)
    assert opened.headers()["alg"] == alg
    assert ("epk" in opened.headers()) == (alg != "RSA-OAEP-256")
    for wrong in (key("enc-1", "enc", "ECDH-ES+A256KW"), ECKey.generate_key("P-256")):
        with pytest.raises((JoseError, ValueError)):
            jwe.decrypt_compact(response.text, wrong, registry=joserfc_registry)


async def test_a_denial_is_never_sealed_and_a_release_never_denied(house: House, sunnet: Partner) -> None:
    await sunnet.ask("P4", FIELDS, MEMBER)
    await end(house, "enc-1")
    await refused(house, sunnet)
    denials = [entry for entry in await house.entries() if isinstance(entry, Denial)]
    assert [entry.fields for entry in denials] == [FIELDS]
