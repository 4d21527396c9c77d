"""What the rooms ask of the world. Each docstring is a contract; one contract test runs on every implementation."""

from gateway.ports.anchors import ArchiveStore, Coverage, Prove, Timestamps, Witness
from gateway.ports.dossiers import Dossiers
from gateway.ports.keys import CoopSecrets
from gateway.ports.log import (
    Bounced,
    Change,
    Committed,
    Head,
    Log,
    OverQuota,
    Quota,
    Replayed,
    Submission,
    Unchanged,
    Values,
    Verdict,
)
from gateway.ports.members import Erasable, HeldBy, HeldSets, Members, Provided, SideRows
from gateway.ports.oidc import CodeRefused, IdentityProvider, OrganisationSignIn, ProviderMetadata
from gateway.ports.partner_requests import PartnerRequests
from gateway.ports.proposals import Checked, EditRefused, Files, PolicyFiles, Proposals, Told
from gateway.ports.publications import (
    CheckpointSigner,
    LogFiles,
    Logged,
    Publications,
    Timestamped,
    Unpublishable,
    UnpublishableCode,
)
from gateway.ports.sources import Query, Records, Source
from gateway.ports.staff import IDLE, WHOLE, Credentials, Person, Session, Staff
from gateway.ports.world import Clock, Telemetry, Unavailable

__all__ = [
    "IDLE",
    "WHOLE",
    "ArchiveStore",
    "Bounced",
    "Change",
    "Checked",
    "CheckpointSigner",
    "Clock",
    "CodeRefused",
    "Committed",
    "CoopSecrets",
    "Coverage",
    "Credentials",
    "Dossiers",
    "EditRefused",
    "Erasable",
    "Files",
    "Head",
    "HeldBy",
    "HeldSets",
    "IdentityProvider",
    "Log",
    "LogFiles",
    "Logged",
    "Members",
    "OrganisationSignIn",
    "OverQuota",
    "PartnerRequests",
    "Person",
    "PolicyFiles",
    "Proposals",
    "Prove",
    "Provided",
    "ProviderMetadata",
    "Publications",
    "Query",
    "Quota",
    "Records",
    "Replayed",
    "Session",
    "SideRows",
    "Source",
    "Staff",
    "Submission",
    "Telemetry",
    "Timestamped",
    "Timestamps",
    "Told",
    "Unavailable",
    "Unchanged",
    "Unpublishable",
    "UnpublishableCode",
    "Values",
    "Verdict",
    "Witness",
]
