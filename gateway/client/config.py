"""`client.json`: which gateway, which client, which agreement, and what it may be asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.client.compact import json_object
from gateway.client.errors import ConfigError, UsageError

FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_URL = re.compile(r"https?://[a-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~-]+)*\Z")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose of the agreement, with the fields (and product classes) this client is set up to ask for."""

    purpose: str
    fields: tuple[str, ...]
    products: tuple[str, ...] = ()
    case_required: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """What one token and one transfer are for; always within the configuration."""

    purpose: str
    fields: tuple[str, ...]
    product: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """One client of one partner under one agreement with one co-op."""

    issuer: str
    resource: str
    client_id: str
    coop: str
    agreement: str
    purposes: tuple[Purpose, ...]

    def ask(
        self,
        purpose: str,
        *,
        fields: Sequence[str] | None = None,
        product: str | None = None,
        case: str | None = None,
    ) -> Ask:
        """The request this configuration allows, or UsageError before anything is sent.

        Without `fields`, all configured ones; without `product`, the only configured one.
        """
        known = {entry.purpose: entry for entry in self.purposes}
        if purpose not in known:
            raise UsageError(f"the purpose is not in client.json, which has: {', '.join(known)}")
        entry = known[purpose]
        fields = entry.fields if fields is None else tuple(fields)
        if not fields or len(set(fields)) != len(fields):
            raise UsageError("fields must name at least one field, and none twice")
        for index, name in enumerate(fields):
            if name not in entry.fields:
                raise UsageError(f"fields[{index}] is not configured for purpose `{purpose}` in client.json")
        if product is None and len(entry.products) == 1:
            product = entry.products[0]
        if product not in (entry.products or (None,)):
            told = ", ".join(entry.products) or "none"
            raise UsageError(f"product must be one of those client.json has for purpose `{purpose}`: {told}")
        if case is None and entry.case_required:
            raise UsageError(f"purpose `{purpose}` needs a case number: say case=…")
        if case is not None and not (case and case.isprintable()):
            raise UsageError("case must be a printable text")
        return Ask(purpose, fields, product, case)


def load_config(path: Path | str) -> Config:
    """Read and check `client.json`; every ConfigError names the file and the member to mend."""
    file = str(path)
    try:
        members = json_object(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(file=file, message=f"cannot be read ({error.strerror})") from None
    except ValueError:
        raise ConfigError(file=file, message="is not one JSON object in UTF-8 without repeated names") from None
    return config_from(members, file=file)


def config_from(members: dict[str, Any], *, file: str = "client.json") -> Config:
    """The configuration held in an object of the shape of `client.json`; closed: an unknown member is refused."""
    texts = ("issuer", "resource", "client_id", "coop", "agreement")
    _closed(members, allowed={*texts, "purposes"}, file=file, at="")
    for member in texts:
        if not (isinstance(members.get(member), str) and members[member].strip()):
            raise ConfigError(file=file, member=member, message="must be a text")
    for member in ("issuer", "resource"):
        if not safe_url(members[member]):
            told = "must be an https URL as the gateway publishes it: lower case, without `/` at its end"
            raise ConfigError(file=file, member=member, message=told)
    entries = members.get("purposes")
    if not (isinstance(entries, list) and entries):
        raise ConfigError(file=file, member="purposes", message="must list at least one purpose")
    purposes = tuple(_purpose(entry, file=file, at=f"purposes[{index}]") for index, entry in enumerate(entries))
    if len({entry.purpose for entry in purposes}) != len(purposes):
        raise ConfigError(file=file, member="purposes", message="names a purpose twice")
    return Config(**{member: members[member] for member in texts}, purposes=purposes)


def _purpose(entry: Any, *, file: str, at: str) -> Purpose:
    if not isinstance(entry, dict):
        raise ConfigError(file=file, member=at, message="must be an object")
    _closed(entry, allowed={"purpose", "fields", "products", "case_required"}, file=file, at=f"{at}.")
    if not (isinstance(entry.get("purpose"), str) and entry["purpose"]):
        raise ConfigError(file=file, member=f"{at}.purpose", message="must be a text")
    fields = _texts(entry.get("fields"), file=file, member=f"{at}.fields")
    if not fields or not all(FIELD.match(name) for name in fields):
        raise ConfigError(file=file, member=f"{at}.fields", message="must name fields such as `member_code`")
    products = _texts(entry.get("products", []), file=file, member=f"{at}.products")
    case_required = entry.get("case_required", False)
    if not isinstance(case_required, bool):
        raise ConfigError(file=file, member=f"{at}.case_required", message="must be true or false")
    return Purpose(entry["purpose"], fields, products, case_required)


def _texts(value: Any, *, file: str, member: str) -> tuple[str, ...]:
    if not (isinstance(value, list) and all(isinstance(text, str) and text for text in value)):
        raise ConfigError(file=file, member=member, message="must be a list of texts")
    if len(set(value)) != len(value):
        raise ConfigError(file=file, member=member, message="names something twice")
    return tuple(value)


def _closed(members: dict[str, Any], *, allowed: set[str], file: str, at: str) -> None:
    if extra := sorted(members.keys() - allowed):
        raise ConfigError(file=file, member=at + extra[0], message="is not known here; is it misspelt?")


def safe_url(url: str) -> bool:
    """Whether a URL is plain (scheme, host, path; no `/` at its end) and https, or http to this machine itself."""
    try:
        parts = urlsplit(url)
        local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        plain = bool(_URL.match(url) and parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False
    return plain and (parts.scheme == "https" or local)
