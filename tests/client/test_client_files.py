"""The files of a client: written once, readable by nobody else, and refused with the mend."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto import jwk

from gateway.client import Client, ConfigError, generate_keys, load_config, load_keys
from tests.client.gateway_peer import CONFIG


def write(path: Path, document: object, *, mode: int = 0o600) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    path.chmod(mode)
    return path


def test_new_keys_are_two_private_files_that_load_again(tmp_path: Path):
    made = generate_keys(tmp_path / "partner")
    assert sorted(path.name for path in (tmp_path / "partner").iterdir()) == ["enc.jwk.json", "sig.jwk.json"]
    for path in (tmp_path / "partner").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    read = load_keys(tmp_path / "partner")
    assert read.public_jwks() == made.public_jwks()


def test_a_new_key_is_written_private_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        generate_keys(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "sig.jwk.json").stat().st_mode & 0o777 == 0o600


def test_each_file_is_one_private_jwk_that_another_library_reads(tmp_path: Path):
    generate_keys(tmp_path)
    for use, alg in (("sig", "ES256"), ("enc", "ECDH-ES+A256KW")):
        document = json.loads((tmp_path / f"{use}.jwk.json").read_bytes())
        assert document.keys() == {"kty", "crv", "x", "y", "d", "kid", "use", "alg"}
        assert (document["use"], document["alg"]) == (use, alg)
        key = jwk.JWK(**document)
        assert key.has_private
        assert key.thumbprint() == document["kid"]


def test_the_public_set_holds_nothing_private(tmp_path: Path):
    keys = generate_keys(tmp_path).public_jwks()["keys"]
    assert [key["use"] for key in keys] == ["sig", "enc"]
    assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)


def test_an_existing_key_is_never_overwritten(tmp_path: Path):
    generate_keys(tmp_path)
    kept = (tmp_path / "sig.jwk.json").read_bytes()
    (tmp_path / "enc.jwk.json").unlink()
    with pytest.raises(ConfigError, match=r"sig\.jwk\.json: exists already"):
        generate_keys(tmp_path)
    assert (tmp_path / "sig.jwk.json").read_bytes() == kept
    assert not (tmp_path / "enc.jwk.json").exists()


def test_a_second_encryption_key_is_read_while_one_replaces_the_other(tmp_path: Path):
    generate_keys(tmp_path)
    generate_keys(tmp_path / "next")
    (tmp_path / "next" / "enc.jwk.json").rename(tmp_path / "enc.2027.jwk.json")
    assert len({key.kid for key in load_keys(tmp_path).enc}) == 2
    write(tmp_path / "enc.copy.jwk.json", json.loads((tmp_path / "enc.jwk.json").read_bytes()))
    with pytest.raises(ConfigError, match="is the same in two"):
        load_keys(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int):
    generate_keys(tmp_path)
    (tmp_path / "enc.jwk.json").chmod(mode)
    with pytest.raises(ConfigError, match=rf"enc\.jwk\.json: is open to others \(mode {mode:04o}\); run chmod 600"):
        load_keys(tmp_path)


OTHER = jwk.JWK.generate(kty="EC", crv="P-256").export(as_dict=True)


@pytest.mark.parametrize(
    ("bent", "member"),
    [
        ({"kid": None}, "kid"),
        ({"kid": "a b"}, "kid"),
        ({"kid": "x" * 65}, "kid"),
        ({"use": "enc"}, "use"),
        ({"alg": "PS256"}, "alg"),
        ({"kty": "RSA"}, "kty"),
        ({"crv": "P-384"}, "crv"),
        ({"d": None}, "d"),
        ({"d": "AA"}, "d"),
        ({"d": "!"}, "d"),
        ({"d": OTHER["d"]}, "d"),
        ({"x": OTHER["x"]}, "d"),
        ({"ext": True}, "ext"),
    ],
)
def test_a_key_file_is_refused_with_the_member_to_mend_and_no_value(tmp_path: Path, bent: dict[str, Any], member: str):
    generate_keys(tmp_path)
    document = json.loads((tmp_path / "sig.jwk.json").read_bytes()) | bent
    write(tmp_path / "sig.jwk.json", document)
    with pytest.raises(ConfigError) as caught:
        load_keys(tmp_path)
    assert caught.value.member == member
    assert caught.value.file == str(tmp_path / "sig.jwk.json")
    assert str(document["d"]) not in str(caught.value) or document["d"] in {None, "!"}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"kty": "EC", "kty": "EC"}', b"\xff", b"-----BEGIN"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, content: bytes):
    generate_keys(tmp_path)
    (tmp_path / "sig.jwk.json").write_bytes(content)
    (tmp_path / "client.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"sig\.jwk\.json: is not one JSON object"):
        load_keys(tmp_path)
    with pytest.raises(ConfigError, match=r"client\.json: is not one JSON object"):
        load_config(tmp_path / "client.json")


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"client\.json: cannot be read \(No such file"):
        Client.from_folder(tmp_path)
    write(tmp_path / "client.json", CONFIG)
    with pytest.raises(ConfigError, match=r"enc\.jwk\.json: cannot be read"):
        Client.from_folder(tmp_path)


def test_a_complete_folder_opens(tmp_path: Path):
    generate_keys(tmp_path)
    write(tmp_path / "client.json", CONFIG)
    with Client.from_folder(tmp_path, retry_budget=0):
        config = load_config(tmp_path / "client.json")
    assert [entry.purpose for entry in config.purposes] == ["P4", "P12"]
    assert config.purposes[1].products == ("G1",)
    assert config.purposes[1].case_required is True


@pytest.mark.parametrize(
    ("bent", "member"),
    [
        ({"issuer": None}, "issuer"),
        ({"issuer": "http://gw.example.coop"}, "issuer"),
        ({"issuer": "https://gw.example.coop/"}, "issuer"),
        ({"issuer": "https://u:p@gw.example.coop"}, "issuer"),
        ({"issuer": "https://gw.example.coop?x=1"}, "issuer"),
        ({"issuer": "gw.example.coop"}, "issuer"),
        ({"issuer": "https://["}, "issuer"),
        ({"issuer": "https://gw.example.coop:port"}, "issuer"),
        ({"issuer": "https://gw.example.coop\n"}, "issuer"),
        ({"issuer": "https://GW.example.coop"}, "issuer"),
        ({"resource": "http://127.0.0.1.example/v1"}, "resource"),
        ({"resource": 1}, "resource"),
        ({"client_id": " "}, "client_id"),
        ({"coop": ""}, "coop"),
        ({"agreement": []}, "agreement"),
        ({"client_secret": "x"}, "client_secret"),
        ({"purposes": []}, "purposes"),
        ({"purposes": {}}, "purposes"),
        ({"purposes": ["P4"]}, "purposes[0]"),
        ({"purposes": [{"purpose": 4, "fields": ["name"]}]}, "purposes[0].purpose"),
        ({"purposes": [{"purpose": "P4"}]}, "purposes[0].fields"),
        ({"purposes": [{"purpose": "P4", "fields": []}]}, "purposes[0].fields"),
        ({"purposes": [{"purpose": "P4", "fields": ["Name"]}]}, "purposes[0].fields"),
        ({"purposes": [{"purpose": "P4", "fields": ["name", "name"]}]}, "purposes[0].fields"),
        ({"purposes": [{"purpose": "P4", "fields": ["name"], "products": "G1"}]}, "purposes[0].products"),
        ({"purposes": [{"purpose": "P4", "fields": ["name"], "case_required": "yes"}]}, "purposes[0].case_required"),
        ({"purposes": [{"purpose": "P4", "fields": ["name"], "feilds": []}]}, "purposes[0].feilds"),
        ({"purposes": [{"purpose": "P4", "fields": ["name"]}] * 2}, "purposes"),
    ],
)
def test_a_configuration_is_refused_with_the_member_to_mend(tmp_path: Path, bent: dict[str, Any], member: str):
    path = write(tmp_path / "client.json", CONFIG | bent)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert (caught.value.file, caught.value.member) == (str(path), member)


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400", "[::1]:8400"])
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, host: str):
    path = write(tmp_path / "client.json", CONFIG | {"issuer": f"http://{host}", "resource": f"http://{host}/v1"})
    assert load_config(path).issuer == f"http://{host}"


def test_a_key_on_another_curve_is_not_taken(tmp_path: Path):
    generate_keys(tmp_path)
    numbers = ec.generate_private_key(ec.SECP384R1()).private_numbers()
    document = json.loads((tmp_path / "sig.jwk.json").read_bytes())
    document["d"] = jwk.base64url_encode(numbers.private_value.to_bytes(48, "big"))
    write(tmp_path / "sig.jwk.json", document)
    with pytest.raises(ConfigError):
        load_keys(tmp_path)
