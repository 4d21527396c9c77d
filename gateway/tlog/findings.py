"""What the verifier of a log can find wrong: one code each, stable for ever, and a sentence for the auditor.

A sentence names indexes, files and keys, never what stands in an entry.
"""

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """What is wrong with a log; the order is that of the steps that find it."""

    UNREADABLE = "unreadable"  # 0: a file exists, or may exist, and could not be read
    CHECKPOINT_MISSING = "checkpoint-missing"  # 1
    CHECKPOINT_MALFORMED = "checkpoint-malformed"
    KEY_UNKNOWN = "key-unknown"
    SIGNATURE_BAD = "signature-bad"
    ORIGIN_OTHER = "origin-other"
    QUORUM_MISSING = "quorum-missing"
    BUNDLE_MISSING = "bundle-missing"  # 2
    BUNDLE_TRUNCATED = "bundle-truncated"
    TILE_MISSING = "tile-missing"  # 3
    TILE_MALFORMED = "tile-malformed"
    TILE_ALTERED = "tile-altered"
    ENTRY_ALTERED = "entry-altered"
    ENTRY_INSERTED = "entry-inserted"
    ENTRY_DELETED = "entry-deleted"
    ENTRY_DUPLICATED = "entry-duplicated"
    ENTRY_REORDERED = "entry-reordered"
    ROOT_OTHER = "root-other"  # 4
    EARLIER_UNUSABLE = "earlier-unusable"  # 5
    ROLLED_BACK = "rolled-back"
    HISTORY_REWRITTEN = "history-rewritten"
    TIMESTAMP_MISSING = "timestamp-missing"  # 6
    TIMESTAMP_BAD = "timestamp-bad"
    ENTRY_UNKNOWN = "entry-unknown"  # 7
    COOP_OTHER = "coop-other"
    TRANSFER_TWICE = "transfer-twice"
    GOVERNANCE_STALE = "governance-stale"  # 8
    PERMIT_EXPIRED = "permit-expired"
    POLICY_OTHER = "policy-other"
    PARTNER_INACTIVE = "partner-inactive"
    ONE_PERSON = "one-person"
    PARTNER_OVERDUE = "partner-overdue"
    FOLLOW_UP_OTHER = "follow-up-other"
    TIME_BACKWARDS = "time-backwards"  # 9
    REVIEW_OTHER = "review-other"  # 10


class Finding(msgspec.Struct, frozen=True):
    """The first thing that is wrong, and the index of the first entry that it touches, where there is one."""

    code: Code
    sentence: str
    index: int | None = None


class Refused(Exception):
    """Verification stops here."""

    def __init__(self, code: Code, sentence: str, *, index: int | None = None) -> None:
        super().__init__(sentence)
        self.finding = Finding(code, sentence, index)


class Unreadable(OSError):
    """A file of a log is there, or may be, and cannot be read; the text names the file and why."""
