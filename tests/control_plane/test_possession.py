"""Keys are registered once the partner has shown that it holds each of them; whatever falls short writes nothing."""

import copy
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey, RSAKey
from msgspec.structs import replace

from gateway.app.office import office_of
from gateway.client import ConfigError, generate_keys, prove
from gateway.control_plane.office import Office
from gateway.control_plane.partners import both_named, requests as steps
from gateway.control_plane.partners.acts import KeyInUse, set_state
from gateway.control_plane.partners.key_words import WORDS
from gateway.control_plane.partners.possession import ANSWER, challenge, keys_of, opened, proved, read, same_set
from gateway.control_plane.people import people
from gateway.core.refused import Refused
from gateway.core.staff import Role
from gateway.jose import rfc7517
from gateway.jose.rfc7517 import accept_partner_set
from gateway.ports import Unavailable
from gateway.tlog.entries import Partner
from gateway.tlog.jcs import canonical
from tests.clock import SettableClock
from tests.control_plane.proving import answered
from tests.house import COOP, House, running_house
from tests.simulators.partner import key as new_key

WHO = ("sunnet", "sunnet-demo")
PEOPLE: tuple[tuple[str, Role | None, str | None], ...] = (
    ("unyo", "operator", None),
    ("ito", "manager", "宅配"),
    ("abe", None, None),
)
WORDS_SAID: dict[str, Any] = {"by": "unyo", "reason": "鍵の交換"}


