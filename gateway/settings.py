"""The only reader of the environment; frozen; an unknown GATEWAY_ variable is refused by name."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    DirectoryPath,
    Discriminator,
    Field,
    FilePath,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.core.follow_ups.follow_up import Duty
from gateway.core.members.masters import EventKind, Side
from gateway.core.state import RestrictionKind

PREFIX = "GATEWAY_"


class SourceSettings(BaseModel):
    """A co-op's member system over HTTP: where it answers, and the file that holds its bearer secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["http"] = "http"
    url: str
    secret_file: Path
    timeout_s: Annotated[float, Field(gt=0, le=20)] = 5.0
    connections: Annotated[int, Field(ge=1, le=1_000)] = 64


class SqlSourceSettings(BaseModel):
    """A co-op's member system as a view of a database: the file that holds its URL, which has a password in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sql"]
    url_file: Path
    timeout_s: Annotated[float, Field(gt=0, le=20)] = 5.0
    connections: Annotated[int, Field(ge=1, le=100)] = 8


class FileSourceSettings(BaseModel):
    """A co-op's member system as files: the folder that they are put into."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["files"]
    folder: Path
    every_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0
    """How often it is looked whether there is a new file."""


AnySource = Annotated[
    Annotated[SourceSettings, Tag("http")]
    | Annotated[SqlSourceSettings, Tag("sql")]
    | Annotated[FileSourceSettings, Tag("files")],
    Discriminator(lambda given: given.get("kind", "http") if isinstance(given, dict) else given.kind),
]


class WitnessSettings(BaseModel):
    """A witness of a co-op's log: its submission prefix, and its key in one line (type 04, c2sp.org/tlog-cosignature)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    vkey: str

    @field_validator("url")
    @classmethod
    def _https(cls, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or (
            parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname))
        ):
            raise ValueError("a witness is asked over https; plain http is accepted on the loopback address alone")
        return url

    @field_validator("vkey")
    @classmethod
    def _cosigns(cls, vkey: str) -> str:
        from gateway.tlog.cosignature import parse_witness_vkey

        try:
            parse_witness_vkey(vkey)
        except ValueError as fault:
            raise ValueError(
                f"this is no witness's verifier key: {fault}; ask its operator for the vkey line"
            ) from None
        return vkey


class TimestampSettings(BaseModel):
    """A time-stamping authority (RFC 3161): where it answers, and the certificates that its answers are checked with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """Over http or https: its answers are signed, and it learns a digest alone."""
    ca_file: FilePath
    policy: str | None = None
    interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).hostname:
            raise ValueError("a time-stamping authority has a URL that begins with https:// or http://")
        return url

    @model_validator(mode="after")
    def _certificates(self) -> "TimestampSettings":
        from gateway.tlog.timestamp import read_authority

        try:
            read_authority(self.ca_file.read_bytes(), policy=self.policy)
        except (OSError, ValueError) as fault:
            raise ValueError(
                f"`ca_file` is a PEM file with the authority's root certificate, and `policy` a dotted OID: {fault}"
            ) from None
        return self


