"""A whole population, or what changed in it, from an export into one file: every part checked, nothing fetched twice.

    order → the parts, each verified, then kept on the disk → the manifest holds them all → the file, in one stroke →
    who is to be removed → the token for the next delta → the export is ended

Ended at any moment, it goes on where it was when it is run again: the order is not repeated, nor is a part that is here.
A part that the gateway has since handed out anew is fetched again, and an export that has expired since is ordered anew, whatever
is here of it. Beside the target stand, while it is under way, what `staging.py` names; and afterwards

    members.csv.since            the token that the next delta is asked with
    members.csv.sha256           of the file, as `sha256sum -c` reads it: a delta is laid on no other
    members.csv.removals.csv     of a delta: member, duty (delete or stop_using), due
    members.csv.receipts.jsonl   one receipt for each part that was ever fetched: evidence, only ever added to
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.client import disk, formats
from gateway.client.config import Ask
from gateway.client.disk import Disk, Sync
from gateway.client.errors import ClientError, FileError, UsageError
from gateway.client.formats import Csv, Encoding, Format, Ndjson, OnUnencodable, Parquet
from gateway.client.run import Advance, Downloaded, Run
from gateway.client.staging import LOCK, Staging
from gateway.client.sync import Client

PATIENCE = 900.0  # seconds without a further part after which a download is left for later


def _ignored(_: Advance) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the target is written, and what becomes of a character that its encoding does not have."""

    form: formats.Name = "csv"
    encoding: Encoding = "utf-8"
    on_unencodable: OnUnencodable = "refuse"


def pull_to_file(
    client: Client,
    target: Path | str,
    purpose: str,
    *,
    shape: Shape | None = None,
    fields: Sequence[str] | None = None,
    product: str | None = None,
    case: str | None = None,
    since: str | None = None,
    apply: bool = False,
    watch: Callable[[Advance], None] = _ignored,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    sync: Sync = os.fsync,
) -> Downloaded:
    """Write the granted population to a file; with `since` what changed, or with `apply` too the file as it would be now.

    Raises every ClientError; what is here by then stays, and the same call goes on from it.
    """
    target, shape = Path(target), shape or Shape()
    ask = client.config.ask(purpose, fields=fields, product=product, case=case)
    if apply and since is None:
        raise UsageError("a delta is applied: say since which walk")
    if apply and not disk.is_there(target):
        raise FileError(str(target), "is not there: a delta is applied to the file of an earlier pull")
    if formats.MEMBER in ask.fields:
        raise UsageError("a field is called `member`, as the column that says whose record it is")
    if shape.form != "csv" and shape.encoding != "utf-8":
        raise UsageError("only CSV has another encoding than UTF-8")
    staging = Staging(target, Disk(sync))
    staging.disk.folder(staging.folder)
    with staging.disk.locked(staging.folder / LOCK):
        try:
            run = Run(client, ask, target, staging, _format(client, ask, shape), since, patience, watch, sleep, clock)
            return run.all(apply=apply)
        except ClientError:
            if not disk.is_there(staging.state_file):  # nothing was begun: nothing stays
                staging.clear()
            raise


def since_of(path: Path | str) -> str:
    """The token that an earlier pull wrote. Raises FileError."""
    data = disk.read(Path(path))
    if data is None:
        raise FileError(str(path), "is not there: pull the whole population first")
    token = data.decode("ascii", "replace").strip()
    if not token or not token.isprintable() or "\ufffd" in token or " " in token:
        raise FileError(str(path), "is not the token that a pull writes")
    return token


def _format(client: Client, ask: Ask, shape: Shape) -> Format:
    match shape.form:
        case "csv":
            return Csv(ask.fields, shape.encoding, shape.on_unencodable)
        case "ndjson":
            return Ndjson(ask.fields)
        case "parquet":
            for grant in client.grants():
                theirs = (grant.coop, grant.agreement, grant.purpose, grant.state)
                ours = (client.config.coop, client.config.agreement, ask.purpose, "active")
                fits = theirs == ours and set(ask.fields) <= grant.fields.keys()
                if fits and (ask.product is None or ask.product in grant.products):
                    return Parquet(ask.fields, formats.kinds_of(client.grant_schema(grant.id)))
            raise UsageError("no grant covers these fields: their types for Parquet are not known")
