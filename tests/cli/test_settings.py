"""Settings: frozen, unknown ones refused by name, unsafe ones refused with the mend."""

import os
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Settings, UnknownVariable, read_settings

GOOD: dict[str, Any] = {
    "issuer": "https://gw.example.coop",
    "database_url": "sqlite:///x.db",
    "coops": ("kyoritsusha",),
    "sources": {"kyoritsusha": {"url": "https://members.example.coop", "secret_file": "/run/secrets/source"}},
}


def test_the_resource_and_hosts_come_from_the_issuer_alone() -> None:
    settings = Settings(**GOOD)
    assert settings.resource == "https://gw.example.coop/v1"
    assert settings.hosts == {"gw.example.coop"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": "http://gw.example.coop"}, "plain http"),
        ({"issuer": "http://127.0.0.1:8400"}, "plain http"),
        ({"issuer": "https://gw.example.coop/"}, "without a path"),
        ({"issuer": "https://gw.example.coop/x"}, "without a path"),
        ({"issuer": "gw.example.coop"}, "without a path"),
        ({"coops": ("kyoritsusha", "coopdeli")}, "coopdeli"),
        ({"tls_key": "/k.pem"}, "together"),
        ({"port": 70_000}, "65535"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings(**{**GOOD, **change})


def test_the_demo_alone_may_use_http_on_the_loopback_address() -> None:
    assert Settings(**{**GOOD, "issuer": "http://127.0.0.1:8400", "demo": True}).demo
    with pytest.raises(ValidationError, match="plain http"):
        Settings(**{**GOOD, "issuer": "http://10.0.0.1:8400", "demo": True})


def test_an_unknown_variable_is_refused_by_name() -> None:
    os.environ["GATEWAY_DATABSE_URL"] = "x"
    try:
        with pytest.raises(UnknownVariable, match="GATEWAY_DATABSE_URL"):
            read_settings(**GOOD)
    finally:
        del os.environ["GATEWAY_DATABSE_URL"]


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings(**GOOD).port = 1  # type: ignore[misc]
