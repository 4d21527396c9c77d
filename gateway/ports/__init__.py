"""What the rooms ask of the world. Each docstring is a contract; one contract test runs on every implementation."""

from gateway.ports.anchors import ArchiveStore, Coverage, Prove, Timestamps, Witness
from gateway.ports.keys import CoopSecrets
from gateway.ports.log import Bounced, Committed, Head, Log, OverQuota, Quota, Replayed, Submission, Verdict
from gateway.ports.members import Erasable, HeldBy, HeldSets, Members, Provided, SideRows
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
from gateway.ports.world import Clock, Telemetry, Unavailable

__all__ = [
    "ArchiveStore",
    "Bounced",
    "CheckpointSigner",
    "Clock",
    "Committed",
    "CoopSecrets",
    "Coverage",
    "Erasable",
    "Head",
    "HeldBy",
    "HeldSets",
    "Log",
    "LogFiles",
    "Logged",
    "Members",
    "OverQuota",
    "Prove",
    "Provided",
    "Publications",
    "Query",
    "Quota",
    "Records",
    "Replayed",
    "SideRows",
    "Source",
    "Submission",
    "Telemetry",
    "Timestamped",
    "Timestamps",
    "Unavailable",
    "Unpublishable",
    "UnpublishableCode",
    "Verdict",
    "Witness",
]
