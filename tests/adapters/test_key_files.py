"""The gateway's own keys: made once, readable by nobody else, never overwritten."""

import stat
from pathlib import Path

import pytest

from gateway.adapters.key_files import KeyFiles, KeysRefused


@pytest.fixture
def keys(tmp_path: Path) -> KeyFiles:
    made = KeyFiles(tmp_path / "keys")
    made.create(("kyoritsusha", "coopdeli"))
    return made


def test_every_key_is_private_and_each_co_op_has_its_own(keys: KeyFiles, tmp_path: Path) -> None:
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o400}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    one, two = keys.coop_secrets("kyoritsusha"), keys.coop_secrets("coopdeli")
    assert len({one.subject, one.pairwise, one.requests, one.cursors, two.subject, two.pairwise}) == 6
    assert (
        keys.note_signer("kyoritsusha", "gw/kyoritsusha").key.public != keys.note_signer("coopdeli", "gw/c").key.public
    )


def test_making_again_touches_nothing(keys: KeyFiles) -> None:
    before = keys.public("response"), keys.coop_secrets("coopdeli")
    assert keys.create(("kyoritsusha", "coopdeli")) == []
    assert (keys.public("response"), keys.coop_secrets("coopdeli")) == before
    assert len(keys.create(("kyoritsusha", "coopdeli", "miyagi"))) == 5


def test_response_and_token_keys_differ_and_nothing_private_is_shown(keys: KeyFiles) -> None:
    response, token = keys.public("response")[0], keys.public("token")[0]
    assert response["x"] != token["x"]
    assert "d" not in response
    assert repr(keys.coop_secrets("coopdeli")) == "<CoopSecrets>"


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644])
def test_a_key_that_others_can_read_is_refused_by_name(keys: KeyFiles, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys" / "coopdeli" / "subject.key"
    path.chmod(mode)
    with pytest.raises(KeysRefused, match=r"subject\.key.*chmod 400"):
        keys.coop_secrets("coopdeli")


def test_a_missing_or_short_key_is_refused_with_its_mend(keys: KeyFiles, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "nonce.key"
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(KeysRefused, match="5 bytes"):
        keys.nonce_master()
    path.unlink()
    with pytest.raises(KeysRefused, match="gateway keys init"):
        keys.nonce_master()


def test_a_key_of_another_kind_is_refused(keys: KeyFiles, tmp_path: Path) -> None:
    log = tmp_path / "keys" / "coopdeli" / "log.pem"
    stolen = log.read_bytes()
    response = next((tmp_path / "keys").glob("response-*.pem"))
    response.chmod(0o600)
    response.write_bytes(stolen)
    with pytest.raises(KeysRefused, match="no P-256 key"):
        keys.signers("response")
