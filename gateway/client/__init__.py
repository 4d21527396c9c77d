"""The partner's side of the gateway: keys, configuration and a typed client that believes nothing unproven.

    from gateway.client import Client

    with Client.from_folder("var/partner") as client:      # client.json, sig.jwk.json, enc.jwk.json
        transfer = client.pull("P4", ["00012345", "00012346"])
        for member, data in transfer.released.items():
            update(member, data["postal_code"])
        keep(transfer.receipt.jws)                          # evidence: store it with the transfer's id
        keep(client.proof(transfer.receipt, vkey=VKEY).text)    # and that the log holds it, under the log's own key

        for page in client.pages("P4", since=last_since):   # the population, or what changed since the last walk
            ...

        done = pull_to_file(client, "members.csv", "P4")        # the same as an export, into a file, resumed after any end
        print(done.records, done.since_file)

A new partner makes its keys with `generate_keys(folder)`, hands `load_keys(folder).public_jwks()` to the co-op,
answers its challenge with `prove(challenge, load_keys(folder))`, and runs `run_checks(folder)` until every line is ok. `AsyncClient` is the same with `await`.

Each call either returns data whose signature, addressee, request hash and receipt were all checked, or raises one
of the errors below, which say whose turn it is: `ConfigError`, `UsageError` and `FileError` (this side's files and calls),
`TransportError` (the way), `Refused` and `NotPermitted` (the gateway's no), `AnswerRejected` (do not trust it).
"""

from gateway.client.aio import AsyncClient
from gateway.client.check import CheckResult, run_checks
from gateway.client.config import Config, Purpose, load_config
from gateway.client.download import Shape, pull_to_file
from gateway.client.duties import Acknowledged, FollowUp
from gateway.client.errors import (
    AnswerRejected,
    ClientError,
    ConfigError,
    ExportEnded,
    ExportGone,
    ExportStalled,
    FileError,
    NotPermitted,
    Refused,
    TransportError,
    Unencodable,
    UsageError,
)
from gateway.client.exports import Export, Manifest, ManifestPart, Part, Progress
from gateway.client.incident import IncidentReceipt, Report
from gateway.client.keys import Key, Keys, generate_keys, load_keys
from gateway.client.possession import prove
from gateway.client.results import Grant, LogProof, Page, Receipt, Removal, Result, Terms, Transfer
from gateway.client.run import Advance, Downloaded
from gateway.client.sync import Client

__all__ = [
    "Acknowledged",
    "Advance",
    "AnswerRejected",
    "AsyncClient",
    "CheckResult",
    "Client",
    "ClientError",
    "Config",
    "ConfigError",
    "Downloaded",
    "Export",
    "ExportEnded",
    "ExportGone",
    "ExportStalled",
    "FileError",
    "FollowUp",
    "Grant",
    "IncidentReceipt",
    "Key",
    "Keys",
    "LogProof",
    "Manifest",
    "ManifestPart",
    "NotPermitted",
    "Page",
    "Part",
    "Progress",
    "Purpose",
    "Receipt",
    "Refused",
    "Removal",
    "Report",
    "Result",
    "Shape",
    "Terms",
    "Transfer",
    "TransportError",
    "Unencodable",
    "UsageError",
    "generate_keys",
    "load_config",
    "load_keys",
    "prove",
    "pull_to_file",
    "run_checks",
]
