"""What the rooms ask of the world. Each docstring is a contract; one contract test runs on every implementation."""

from gateway.ports.anchors import ArchiveStore, Coverage, Prove, Timestamps, Witness
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
from gateway.ports.proposals import Checked, Files, PolicyFiles, Proposals, Told
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
from gateway.ports.staff import Credentials, Person, Session, Staff
from gateway.ports.world import Clock, Telemetry, Unavailable

__all__ = [
    "ArchiveStore",
    "Bounced",
    "Change",
    "Checked",
    "CheckpointSigner",
    "Clock",
    "Committed",
    "CoopSecrets",
    "Coverage",
    "Credentials",
    "Erasable",
    "Files",
    "Head",
    "HeldBy",
    "HeldSets",
    "Log",
    "LogFiles",
    "Logged",
    "Members",
    "OverQuota",
    "Person",
    "PolicyFiles",
    "Proposals",
    "Prove",
    "Provided",
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
