"""The composition root: the only place where ports meet adapters; one builder per use.

What only one use needs is imported in its builder, so that a command that reads the log does not load a web server.
"""

from gateway.app.anchoring import anchorings, anchors_of
from gateway.app.desk import build_desk, sources_of, telemetry_of, withdraw_strangers
from gateway.app.keys import announce_keys, checkpoint_signers, hold_subject_key, note_signers, secrets_of
from gateway.app.office import files_of, office_of, write_files
from gateway.app.serving import AlreadyServing, Listener, Only, listeners, mounted, partner_listener, serving_alone
from gateway.app.storage import AnyLog, Stores, archive_at, log_files, open_log, origin_of, stores

__all__ = [
    "AlreadyServing",
    "AnyLog",
    "Listener",
    "Only",
    "Stores",
    "anchorings",
    "anchors_of",
    "announce_keys",
    "archive_at",
    "build_desk",
    "checkpoint_signers",
    "files_of",
    "hold_subject_key",
    "listeners",
    "log_files",
    "mounted",
    "note_signers",
    "office_of",
    "open_log",
    "origin_of",
    "partner_listener",
    "secrets_of",
    "serving_alone",
    "sources_of",
    "stores",
    "telemetry_of",
    "withdraw_strangers",
    "write_files",
]