class Desk:
    """The office of a house with people, and the partner's keys."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.office: Office = office_of(house.settings, house.stores)
        self.sig = new_key("sig-1", "sig", "ES256")
        self.enc = new_key("enc-1", "enc", "ECDH-ES+A256KW")

    def challenged(self, partner: str = "sunnet", client: str = "sunnet-demo", *more: Any) -> dict[str, Any]:
        keys = accept_partner_set({"keys": [key.as_dict(private=False) for key in (self.sig, self.enc, *more)]})
        key = self.office.possession_key(COOP)
        return challenge(key, keys, coop=COOP, partner=partner, client=client, now=self.house.clock())

    async def ask(self, given: object, answer: object, *, partner: str = "sunnet", client: str = "sunnet-demo") -> Any:
        key = self.office.possession_key(COOP)
        proof = proved(key, given, answer, coop=COOP, partner=partner, client=client, now=self.house.clock())
        return await steps.ask_keys(self.office, COOP, partner, client, proof, **WORDS_SAID)

    async def refused(self, given: object, answer: object, rule: str, **who: str) -> Refused:
        before = len(await self.house.entries())
        with pytest.raises(Refused) as told:
            await self.ask(given, answer, **who)
        assert told.value.rule == rule
        assert await self.office.partner_requests.all(COOP) == []
        assert len(await self.house.entries()) == before
        assert self.house.stores.snapshots.current(COOP).partner("sunnet").keys == ()
        return told.value


@pytest.fixture
async def desk(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Desk]:
    async with running_house(sqlite_url, tmp_path, clock, coops=(COOP,)) as house:
        log, staff = house.stores.log, house.stores.staff
        words: dict[str, Any] = {"reason": "試験", "clock": clock}
        for person, role, department in PEOPLE:
            by = "unyo" if await staff.roles(COOP) else "設定"
            await people.add_person(log, staff, COOP, person, person, by=by, **words)
            if role is not None:
                await people.give_role(log, staff, COOP, person, role, department=department, by=by, **words)
        yield Desk(house)


async def test_a_proved_set_is_asked_for_approved_and_registered_in_one_entry(desk: Desk):
    rsa = RSAKey.generate_key(2048, {"kid": "sig-2", "use": "sig", "alg": "PS256"})
    legacy = RSAKey.generate_key(3072, {"kid": "enc-2", "use": "enc", "alg": "RSA-OAEP-256"})
    curve = OKPKey.generate_key("X25519", {"kid": "enc-3", "use": "enc", "alg": "ECDH-ES+A256KW"})
    given = desk.challenged(*WHO, rsa, curve)
    asked = await desk.ask(given, answered(given, desk.sig, desk.enc, rsa, curve))
    assert (asked.state, asked.asker, [key["kid"] for key in asked.keys]) == (
        "open", "unyo", ["sig-1", "enc-1", "sig-2", "enc-3"],
    )  # fmt: skip
    await desk.house.stores.snapshots.refresh(COOP)
    assert desk.house.stores.snapshots.current(COOP).partner("sunnet").keys == ()
    done = await steps.approve(desk.office, asked, by="ito")
    *_, first, last = await desk.house.entries()
    assert isinstance(first, Partner)
    assert isinstance(last, Partner)
    assert (first.event, first.by, first.request, first.keys) == ("keys_asked", "unyo", asked.id, list(asked.keys))
    assert (last.event, last.by, last.approver, last.request) == ("keys_added", "unyo", "ito", asked.id)
    assert (last.keys, last.proof, last.client) == (first.keys, first.proof, "sunnet-demo")
    assert (done.state, done.decider, done.entry) == ("approved", "ito", len(await desk.house.entries()) - 1)
    keys = desk.house.stores.snapshots.current(COOP).partner("sunnet").keys
    assert [key.kid for key in keys] == ["sig-1", "enc-1", "sig-2", "enc-3"]
    assert {key.span.start for key in keys} == {desk.house.clock()}
    given = desk.challenged(*WHO, legacy)
    with pytest.raises(KeyInUse):
        await desk.ask(given, answered(given, desk.sig, desk.enc, legacy))


async def test_the_partner_s_own_tool_answers(desk: Desk, tmp_path: Path):
    keys = generate_keys(tmp_path / "sunnet")
    given = challenge(
        desk.office.possession_key(COOP), keys_of(keys.public_jwks()), coop=COOP, partner="sunnet",
        client="sunnet-demo", now=desk.house.clock(),
    )  # fmt: skip
    asked = await desk.ask(given, prove(canonical(given), keys).answer)
    assert len(asked.keys) == 2


Attack = Callable[["Desk", dict[str, Any], dict[str, Any]], tuple[object, object]]


def with_answer(nth: int, **change: str) -> Attack:
    def attack(_: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
        answer["answers"][nth] |= change
        return given, answer

    return attack


def altered(**change: Any) -> Attack:
    return lambda _, given, answer: (given | change, answer)


def without(nth: int) -> Attack:
    def attack(_: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
        del answer["answers"][nth]
        return given, answer

    return attack


def signed(**claims: Any) -> Attack:
    return lambda desk, given, _: (given, answered(given, desk.sig, desk.enc, **claims))


def other_key(desk: Desk, given: dict[str, Any], _: dict[str, Any]) -> tuple[object, object]:
    return given, answered(given, new_key("sig-1", "sig", "ES256"), desk.enc)


def other_typ(desk: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
    jws = answer["answers"][0]["jws"]
    head = new_key("sig-1", "sig", "ES256")
    renamed = answered(given, head, desk.enc)["answers"][0]["jws"]
    answer["answers"][0]["jws"] = renamed.partition(".")[0] + "." + jws.partition(".")[2]
    return given, answer


def key_swapped(desk: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
    given["jwks"]["keys"][0] = new_key("sig-1", "sig", "ES256").as_dict(private=False)
    return given, answer


def answers_doubled(_: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
    return given, answer | {"answers": answer["answers"] * 2}


def one_too_many(_: Desk, given: dict[str, Any], answer: dict[str, Any]) -> tuple[object, object]:
    return given, answer | {"answers": [*answer["answers"], {"kid": "x", "jws": "x"}]}


ATTACKS: dict[str, tuple[Attack, str]] = {
    "signed with another key of the same name": (other_key, "proof"),
    "the encryption key's challenge not opened": (with_answer(1, challenge="A" * 43), "proof"),
    "a guess with half a character": (with_answer(1, challenge="\ud800"), "proof"),
    "something beside the proof": (with_answer(1, more="x"), "proof"),
    "no JWS at all": (with_answer(0, jws="x"), "proof"),
    "signed for another co-op": (signed(aud="coopdeli"), "proof"),
    "signed for another client": (signed(iss="jccu-demo"), "proof"),
    "signed for another partner": (signed(partner="jccu"), "proof"),
    "signed for another key": (signed(thumbprint="A" * 43), "proof"),
    "signed for longer": (signed(exp=2_000_000_000), "proof"),
    "signed something else": (signed(challenge="A" * 43), "proof"),
    "signed one claim more": (signed(jti="x"), "proof"),
    "a signature key unproved": (without(0), "unproved"),
    "an encryption key unproved": (without(1), "unproved"),
    "an answer twice": (answers_doubled, "answer"),
    "an answer for a key that is not there": (one_too_many, "answer"),
    "no answer": (lambda _, given, __: (given, {}), "answer"),
    "no list": (lambda _, given, __: (given, {"type": ANSWER, "answers": {}}), "answer"),
    "an answer of another type": (lambda _, given, answer: (given, answer | {"type": "x"}), "answer"),
    "answers that are numbers": (lambda _, given, __: (given, {"type": ANSWER, "answers": [1]}), "answer"),
    "longer life": (altered(expires="2027-11-22T00:00:00.000Z"), "challenge"),
    "another client": (altered(client="sunnet-2"), "challenge"),
    "another co-op": (altered(coop="coopdeli"), "challenge"),
    "another seed": (altered(seed="A" * 22), "challenge"),
    "another key": (key_swapped, "challenge"),
    "another mac": (altered(mac="A" * 43), "challenge"),
    "a mac that is none": (altered(mac=1), "challenge"),
    "a mac that no bytes are": (altered(mac="\u3042"), "challenge"),
    "one member more": (altered(note="x"), "challenge"),
    "a number beyond all": (altered(seed=10**16 - 1), "challenge"),
    "no challenge": (lambda _, __, answer: ([], answer), "challenge"),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_proves_nothing_registers_nothing(desk: Desk, attack: str):
    given = desk.challenged()
    answer = answered(given, desk.sig, desk.enc)
    make, rule = ATTACKS[attack]
    told = await desk.refused(*make(desk, copy.deepcopy(given), copy.deepcopy(answer)), rule)
    assert told.ja
    assert told.en


async def test_an_answer_is_good_for_its_own_client_and_partner_alone(desk: Desk):
    given = desk.challenged()
    answer = answered(given, desk.sig, desk.enc)
    await desk.refused(given, answer, "other", client="sunnet-2")
    await desk.refused(given, answer, "other", partner="jccu", client="jccu-demo")
    theirs = desk.challenged("jccu", "jccu-demo")
    await desk.refused(theirs, answer, "proof", partner="jccu", client="jccu-demo")
    again = desk.challenged()
    await desk.refused(again, answer, "proof")


async def test_a_challenge_of_another_co_op_s_is_none_of_ours(desk: Desk):
    given = challenge(
        b"k" * 32, accept_partner_set(given_set(desk)), coop=COOP, partner="sunnet", client="sunnet-demo",
        now=desk.house.clock(),
    )  # fmt: skip
    await desk.refused(given, answered(given, desk.sig, desk.enc), "challenge")


def given_set(desk: Desk) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in (desk.sig, desk.enc)]}


async def test_a_challenge_lives_for_a_day(desk: Desk):
    given = desk.challenged()
    answer = answered(given, desk.sig, desk.enc)
    desk.house.clock.advance(hours=24)
    told = await desk.refused(given, answer, "expired")
    assert given["expires"] in told.en
    desk.house.clock.advance(seconds=-1)
    assert (await desk.ask(given, answer)).state == "open"


async def test_a_set_that_a_version_names_no_client_for_is_not_asked_for(desk: Desk):
    given = desk.challenged("sunnet", "sunnet-nobody")
    await desk.refused(given, answered(given, desk.sig, desk.enc), "client", client="sunnet-nobody")


async def test_a_challenge_is_of_exactly_the_keys_it_was_made_for(desk: Desk):
    document = opened(desk.office.possession_key(COOP), desk.challenged(), coop=COOP)
    same_set(document, accept_partner_set(given_set(desk)))
    more = new_key("sig-2", "sig", "ES256").as_dict(private=False)
    with pytest.raises(Refused) as told:
        same_set(document, accept_partner_set({"keys": [*given_set(desk)["keys"], more]}))
    assert told.value.rule == "other"


@pytest.mark.parametrize("text", ["", "{", '{"a":1,"a":2}', "[" * 20, "\ud800", '{"a":1.5}'])
def test_what_is_no_json_is_told(text: str):
    with pytest.raises(Refused) as told:
        read(text, "answer.json")
    assert told.value.rule == "json"
    assert "answer.json" in told.value.ja


def test_the_partner_s_tool_signs_nothing_else_and_opens_nothing_else(tmp_path: Path, clock: SettableClock):
    keys, strangers = generate_keys(tmp_path / "own"), generate_keys(tmp_path / "strange")
    given = challenge(b"k" * 32, keys_of(keys.public_jwks()), coop=COOP, partner="sunnet", client="c", now=clock())
    swapped = copy.deepcopy(given)
    swapped["challenges"][1] |= {"sealed": "a.b.c.d.e"}
    moved = given | {"client": "d"}
    with pytest.raises(ConfigError, match="sealed"):
        prove(canonical(moved), keys)
    for wrong, named in (
        (b"{", "JSON"),
        (b"{}", "type"),
        (canonical(given | {"coop": 1}), "coop"),
        (canonical(given | {"challenges": []}), "challenges"),
        (canonical(given | {"expires": "tomorrow"}), "expires"),
        (canonical(swapped), "sealed"),
        (canonical(given | {"challenges": [given["challenges"][0] | {"challenge": 1}]}), "challenge"),
    ):
        with pytest.raises(ConfigError, match=named):
            prove(wrong, keys)
    with pytest.raises(ConfigError, match="not in this folder"):
        prove(canonical(given), strangers)


# Asked, decided: the rules in words, on real stores


async def asked_keys(desk: Desk) -> Any:
    given = desk.challenged()
    return await desk.ask(given, answered(given, desk.sig, desk.enc))


async def test_nobody_approves_alone_and_nothing_is_decided_twice(desk: Desk):
    asked = await asked_keys(desk)
    for by, rule in (("unyo", "role"), ("abe", "role")):
        with pytest.raises(Refused) as told:
            await steps.approve(desk.office, asked, by=by)
        assert told.value.rule == rule
    for reason, rule in ((" ", "reason"), ("a\x00b", "reason"), ("理" * 2_001, "reason")):
        with pytest.raises(Refused) as told:
            await steps.refuse(desk.office, asked, by="ito", reason=reason)
        assert told.value.rule == rule
    refused = await steps.refuse(desk.office, asked, by="ito", reason="電話で照合できない")
    assert (refused.state, refused.said, refused.decider) == ("refused", "電話で照合できない", "ito")
    last = await desk.house.last()
    assert isinstance(last, Partner)
    assert (last.event, last.by, last.reason, last.request) == (
        "request_refused",
        "ito",
        "電話で照合できない",
        asked.id,
    )
    for stale in (asked, refused):
        with pytest.raises(Refused) as told:
            await steps.approve(desk.office, stale, by="ito")
        assert told.value.rule == "state"
        assert "却下" in told.value.ja
    again = await asked_keys(desk)
    withdrawn = await steps.withdraw(desk.office, again, by="unyo", reason="作り直す")
    assert withdrawn.state == "withdrawn"


async def test_one_request_waits_at_a_time(desk: Desk):
    await asked_keys(desk)
    with pytest.raises(Refused) as told:
        await asked_keys(desk)
    assert told.value.rule == "waiting"


async def test_a_key_that_was_registered_meanwhile_is_not_registered_again(desk: Desk):
    asked = await asked_keys(desk)
    given = desk.challenged("jccu", "jccu-demo")
    theirs = await desk.ask(given, answered(given, desk.sig, desk.enc), partner="jccu", client="jccu-demo")
    await steps.approve(desk.office, theirs, by="ito")
    before = len(await desk.house.entries())
    with pytest.raises(KeyInUse):
        await steps.approve(desk.office, asked, by="ito")
    assert len(await desk.house.entries()) == before


async def test_what_the_log_says_was_asked_for_is_what_is_registered(desk: Desk):
    asked = await asked_keys(desk)
    other = new_key("sig-1", "sig", "ES256").as_dict(private=False)
    await desk.house.tamper(f"UPDATE partner_request SET keys = '[{canonical(other).decode()}]'")
    stored = await desk.office.partner_requests.get(COOP, asked.id)
    assert stored is not None
    assert stored != asked
    for one in (stored, replace(asked, asker="abe"), replace(asked, id="nobody's")):
        with pytest.raises(Unavailable):
            await steps.approve(desk.office, one, by="ito")


async def test_a_resumption_waits_for_another_and_a_new_suspension_voids_it(desk: Desk):
    said: dict[str, Any] = {"by": "unyo", "reason": "利用開始"}
    asked = await steps.ask_resume(desk.office, COOP, "sunnet", **said)
    await set_state(desk.house.stores.log, COOP, "sunnet", active=False, clock=desk.house.clock, **said)
    with pytest.raises(Refused) as told:
        await steps.approve(desk.office, asked, by="ito")
    assert told.value.rule == "suspended"
    await steps.withdraw(desk.office, asked, **said)
    again = await steps.ask_resume(desk.office, COOP, "sunnet", **said)
    done = await steps.approve(desk.office, again, by="ito")
    last = await desk.house.last()
    assert isinstance(last, Partner)
    assert (last.event, last.by, last.approver, last.request) == ("active", "unyo", "ito", done.id)
    assert desk.house.stores.snapshots.current(COOP).partner("sunnet").active
    for partner, rule in (("sunnet", "active"), ("nobody", "client")):
        with pytest.raises(Refused) as told:
            await steps.ask_resume(desk.office, COOP, partner, **said)
        assert told.value.rule == rule


async def test_both_named_register_in_one_call_by_the_same_rules(desk: Desk):
    given = desk.challenged()
    proof = proved(
        desk.office.possession_key(COOP), given, answered(given, desk.sig, desk.enc), coop=COOP, partner="sunnet",
        client="sunnet-demo", now=desk.house.clock(),
    )  # fmt: skip
    before = len(await desk.house.entries())
    for approver, rule in (("abe", "approver"), ("UNYO ", "own"), ("unyo", "own")):
        with pytest.raises(Refused) as told:
            await both_named.register(desk.office, COOP, *WHO, proof, **WORDS_SAID, approver=approver)
        assert told.value.rule == rule
    with pytest.raises(Refused) as told:
        await both_named.register_alone(desk.office, COOP, *WHO, proof.keys, **WORDS_SAID)
    assert told.value.rule == "approver"
    assert len(await desk.house.entries()) == before
    index = await both_named.register(desk.office, COOP, *WHO, proof, **WORDS_SAID, approver="ito")
    assert index == before + 1


def test_every_reason_why_a_set_is_refused_is_in_words():
    codes = set(re.findall(r'KeyRefused\("([a-z-]+)"', Path(rfc7517.__file__).read_text()))
    assert (codes - {"count-"}) | {"count-sig", "count-enc"} == set(WORDS)


@pytest.mark.parametrize(
    ("jwks", "told"),
    [([], "JWKS"), ({"keys": []}, "署名鍵"), ({"keys": [1]}, "#1"), ({"keys": [{"kty": "oct"}]}, "共通鍵")],
)
def test_a_set_that_is_refused_is_told_in_words(jwks: object, told: str):
    with pytest.raises(Refused) as refused:
        keys_of(jwks)
    assert told in refused.value.ja
