"""Anchors as configured: what cannot work is refused before anything starts, with the mend."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from gateway.settings import Settings, read_settings
from gateway.tlog.cosignature import CosignatureKey
from gateway.tlog.note import VerifierKey
from tests.cli.test_settings import GOOD
from tests.simulators.timestamp_authority import make_authority

PUBLIC = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
VKEY = CosignatureKey("witness.example/w1", PUBLIC).encode()
WITNESS = {"url": "https://witness.example/", "vkey": VKEY}


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_authority(tmp_path_factory.mktemp("tsa") / "good") / "ca.pem")


def told(**anchors: Any) -> Settings:
    return Settings(**GOOD, anchors={"kyoritsusha": anchors})


def test_what_is_not_told_is_the_careful_default(ca_file: str) -> None:
    anchors = told(witnesses=[WITNESS], timestamp={"url": "http://tsa.example/tsa", "ca_file": ca_file}).anchors[
        "kyoritsusha"
    ]
    assert (anchors.quorum, anchors.overdue_hours, anchors.stop_releases) == (None, 4, False)
    assert anchors.timestamp is not None
    assert (anchors.timestamp.interval_minutes, anchors.timestamp.policy) == (60, None)
    assert Settings(**GOOD).anchors == {}


@pytest.fixture
def environment(ca_file: str) -> Iterator[None]:
    value = {"kyoritsusha": {"timestamp": {"url": "https://tsa.example", "ca_file": ca_file, "policy": "1.2.3"}}}
    os.environ["GATEWAY_ANCHORS"] = json.dumps(value)
    yield
    del os.environ["GATEWAY_ANCHORS"]


def test_it_is_one_variable_in_json(environment: None) -> None:
    stamps = read_settings(**GOOD).anchors["kyoritsusha"].timestamp
    assert stamps is not None
    assert stamps.policy == "1.2.3"


@pytest.mark.parametrize(
    ("anchors", "says"),
    [
        ({}, "no anchor is named"),
        ({"stop_releases": True}, "no anchor is named"),
        ({"witnesses": [{**WITNESS, "url": "http://witness.example"}]}, "over https"),
        ({"witnesses": [{**WITNESS, "url": "witness.example"}]}, "over https"),
        ({"witnesses": [{**WITNESS, "vkey": "witness.example/w1"}]}, "ask its operator for the vkey line"),
        ({"witnesses": [{**WITNESS, "vkey": VerifierKey("log.example", PUBLIC).encode()}]}, "not of type 04"),
        ({"witnesses": [WITNESS, WITNESS]}, "named twice"),
        ({"witnesses": [WITNESS, {**WITNESS, "vkey": CosignatureKey("other", PUBLIC).encode()}]}, "named twice"),
        ({"witnesses": [WITNESS], "quorum": 2}, "a quorum of 2 cannot be had of 1"),
        ({"witnesses": [WITNESS], "quorum": 0}, "greater than or equal to 1"),
        ({"witnesses": [WITNESS], "overdue_hours": 0}, "greater than or equal to 1"),
        ({"witnesses": [WITNESS], "colour": "red"}, "colour"),
        ({"timestamp": {"url": "https://tsa.example", "ca_file": "/none"}}, "does not point to a file"),
        ({"timestamp": {"url": "https://tsa.example", "ca_file": __file__}}, "root certificate"),
        ({"timestamp": {"url": "tsa.example", "ca_file": "CA"}}, "begins with https://"),
        ({"timestamp": {"url": "https://tsa.example", "ca_file": "CA", "policy": "ours"}}, "dotted OID"),
        ({"timestamp": {"url": "https://tsa.example", "ca_file": "CA", "interval_minutes": 240}}, "shorter than"),
    ],
)
def test_what_is_refused(anchors: dict[str, Any], says: str, ca_file: str) -> None:
    stamps = anchors.get("timestamp")
    if stamps and stamps["ca_file"] == "CA":
        anchors = {**anchors, "timestamp": {**stamps, "ca_file": ca_file}}
    with pytest.raises(ValidationError, match=says):
        told(**anchors)


def test_a_co_op_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"GATEWAY_ANCHORS names `other`.*GATEWAY_COOPS"):
        Settings(**GOOD, anchors={"other": {"witnesses": [WITNESS]}})


def test_a_witness_on_this_machine_may_be_asked_over_http() -> None:
    url = "http://127.0.0.1:8500/w"
    assert told(witnesses=[{**WITNESS, "url": url}]).anchors["kyoritsusha"].witnesses[0].url == url