class AnchorSettings(BaseModel):
    """Who vouches for a co-op's log from outside, and what follows when they no longer do (docs/log-anchors.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    witnesses: tuple[WitnessSettings, ...] = ()
    quorum: Annotated[int, Field(ge=1)] | None = None
    """So many witnesses must cosign the same checkpoint; None: all."""
    timestamp: TimestampSettings | None = None
    overdue_hours: Annotated[int, Field(ge=1, le=168)] = 4
    stop_releases: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> "AnchorSettings":
        if not self.witnesses and self.timestamp is None:
            raise ValueError("no anchor is named: give `witnesses` or `timestamp`, or leave the co-op out")
        if self.quorum is not None and self.quorum > len(self.witnesses):
            raise ValueError(f"a quorum of {self.quorum} cannot be had of {len(self.witnesses)} witnesses")
        names = [witness.vkey.partition("+")[0] for witness in self.witnesses]
        if len({witness.vkey.rpartition("+")[2] for witness in self.witnesses}) < len(names) or len(set(names)) < len(
            names
        ):
            raise ValueError("a witness is named twice: one witness has one voice")
        if self.timestamp is not None and self.timestamp.interval_minutes >= 60 * self.overdue_hours:
            raise ValueError(
                "`interval_minutes` must be shorter than `overdue_hours`, or every time-stamp comes too late"
            )
        return self


class OidcSettings(BaseModel):
    """A co-op's own identity provider (docs/sign-in.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    secret_file: FilePath
    acr: tuple[str, ...] = ()
    """What the provider calls a sign-in with more than one factor; one of these must be the ID token's `acr`."""
    amr: tuple[str, ...] = ()
    scope: str = "openid"
    claim: Annotated[str, Field(min_length=1)] = "sub"
    max_age_minutes: Annotated[int, Field(ge=1, le=480)] = 60
    ca_file: FilePath | None = None
    local: bool = True
    """Whether the co-op's people may sign in with a password of the console as well."""

    @field_validator("issuer")
    @classmethod
    def _plain(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("an issuer is an https:// URL without a query, exactly as the provider writes it")
        return issuer

    @model_validator(mode="after")
    def _factors(self) -> "OidcSettings":
        if not any((*self.acr, *self.amr)):
            raise ValueError(
                "name the provider's `acr` values for more than one factor; where it has none, `amr` values"
            )
        if "openid" not in self.scope.split():
            raise ValueError("`scope` holds `openid`")
        return self


class FollowUpSettings(BaseModel):
    """What partners that hold a member's data are told, and when (訂正・停止等の通知)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duties: dict[RestrictionKind, Duty] | None = None
    """Kind of restriction → what partners must do; None: they stop using it, for all kinds but `marketing_stop`."""
    days: dict[Duty, Annotated[int, Field(ge=1, le=365)]] = {}
    """Calendar days for a duty; one that is not named has the usual ones (core/legal_parameters.py)."""
    blocking: dict[str, Annotated[int, Field(ge=0, le=365)]] = {}
    """Agreement → days after the due day from which nothing is provided under it until the duty is met."""
    removal: Literal["delete", "stop_using"] = "stop_using"
    """What a partner must do with whom it was given and a later walk over the population no longer gives."""


class Settings(BaseSettings):
    """Everything a gateway process is told, from `GATEWAY_…` variables; lists and sources as JSON."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    name: str = "gateway.example.coop"
    """The first part of every log's origin; fixed for ever once a log exists."""
    succeeds: tuple[str, ...] = ()
    """The names before, the last one first: only where a log that lost its end for good began anew (docs/operations.md)."""
    issuer: str
    """`https://…` without a path; the resource is `<issuer>/v1`. Never derived from a request."""
    database_url: str
    """`postgresql+asyncpg://…` or `sqlite:///path`."""
    keys: Path = Path("keys")
    signer_state: Path | None = None
    """Where the signer of checkpoints keeps what it last signed; None: `signer-state` among the keys."""
    retention_months: Annotated[int, Field(ge=36)] = 42
    """How long side rows are kept, which tie log entries to members: three years by law, and half a year more."""
    policies: Path = Path("policies")
    partners: Path = Path("partners")
    coops: tuple[str, ...]
    coop_names: dict[str, str] = {}
    """What a co-op is called where staff read it; one that is not named is called by its id."""
    rights_fees: dict[str, Annotated[int, Field(ge=1, le=100_000)]] = {}
    """Per co-op, the fee in yen that it published for disclosure and notification of purposes; one not named has none."""
    sources: dict[str, AnySource]
    follow_ups: dict[str, FollowUpSettings] = {}
    """Per co-op; one that is not named has the usual rules, and blocks nobody."""
    masters: dict[str, dict[EventKind, Side]] = {}
    """Per co-op, kind of member event → the one side that may say it; where nothing is named, both may."""
    anchors: dict[str, AnchorSettings] = {}
    """Per co-op; one that is not named has none."""
    oidc: dict[str, OidcSettings] = {}
    """Per co-op, its own identity provider; the people of one that is not named sign in with a password and a code."""
    training_required: tuple[str, ...] = ()
    """Co-ops in which nobody approves without a record of training that counts today."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8400
    allowed_hosts: tuple[str, ...] = ()
    """Accepted `Host` values beside the issuer's own."""
    proxies: tuple[str, ...] = ()
    """Addresses of load balancers whose last `X-Forwarded-For` value names the client, for limits alone."""
    console: str | None = None
    """`https://…` without a path, where staff reach the console; None: there is none."""
    console_host: str = "127.0.0.1"
    console_port: Annotated[int, Field(ge=0, le=65_535)] = 8401
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    fonts: DirectoryPath | None = None
    """The folder with the fonts that documents (PDF) are set in; None: the usual folders of the system."""
    demo: bool = False
    """Allows http on the loopback address and sample policies; for the demo alone."""
    requests_per_second: Annotated[float, Field(gt=0)] = 200.0
    burst: Annotated[int, Field(ge=1)] = 400
    delta_days: Annotated[int, Field(ge=1, le=400)] = 35
    """How long it is kept what a walk over a population gave, for the next to give only what changed since."""
    makes_exports: bool = True
    """Whether a process that serves makes the parts of exports too; no, where `gateway work` does."""
    export_part_members: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    """Members of one part of an export at most; smaller parts for partners that cannot take large ones."""
    telemetry: bool = False
    """OpenTelemetry traces and metrics; where to send them is told by the standard OTEL_EXPORTER_OTLP_… variables."""

    @property
    def resource(self) -> str:
        """The protected resource's identifier."""
        return self.issuer + "/v1"

    @property
    def hosts(self) -> frozenset[str]:
        """Every `Host` value that is answered."""
        return frozenset({urlsplit(self.issuer).netloc, *self.allowed_hosts})

    @field_validator("issuer", "console")
    @classmethod
    def _no_path(cls, origin: str | None) -> str | None:
        parts = urlsplit(origin or "")
        if origin is not None and (
            parts.scheme not in {"https", "http"} or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ValueError("this is `https://host[:port]`, without a path, query or final slash")
        return origin

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith("postgresql+asyncpg://") and url.removeprefix("sqlite:///") in {"", url}:
            raise ValueError("this is `postgresql+asyncpg://user@host/database` or `sqlite:///path`")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        for what, origin in (("an issuer", self.issuer), ("a console", self.console or "")):
            if origin.startswith("http://") and not (self.demo and _loopback(urlsplit(origin).hostname)):
                raise ValueError(
                    f"{what} over plain http is accepted in the demo on the loopback address alone; use https"
                )
        missing = set(self.coops) - set(self.sources)
        if missing:
            raise ValueError(f"no source is named for the co-op `{min(missing)}`; add it to {PREFIX}SOURCES")
        for what, named in (
            ("ANCHORS", self.anchors),
            ("OIDC", self.oidc),
            ("COOP_NAMES", self.coop_names),
            ("RIGHTS_FEES", self.rights_fees),
            ("FOLLOW_UPS", self.follow_ups),
            ("MASTERS", self.masters),
            ("TRAINING_REQUIRED", self.training_required),
        ):
            strangers = set(named) - set(self.coops)
            if strangers:
                raise ValueError(f"{PREFIX}{what} names `{min(strangers)}`, which is not in {PREFIX}COOPS; take it out")
        for coop, provider in self.oidc.items():
            parts = urlsplit(provider.issuer)
            if parts.scheme != "https" and not (self.demo and _loopback(parts.hostname)):
                raise ValueError(
                    f"the issuer of `{coop}` is asked over plain http, which is accepted in the demo on the loopback "
                    "address alone; use https"
                )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("a TLS certificate and its key are given together")
        return self


def _loopback(host: str | None) -> bool:
    return host in {"127.0.0.1", "localhost", "::1"}


def in_demo() -> bool:
    """Tell whether this is the demo, where no other setting may be there to read; what is no word for yes is no."""
    return os.environ.get(PREFIX + "DEMO", "").lower() in {"1", "true", "yes", "on", "y", "t"}


class UnknownVariable(ValueError):
    """A variable with our prefix names no setting."""


def read_settings(**overrides: object) -> Settings:
    """Return the settings of this process. Raises ValueError (pydantic's, or UnknownVariable) that names the variable."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise UnknownVariable(f"`{unknown[0]}` is no setting; known are {', '.join(sorted(known))}")
    return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
