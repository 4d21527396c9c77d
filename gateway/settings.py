"""The only reader of the environment; frozen; an unknown GATEWAY_ variable is refused by name."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GATEWAY_"


class SourceSettings(BaseModel):
    """A co-op's member system: where it answers, and the file that holds its bearer secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    secret_file: Path
    timeout_s: Annotated[float, Field(gt=0, le=20)] = 5.0
    connections: Annotated[int, Field(ge=1, le=1_000)] = 64


class Settings(BaseSettings):
    """Everything a gateway process is told, from `GATEWAY_…` variables; lists and sources as JSON."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    name: str = "gateway.example.coop"
    """The first part of every log's origin; fixed for ever once a log exists."""
    issuer: str
    """`https://…` without a path; the resource is `<issuer>/v1`. Never derived from a request."""
    database_url: str
    """`postgresql+asyncpg://…` or `sqlite:///path`."""
    keys: Path = Path("keys")
    policies: Path = Path("policies")
    partners: Path = Path("partners")
    coops: tuple[str, ...]
    sources: dict[str, SourceSettings]
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8400
    allowed_hosts: tuple[str, ...] = ()
    """Accepted `Host` values beside the issuer's own."""
    proxies: tuple[str, ...] = ()
    """Addresses of load balancers whose last `X-Forwarded-For` value names the client, for limits alone."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    demo: bool = False
    """Allows http on the loopback address and sample policies; for the demo alone."""
    requests_per_second: Annotated[float, Field(gt=0)] = 200.0
    burst: Annotated[int, Field(ge=1)] = 400
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

    @field_validator("issuer")
    @classmethod
    def _no_path(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in {"https", "http"} or not parts.netloc or issuer != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("the issuer is `https://host[:port]`, without a path, query or final slash")
        return issuer

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        loopback = urlsplit(self.issuer).hostname in {"127.0.0.1", "localhost", "::1"}
        if self.issuer.startswith("http://") and not (self.demo and loopback):
            raise ValueError(
                "an issuer over plain http is accepted in the demo on the loopback address alone; use https"
            )
        missing = set(self.coops) - set(self.sources)
        if missing:
            raise ValueError(f"no source is named for the co-op `{min(missing)}`; add it to {PREFIX}SOURCES")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("a TLS certificate and its key are given together")
        return self


class UnknownVariable(ValueError):
    """A variable with our prefix names no setting."""


def read_settings(**overrides: object) -> Settings:
    """Return the settings of this process. Raises ValueError (pydantic's, or UnknownVariable) that names the variable."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise UnknownVariable(f"`{unknown[0]}` is no setting; known are {', '.join(sorted(known))}")
    return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
