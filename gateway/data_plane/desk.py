"""The desk (窓口) that partner systems come to: what the seven steps work with, in one process."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.core.days import Moment
from gateway.core.follow_ups.follow_up import Rules
from gateway.core.incidents.report import IncidentReport
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Policy
from gateway.core.state import ClientKey, Snapshot
from gateway.data_plane.enumeration import Enumeration
from gateway.data_plane.handed_over import HandedOver
from gateway.data_plane.limits import Buckets, Summaries
from gateway.data_plane.passing import Standing
from gateway.data_plane.snapshots import Snapshots
from gateway.jose.rfc7515 import Signer
from gateway.jose.rfc7517 import PublicKey, accept_key
from gateway.oauth.rfc9068 import AccessToken
from gateway.oauth.rfc9449 import Nonces
from gateway.ports import (
    COMMIT_WITHIN,
    Clock,
    CoopSecrets,
    Exports,
    FollowUps,
    KeptRequests,
    Log,
    Overruns,
    Publications,
    SideRows,
    Source,
    Submission,
    Telemetry,
    Unavailable,
    Verdict,
    Walks,
)

DEADLINE = COMMIT_WITHIN
"""For a whole transfer, checked again at the commit point."""


TakeIncident = Callable[[IncidentReport, str, str, str], Awaitable[str]]
"""(report, partner, client, digest of what was signed) → the name that the incident is kept under. Raises Unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coop:
    """One co-op behind the desk."""

    id: str
    origin: str
    source: Source
    secrets: CoopSecrets = field(repr=False)
    duties: Rules = field(default_factory=Rules)
    """What partners must do with whom a walk no longer gives, and by when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything the steps need; assembled by app/; caches and what befalls a co-op change."""

    issuer: str
    resource: str
    clock: Clock
    log: Log
    publications: Publications
    side_rows: SideRows
    follow_ups: FollowUps
    overruns: Overruns
    walks: Walks
    exports: Exports
    kept_requests: KeptRequests
    snapshots: Snapshots
    coops: dict[str, Coop]
    """One whose member key is no longer the one that the log names is taken out (app/), and refused as if unknown."""
    response_signer: Signer
    token_signer: Signer
    token_keys: Mapping[str, PublicKey]
    nonces: Nonces
    proxies: frozenset[str] = frozenset()
    """Addresses whose last `X-Forwarded-For` value is believed."""
    per_prefix: Buckets
    per_client: Buckets
    per_purpose: Buckets
    summaries: Summaries
    telemetry: Telemetry
    handed_over: HandedOver = field(default_factory=HandedOver)
    enumeration: Enumeration = field(default_factory=Enumeration)
    take_incident: TakeIncident | None = None
    """Keeps a partner's report of a leak for compliance; None where this process keeps none."""
    rewritten: set[str] = field(default_factory=set)
    """Co-ops whose log is not the one that was signed, or was not looked at yet: this process does not release then."""
    held_back: set[str] = field(default_factory=set)
    """Co-ops that chose to release nothing while their log's anchors are overdue, as long as they are."""
    tokens: dict[bytes, AccessToken] = field(default_factory=dict)
    """Verified access tokens by hash, until they expire."""
    decisions: dict[str, tuple[Snapshot, dict[object, tuple[datetime, Permit | Denial]]]] = field(default_factory=dict)
    """Per co-op: the snapshot decided under, and decisions that stand until their `valid_until`."""
    clients: dict[str, tuple[Policy, dict[str, str]]] = field(default_factory=dict)
    """Per co-op: client → partner, under the policy it was read from."""
    prepared: dict[tuple[str, str], PublicKey] = field(default_factory=dict)
    """Partner keys ready for use, by thumbprint and `kid`."""

    def key(self, registered: ClientKey) -> PublicKey:
        """Return a registered key, prepared once."""
        named = (registered.thumbprint, registered.kid)
        key = self.prepared.get(named)
        if key is None:
            key = self.prepared[named] = accept_key(registered.jwk)
        return key

    async def standing(self, coop: str, gov: int, *, deadline: datetime) -> Standing:
        """Return what is in force now, at least as far as a governance index. Raises Unavailable."""
        snapshot = await self.snapshots.at_least(coop, gov, deadline=deadline)
        return Standing(snapshot=snapshot, at=self.clock())

    async def append(self, coop: str, submission: Submission) -> Verdict:
        """Commit an entry. Raises Unavailable, also where the log is not the one that was signed."""
        if coop in self.rewritten:
            raise Unavailable("the log is not the one that was signed")
        return await self.log.append(coop, submission)

    def partner_of(self, coop: str, client: str, at: datetime) -> str | None:
        """Return the partner a client belongs to in the policy in force; None where it belongs to none."""
        policy = self.snapshots.current(coop).policy_at(Moment(at))
        if policy is None:
            return None
        known = self.clients.get(coop)
        if known is None or known[0] is not policy:
            index = {name: partner.id for partner in policy.partners.values() for name in partner.clients}
            known = self.clients[coop] = (policy, index)
        return known[1].get(client)
