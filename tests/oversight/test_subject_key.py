"""The key that members are tagged with: named in the log, never swapped unseen, destroyed and begun anew by a person."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.adapters.key_files import KeyFiles
from gateway.app.desk import withdraw_strangers
from gateway.app.keys import secrets_of
from gateway.app.serving import partner_listener
from gateway.control_plane import subject_key
from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.subject_key import SubjectKeyRefused
from gateway.core.identity import member_tag
from gateway.ports import Unavailable
from gateway.tlog.entries import Erase, Key, Partner
from tests.clock import SettableClock
from tests.house import COOP, House, running_house

PARTNER, AGREEMENT = "sunnet", "sunnet"


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[House]:
    async with running_house(database_url, tmp_path, clock, published=False) as running:
        yield running


async def hold(house: House, key: bytes | None = None) -> None:
    key = house.stores.keys.subject(COOP) if key is None else key
    await subject_key.hold(house.stores.log, COOP, key, by="gw", clock=house.clock)


async def destroy(house: House) -> int | None:
    await house.stores.snapshots.refresh(COOP)
    return await subject_key.announce_destruction(
        house.stores.log,
        house.stores.snapshots.current(COOP),
        house.stores.keys.subject(COOP),
        by="情報管理",
        reason="統合",
        clock=house.clock,
    )


async def renew(house: House) -> int:
    await house.stores.snapshots.refresh(COOP)
    key = house.stores.keys.coop_secrets(COOP).subject
    return await subject_key.renew(
        house.stores.log, house.stores.snapshots.current(COOP), key, by="情報管理", reason="統合", clock=house.clock
    )


async def test_the_log_names_the_key_once_and_never_the_key_itself(house: House) -> None:
    await hold(house)
    await hold(house)
    (entry,) = await house.entries()
    assert isinstance(entry, Key)
    assert (entry.event, entry.use, entry.jwk) == ("added", "subject", {})
    key = house.stores.keys.coop_secrets(COOP).subject
    assert entry.check == subject_key.check_value(key)
    assert entry.check != subject_key.check_value(bytes(32))


async def test_the_check_value_is_no_members_tag(house: House) -> None:
    key = house.stores.keys.coop_secrets(COOP).subject
    assert subject_key.check_value(key).encode() != member_tag(key, COOP, "key check")


async def test_another_key_or_none_is_refused_in_both_languages(house: House) -> None:
    await hold(house)
    for wrong in (bytes(32), b"x" * 32):
        with pytest.raises(SubjectKeyRefused, match=r"記録している鍵ではありません.*is not the one that the log names"):
            await hold(house, wrong)
    with pytest.raises(SubjectKeyRefused, match=r"がありません.*is missing"):
        await subject_key.hold(house.stores.log, COOP, None, by="gw", clock=house.clock)
    assert len(await house.entries()) == 1


async def test_who_forgot_to_make_the_keys_is_told_to(house: House) -> None:
    with pytest.raises(SubjectKeyRefused, match=r"is missing: .*`gateway keys init`"):
        await subject_key.hold(house.stores.log, COOP, None, by="gw", clock=house.clock)
    assert await house.entries() == []


async def test_a_gateway_with_another_key_does_not_start(house: House) -> None:
    async with partner_listener(house.settings, clock=house.clock):
        pass
    path = house.settings.keys / COOP / "subject.key"
    path.unlink()
    with pytest.raises(SubjectKeyRefused, match="is missing"):
        async with partner_listener(house.settings, clock=house.clock):
            pass
    KeyFiles(house.settings.keys).create((COOP,))
    with pytest.raises(SubjectKeyRefused, match="is not the one that the log names"):
        async with partner_listener(house.settings, clock=house.clock):
            pass
    with pytest.raises(SubjectKeyRefused):
        await secrets_of(house.settings, house.stores, COOP)


async def test_destroying_suspends_the_partners_then_says_so(house: House) -> None:
    await hold(house)
    await set_state(house.stores.log, COOP, PARTNER, active=True, by="運用", reason="試験", clock=house.clock)
    index = await destroy(house)
    entries = await house.entries()
    suspended, erased = entries[-2:]
    assert isinstance(suspended, Partner)
    assert (suspended.event, suspended.partner) == ("suspended", PARTNER)
    assert isinstance(erased, Erase)
    assert (erased.event, erased.by, erased.reason) == ("subject_key_destroyed", "情報管理", "統合")
    assert erased.key == subject_key.check_value(house.stores.keys.coop_secrets(COOP).subject)
    assert index == len(entries) - 1
    # Broken off before the files were destroyed: nothing is said twice, and nothing starts.
    with pytest.raises(SubjectKeyRefused, match=r"gateway keys destroy .* --subject"):
        await hold(house)
    assert await destroy(house) is None
    assert len(await house.entries()) == len(entries)


async def test_a_key_that_the_log_does_not_know_is_not_destroyed_in_its_name(house: House) -> None:
    await hold(house)
    path = house.settings.keys / COOP / "subject.key"
    path.chmod(0o600)
    path.write_bytes(bytes(32))
    path.chmod(0o400)
    with pytest.raises(SubjectKeyRefused, match="is not the one"):
        await destroy(house)
    assert path.read_bytes() == bytes(32)


async def test_without_the_log_nothing_is_destroyed(house: House) -> None:
    await hold(house)
    house.log.down = "gone"
    with pytest.raises(Unavailable):
        await subject_key.announce_destruction(
            house.log,
            house.stores.snapshots.current(COOP),
            house.stores.keys.subject(COOP),
            by="a",
            reason="b",
            clock=house.clock,
        )
    assert house.stores.keys.subject(COOP) is not None


async def test_both_keys_that_name_members_are_gone_and_no_other(house: House) -> None:
    folder = house.settings.keys / COOP
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    gone = house.stores.keys.forget(COOP)
    assert sorted(path.name for path in gone) == ["requests.key", "subject.key"]
    assert {path.name for path in folder.iterdir()} == before.keys() - {"requests.key", "subject.key"}
    assert house.stores.keys.forget(COOP) == []
    house.stores.keys.create((COOP,))
    secrets = house.stores.keys.coop_secrets(COOP)
    assert secrets.subject != before["subject.key"]
    assert secrets.requests != before["requests.key"]
    assert secrets.pairwise == before["pairwise.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o400}


async def test_a_new_generation_is_begun_with_no_partner_active(house: House) -> None:
    await hold(house)
    with pytest.raises(SubjectKeyRefused, match="already"):
        await renew(house)
    await destroy(house)
    house.stores.keys.forget(COOP)
    with pytest.raises(SubjectKeyRefused, match=r"廃棄済み.*gateway keys renew"):
        await subject_key.hold(house.stores.log, COOP, None, by="gw", clock=house.clock)
    house.stores.keys.create((COOP,))
    with pytest.raises(SubjectKeyRefused, match="renew"):
        await hold(house)
    await set_state(house.stores.log, COOP, PARTNER, active=True, by="運用", reason="試験", clock=house.clock)
    with pytest.raises(SubjectKeyRefused, match=PARTNER):
        await renew(house)
    await set_state(house.stores.log, COOP, PARTNER, active=False, by="運用", reason="試験", clock=house.clock)
    await renew(house)
    await hold(house)
    last = await house.last()
    assert isinstance(last, Key)
    assert (last.use, last.reason) == ("subject", "統合")


async def test_a_lost_key_can_be_followed_by_a_new_one(house: House) -> None:
    await hold(house)
    (house.settings.keys / COOP / "subject.key").unlink()
    house.stores.keys.create((COOP,))
    with pytest.raises(SubjectKeyRefused, match="is not the one"):
        await hold(house)
    await renew(house)
    await hold(house)


async def test_a_process_that_still_has_a_destroyed_key_does_not_use_it_for_a_partner_that_is_resumed(
    house: House,
) -> None:
    await hold(house)
    await destroy(house)
    await set_state(house.stores.log, COOP, PARTNER, active=True, by="運用", reason="再開", clock=house.clock)
    await withdraw_strangers(house.desk)
    assert set(house.desk.coops) == {"coopdeli"}


async def test_a_process_that_still_has_the_old_key_serves_that_co_op_no_longer(house: House) -> None:
    await hold(house)
    await house.stop("00000101", kind="stop_use")
    await withdraw_strangers(house.desk)
    assert COOP in house.desk.coops
    await destroy(house)
    house.stores.keys.forget(COOP)
    house.stores.keys.create((COOP,))
    await renew(house)
    await withdraw_strangers(house.desk)
    assert set(house.desk.coops) == {"coopdeli"}
    assert ("note", "member key replaced", {"coop": COOP}) in house.told
