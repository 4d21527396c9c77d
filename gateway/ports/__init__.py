"""What the rooms ask of the world. Each docstring is a contract; one contract test runs on every implementation.

log             the append-only log and its commit point
members         who the members of entries are: side rows, ordinals, sets
reached         which members releases reached, by the ten thousand
kept_requests   the partners' signed requests
publications    what is published of a log, and the one who signs
anchors         where it is kept apart, and who vouches for it
log_search      the log as people search it
proposals, partner_requests, overruns   what waits for a second person, or for a decision
staff, oidc, saved_views   who acts, how they sign in, what they keep
dossiers, follow_ups       matters of compliance; what partners must do
member_events, sources     what a core system tells; a member system
exports, walks             what partners fetch in parts
keys, world                secrets; time, faults, what is told of the work
"""

from gateway.ports.anchors import ArchiveStore, Coverage, Prove, Timestamps, Witness
from gateway.ports.dossiers import Dossiers
from gateway.ports.exports import Export, ExportPart, Exports, ExportState, PartLine
from gateway.ports.follow_ups import Course, FollowUps, Place, place_of
from gateway.ports.kept_requests import KeptRequests
from gateway.ports.keys import CoopSecrets
from gateway.ports.log import (
    COMMIT_WITHIN,
    MAX_SKEW,
    Bounced,
    Change,
    Committed,
    Head,
    Log,
    MemberCode,
    OverQuota,
    Quota,
    Replayed,
    Submission,
    Unchanged,
    Values,
    Verdict,
)
from gateway.ports.log_search import (
    DIMENSIONS,
    Behind,
    Deliveries,
    Dimension,
    FieldTally,
    LogSearch,
    Per,
    Row,
    Tally,
    Wanted,
)
from gateway.ports.member_events import MemberEvents
from gateway.ports.members import Erasable, HeldBy, HeldSets, Members, Provided, SideRows
from gateway.ports.oidc import CodeRefused, IdentityProvider, OrganisationSignIn, ProviderMetadata
from gateway.ports.overruns import Overruns
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
from gateway.ports.reached import MembersReached, Reached
from gateway.ports.saved_views import SavedView, SavedViews
from gateway.ports.sources import OpenSource, Query, Records, Source
from gateway.ports.staff import IDLE, WHOLE, Credentials, Person, Session, Staff
from gateway.ports.walks import Walks
from gateway.ports.world import Clock, Telemetry, Unavailable

__all__ = [
    "COMMIT_WITHIN",
    "DIMENSIONS",
    "IDLE",
    "MAX_SKEW",
    "WHOLE",
    "ArchiveStore",
    "Behind",
    "Bounced",
    "Change",
    "Checked",
    "CheckpointSigner",
    "Clock",
    "CodeRefused",
    "Committed",
    "CoopSecrets",
    "Course",
    "Coverage",
    "Credentials",
    "Deliveries",
    "Dimension",
    "Dossiers",
    "EditRefused",
    "Erasable",
    "Export",
    "ExportPart",
    "ExportState",
    "Exports",
    "FieldTally",
    "Files",
    "FollowUps",
    "Head",
    "HeldBy",
    "HeldSets",
    "IdentityProvider",
    "KeptRequests",
    "Log",
    "LogFiles",
    "LogSearch",
    "Logged",
    "MemberCode",
    "MemberEvents",
    "Members",
    "MembersReached",
    "OpenSource",
    "OrganisationSignIn",
    "OverQuota",
    "Overruns",
    "PartLine",
    "PartnerRequests",
    "Per",
    "Person",
    "Place",
    "PolicyFiles",
    "Proposals",
    "Prove",
    "Provided",
    "ProviderMetadata",
    "Publications",
    "Query",
    "Quota",
    "Reached",
    "Records",
    "Replayed",
    "Row",
    "SavedView",
    "SavedViews",
    "Session",
    "SideRows",
    "Source",
    "Staff",
    "Submission",
    "Tally",
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
    "Walks",
    "Wanted",
    "Witness",
    "place_of",
]
