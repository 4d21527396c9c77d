"""Stops and what partners that hold the member do about them, over HTTP: the list, the signed answers, the block of further pulls."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe, jws
from joserfc.jwk import KeySet

from gateway.app.keys import checkpoint_signers
from gateway.app.oversight import oversight_of
from gateway.client import AsyncClient, UsageError
from gateway.client.config import config_from
from gateway.client.keys import Key, Keys
from gateway.data_plane.api.follow_ups import AT_ONCE
from gateway.oversight.follow_ups import arising
from gateway.oversight.follow_ups.asked import tell_partners
from gateway.oversight.log.export import export
from gateway.settings import FollowUpSettings
from gateway.tlog import checkpoint, entries
from gateway.tlog.findings import Code
from gateway.tlog.hash_tiles import hash_tiles
from gateway.tlog.merkle import leaf_hash, root_of
from gateway.tlog.verify import Report, verify
from tests.clock import SettableClock
from tests.house import COOP, House, members_table, replica, running_house
from tests.simulators.partner import ISSUER, RESOURCE, Partner, joserfc_registry, sign
from tests.tlog.exported_log import bundles, check_folder, make_signer

MEMBER, OTHER = "00000101", "00012406"
SUNNET, JCCU = "kyoritsusha-sunnet-01", "kyoritsusha-jccu-01"
P4 = {"purpose": "P4", "fields": ["name"], "products": ["G1"]}


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock, gateway_keys: Path) -> AsyncIterator[House]:
    blocking = {COOP: FollowUpSettings(blocking={SUNNET: 0, JCCU: 0})}
    said: dict[str, Any] = {"keys": gateway_keys, "coops": (COOP,), "follow_ups": blocking}
    async with running_house(database_url, tmp_path, clock, **said) as running:
        yield running


def client_of(house: House, partner: Partner, purpose: dict[str, Any]) -> AsyncClient:
    """The typed client of a simulated partner."""
    config: dict[str, Any] = {"issuer": ISSUER, "resource": RESOURCE, "client_id": partner.client_id, "coop": COOP}
    config |= {"agreement": partner.agreement, "purposes": [purpose]}
    keys = []
    for use, key in (("sig", partner.sig), ("enc", partner.enc)):
        assert isinstance(key.private_key, ec.EllipticCurvePrivateKey)
        keys.append(Key(str(key.kid), use, key.private_key))  # type: ignore[arg-type]  # one of the two uses
    made = Keys(sig=keys[0], enc=(keys[1],))
    return AsyncClient(config_from(config), made, http=house.http, clock=lambda: house.clock().timestamp())


async def arise(house: House) -> None:
    await arising.arise(oversight_of(house.settings, house.stores), [COOP])
    await house.stores.snapshots.refresh(COOP)


async def stopped(house: House) -> tuple[Partner, Partner]:
    """Let two partners hold the member, who is then stopped, and be told of it."""
    sunnet, jccu = await house.partner("sunnet", SUNNET), await house.partner("jccu", JCCU)
    await sunnet.pull("P4", ["name"], [MEMBER, OTHER])
    await jccu.pull("P5", ["sex"], [MEMBER])
    await house.stop(MEMBER, kind="stop_use")
    await arise(house)
    return sunnet, jccu


async def verified(house: House, folder: Path) -> Report:
    await house.publish_checkpoint()
    await export(house.stores.log, house.stores.publications, COOP, folder)
    return check_folder(folder, checkpoint_signers(house.settings, house.stores.keys)[COOP].key)


async def later(house: House, days: float, *partners: Partner) -> None:
    house.clock.now += timedelta(days=days)
    house.sources[COOP].table = members_table(house.clock)
    for partner in partners:
        partner.tokens.clear()
        partner.nonce = None


async def test_a_stop_reaches_each_partner_that_holds_the_member_and_whoever_is_overdue_receives_nothing(
    house: House, tmp_path: Path
):
    sunnet, jccu = await stopped(house)
    # the next pull lacks the member
    answer = await sunnet.pull("P4", ["name"], [MEMBER, OTHER])
    assert set(answer.released) == {OTHER}
    # each partner that holds it is told, and one acknowledges
    client = client_of(house, sunnet, P4)
    [told] = await client.follow_ups()
    assert (told.duty, told.due, told.blocks, told.state, told.members) == (
        "stop_using",
        "2026-11-29",
        "2026-11-30",
        "open",
        (MEMBER,),
    )
    assert MEMBER not in repr(told)
    done = await client.acknowledge(told.id)
    assert done.state == "acknowledged"
    [acked] = [one for one in await house.entries() if isinstance(one, entries.Ack)]
    assert (acked.acknowledgement, acked.client, acked.event) == (done.signed, "sunnet-demo", "acknowledged")
    assert acked.gov is not None
    # the other does not, becomes overdue and is refused, while the one that answered goes on
    await later(house, 7.6, sunnet, jccu)  # 2026-11-30 in Japan
    assert (await jccu.ask("P5", ["sex"], [OTHER])).status_code == 403
    assert (await house.denial()).reasons == [f"agreement:{JCCU}:follow_up_overdue"]
    assert (await sunnet.ask("P4", ["name"], [OTHER])).status_code == 200
    # it can still see why, and answer; then it receives again at once
    late = client_of(house, jccu, {"purpose": "P5", "fields": ["sex"], "products": ["G1"]})
    [open_still] = await late.follow_ups()
    await late.acknowledge(open_still.id)
    await house.stores.snapshots.refresh(COOP)
    assert (await jccu.ask("P5", ["sex"], [OTHER])).status_code == 200
    report = await verified(house, tmp_path / "log")
    assert report.ok, report.finding
    assert (report.counts["follow_up"], report.counts["ack"]) == (2, 2)


async def test_nothing_is_released_after_the_day_even_by_a_process_that_decided_before(house: House):
    sunnet, _ = await stopped(house)
    house.clock.now += timedelta(days=7.49)  # a few minutes before midnight in Japan
    house.clock.now = house.clock.now.replace(hour=14, minute=59, second=59, microsecond=900_000)
    house.sources[COOP].table = members_table(house.clock)
    sunnet.tokens.clear()
    sunnet.nonce = None

    async def midnight_comes(_: object) -> None:
        house.clock.advance(seconds=1)

    house.sources[COOP].hold = midnight_comes
    assert (await sunnet.ask("P4", ["name"], [OTHER])).status_code == 403
    assert (await house.denial()).reasons == [f"agreement:{SUNNET}:follow_up_overdue"]


async def test_a_release_decided_before_the_follow_up_was_opened_is_decided_again(house: House):
    sunnet, _ = await stopped(house)
    release = asyncio.Event()
    reached = asyncio.Event()

    async def wait(_: object) -> None:
        reached.set()
        await release.wait()

    house.sources[COOP].hold = wait
    pulling = asyncio.create_task(sunnet.ask("P4", ["name"], [OTHER]))
    await reached.wait()
    house.sources[COOP].hold = None
    await house.stop(OTHER, kind="stop_use")
    await arising.arise(oversight_of(house.settings, house.stores), [COOP])
    opened = (await house.stores.log.head(COOP)).gov
    release.set()
    answer = await pulling
    assert answer.status_code == 200
    assert (await house.release()).gov == opened


async def test_a_log_without_the_answer_or_without_the_follow_up_does_not_verify(house: House):
    sunnet, _ = await stopped(house)
    await later(house, 8, sunnet)
    client = client_of(house, sunnet, P4)
    [told] = await client.follow_ups()
    await client.acknowledge(told.id)
    await house.stores.snapshots.refresh(COOP)
    assert (await sunnet.ask("P4", ["name"], [OTHER])).status_code == 200
    logged = await house.stores.log.entries(COOP, 0, 1_000)
    kinds = [entries.decode(entry).kind for entry in logged]
    ack = kinds.index("ack")
    [opened] = [
        at
        for at, entry in enumerate(map(entries.decode, logged))
        if isinstance(entry, entries.FollowUp) and entry.partner == "sunnet"
    ]
    assert check_as_here(logged).ok
    without_answer = renumbered(logged, ack)
    refused = check_as_here(without_answer)
    assert refused.finding is not None
    assert (refused.finding.code, refused.first_bad_index) == (Code.PARTNER_OVERDUE, len(logged) - 2)
    without_follow_up = check_as_here([*logged[:opened], *logged[opened + 1 :]])
    assert without_follow_up.finding is not None
    assert without_follow_up.finding.code in {Code.GOVERNANCE_STALE, Code.FOLLOW_UP_OTHER}


def renumbered(logged: list[bytes], without: int) -> list[bytes]:
    """Leave an entry out and let the rest name the governance before it, as a forger would."""
    kept = []
    for at, data in enumerate(logged):
        if at == without:
            continue
        entry = entries.decode(data)
        gov = getattr(entry, "gov", None)
        if gov is not None and gov >= without:
            before = [n for n, one in enumerate(logged[:without]) if entries.governs(entries.decode(one))]
            entry = msgspec.structs.replace(entry, gov=before[-1] if gov == without else gov - 1)
        kept.append(entries.encode(entry))
    return kept


def check_as_here(logged: list[bytes]) -> Report:
    origin = f"gw.example.coop/{COOP}"
    signer = make_signer(3, origin)
    leaves = [leaf_hash(entry) for entry in logged]
    head = checkpoint.sign(checkpoint.Checkpoint(origin, len(leaves), root_of(leaves)), [signer])
    files = {"checkpoint": head, **bundles(logged), **dict(hash_tiles(iter(leaves)))}
    return verify(files.get, known=[signer.key], origin=origin)


async def test_an_answer_that_comes_again_changes_nothing(house: House):
    sunnet, _ = await stopped(house)
    client = client_of(house, sunnet, P4)
    [told] = await client.follow_ups()
    first, second = await asyncio.gather(client.acknowledge(told.id), client.acknowledge(told.id))
    assert first.state == second.state == "acknowledged"
    certified = await client.certify(told.id, "2026-11-22 情報管理責任者が利用を停止した")
    assert certified.state == "certified"
    assert (await client.acknowledge(told.id)).state == "certified"
    assert [one.event for one in await house.entries() if isinstance(one, entries.Ack)] == ["acknowledged", "certified"]
    [after] = await client.follow_ups()
    assert (after.state, after.members, after.count) == ("certified", (), 1)


async def signed_ack(house: House, partner: Partner, named: str, /, **changes: Any) -> Any:
    """Send an answer that joserfc signed, changed as told."""
    token = await partner.token("P4", ["name"])
    now = int(house.clock().timestamp())
    claims = {"iss": partner.client_id, "aud": RESOURCE, "iat": now, "exp": now + 60, "jti": "j" * 12, "coop": COOP}
    claims |= {"follow_up": named, "event": "acknowledged"}
    header = {"alg": "ES256", "kid": partner.sig.kid, "typ": "follow-up-ack+jwt", **changes.pop("header", {})}
    path = changes.pop("path", f"/follow-ups/{named}/ack")
    proof = changes.pop("proof", None)
    url = RESOURCE + path
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof or partner.proof("POST", url, token),
        "Content-Type": changes.pop("content_type", "application/jwt"),
    }
    body = sign(header, claims | changes, changes.pop("key", partner.sig))
    return await house.http.post(url, content=body, headers=headers)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"event": "done"}, 400),
        ({"event": "certified"}, 400),
        ({"certificate": "済"}, 400),
        ({"coop": "coopdeli"}, 403),
        ({"extra": "x"}, 400),
        ({"follow_up": "fu-another"}, 400),
        ({"header": {"typ": "data-request+jwt"}}, 401),
        ({"exp": 1}, 401),
        ({"content_type": "application/json"}, 415),
    ],
)
async def test_an_answer_that_is_not_as_it_must_be_is_refused_and_leaves_no_trace(
    house: House, changes: dict[str, Any], status: int
):
    sunnet, _ = await stopped(house)
    [told] = await client_of(house, sunnet, P4).follow_ups()
    before = len(await house.entries())
    answer = await signed_ack(house, sunnet, told.id, **changes)
    assert answer.status_code == status
    assert len(await house.entries()) == before


async def test_another_partners_follow_up_is_as_unknown_as_none(house: House):
    sunnet, jccu = await stopped(house)
    [theirs] = await client_of(house, jccu, {"purpose": "P5", "fields": ["sex"], "products": ["G1"]}).follow_ups()
    refused = [await signed_ack(house, sunnet, name) for name in (theirs.id, "fu-nobody")]
    assert [one.status_code for one in refused] == [404, 404]
    alike = [{**one.json(), "request_id": ""} for one in refused]
    assert alike[0] == alike[1]
    with pytest.raises(UsageError):
        await client_of(house, sunnet, P4).acknowledge("../grants")


async def test_a_proof_is_good_for_one_answer_over_all_processes(house: House):
    sunnet, _ = await stopped(house)
    [told] = await client_of(house, sunnet, P4).follow_ups()
    token = await sunnet.token("P4", ["name"])
    proof = sunnet.proof("POST", f"{RESOURCE}/follow-ups/{told.id}/ack", token)
    assert (await signed_ack(house, sunnet, told.id, proof=proof)).status_code == 200
    async with replica(house.settings, house.clock) as second:
        answer = await second.http.get("/livez")
        assert answer.status_code == 200
        assert (await signed_ack(second, sunnet, told.id, proof=proof)).status_code == 409


async def test_members_travel_sealed_and_a_list_goes_on_where_it_was(house: House):
    sunnet, _ = await stopped(house)
    desk = oversight_of(house.settings, house.stores)
    words: dict[str, Any] = {"partner": "sunnet", "purpose": None, "by": "homu", "reason": "訂正"}
    for _ in range(AT_ONCE):
        await tell_partners(desk, COOP, [OTHER], asked="correction", **words)
    await house.stores.snapshots.refresh(COOP)
    token = await sunnet.token("P4", ["name"])
    answer = await sunnet.get("/follow-ups", token)
    assert answer.headers["content-type"] == "application/jwt"
    assert MEMBER not in answer.text
    claims = await opened(sunnet, answer.text)
    assert len(claims["follow_ups"]) == AT_ONCE
    assert claims["follow_ups"][0]["members"] == [MEMBER]  # due first
    assert "cause" not in json.dumps(claims)
    listed = await client_of(house, sunnet, P4).follow_ups()
    assert len({one.id for one in listed}) == len(listed) == AT_ONCE + 1
    for query, status in (
        (f"?cursor={claims['next'][:-4]}AAAA", 400),
        ("?cursor=", 400),
        ("?x=1", 400),
        ("?cursor=a&cursor=b", 400),
        (f"?cursor={claims['next']}", 200),
    ):
        proof = sunnet.proof("GET", RESOURCE + "/follow-ups", token)
        assert (await sunnet.get("/follow-ups" + query, token, proof=proof)).status_code == status


async def opened(partner: Partner, body: str) -> Any:
    decrypted = jwe.decrypt_compact(body, partner.enc, registry=joserfc_registry)
    assert decrypted.plaintext is not None
    keys = KeySet.import_key_set((await partner.http.get(ISSUER + "/oauth/jwks")).json())
    inner = jws.deserialize_compact(decrypted.plaintext, keys, algorithms=["ES256"])
    assert len(inner.payload) % 1_024 == 0
    return json.loads(inner.payload)
