"""One run of a download: what is here is taken up, what is missing fetched, and the file put in its place at the end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from gateway.client import disk, formats
from gateway.client.config import Ask
from gateway.client.errors import (
    AnswerRejected,
    ClientError,
    ExportEnded,
    ExportGone,
    ExportStalled,
    FileError,
    Refused,
    TransportError,
)
from gateway.client.exports import Manifest, Part, Progress
from gateway.client.formats import Csv, Format, Row
from gateway.client.merge import merged, whole
from gateway.client.staging import LOCK, Staging, State, digest
from gateway.client.sync import Client

ROUNDS = 3  # how often parts are fetched again because the manifest has newer ones
PAUSES = (1, 2, 5, 10, 30)  # seconds before an attempt after a lost connection or a gateway that is down
_AT_ONCE = 1_000
_SAME_S = 12 * 3_600  # after its order a command that is run again asks for what is there; later, for what is then

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a download is: parts here, parts that the gateway has sealed, whether those are all, records and sealed bytes here."""

    parts: int
    sealed: int
    final: bool
    records: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that is complete and verified.

    `records` were fetched, and `replaced` characters written as 〓. `resync`: a delta was asked for and could not be computed;
    what came is the whole population, and takes the place of all that came before.
    """

    target: Path
    export: str
    parts: int
    records: int
    bytes: int
    seconds: float
    delta: bool
    resync: bool
    removals: int
    removals_file: Path | None
    since_file: Path
    receipts_file: Path
    replaced: int
    ended: bool
    """Whether the gateway was told that all of it arrived; if not, it deletes the parts by itself in a day."""


@dataclass(slots=True)
class Run:
    """One run of a download."""

    client: Client
    ask: Ask
    target: Path
    staging: Staging
    form: Format
    since: str | None
    patience: float
    watch: Callable[[Advance], None]
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def all(self, *, apply: bool) -> Downloaded:
        """Go on from what is here to the end."""
        began = self.clock()
        state = self.staging.load(self.client.config)
        if state is not None and state.written:
            # What was written and never told of: told now, unless the whole, or a file kept up to date, would be an old one.
            old = self.client.now - state.export.issued > _SAME_S
            # The token may have been renewed already: whoever asks with it then asks for what is there.
            renewed = state.export.ask == self.ask and state.since == self.since
            over = (self._asked_by(state) and not old) or (renewed and not (old and apply))
            done = self._ended(state, began, over=over)
            if over:
                return done
            state = None
        state = self._taken_up(state)
        if state is None:
            if apply:
                self._check_target()
            state = self._begun()
        try:
            state = self._verified(self._fetched(state))
        except (Refused, ExportEnded) as refused:
            if self.since is None or not self._cannot_go_on(state, refused):
                raise
            # It may be that the walk is gone there that the delta is laid against: a new order then says `resync`.
            with suppress(ClientError):
                self.client.end_export(state.export)
            state = self._verified(self._fetched(self._begun()))
        # What could not be computed as a delta is the whole: it takes the place of the file.
        return self._ended(self._written(state, apply=apply and not state.resync), began)

    def _asked_by(self, state: State) -> bool:
        """Whether a download is for what this run asks."""
        return (state.export.ask, state.since_given) == (self.ask, digest(self.since))

    def _taken_up(self, state: State | None) -> State | None:
        """What an earlier run left, if its export can still be fetched from."""
        if state is None:
            return None
        if not self._asked_by(state):
            told = f"another pull was begun: run that one to its end, or remove this and `{self.staging.folder}`"
            raise FileError(str(self.staging.state_file), told)
        # Even with all of it here: what is written once it has expired would bring back who was stopped or removed since.
        try:
            over = self._again(self.client.export_progress, state.export).over
        except ExportGone:
            over = True
        if over:
            return None
        for part in state.parts:
            self._check(state, part.n, self.staging.records(part))
        return state

    def _check_target(self) -> None:
        """Refuse to lay a delta on a file that is not the one that was written with its token, an older copy of it say."""
        token, sums = (disk.read(self._beside(ending)) for ending in ("since", "sha256"))
        if sums is None or token is None or token.decode("ascii", "replace").strip() != self.since:
            return
        if sums.split(b" ", 1)[0].decode("ascii", "replace") != disk.sha256(self.target):
            told = f"is not the file that was written with `{self._beside('since').name}`: put that one back, or pull the whole"
            raise FileError(str(self.target), told)

    def _begun(self) -> State:
        """A new order; nothing of an earlier one stays."""
        asked = {"fields": self.ask.fields, "product": self.ask.product, "case": self.ask.case, "since": self.since}
        self.staging.disk.remove(*(one for one in self.staging.folder.iterdir() if one.name != LOCK))
        export = self.client.export(self.ask.purpose, **asked)  # type: ignore[arg-type]  # each is of its own type
        state = State(export=export, since_given=digest(self.since))
        self.staging.save(state, self.client.config)
        return state

    def _cannot_go_on(self, state: State, refused: Refused | ExportEnded) -> bool:
        """Whether the gateway can make no further part of an export, or none again."""
        if isinstance(refused, ExportGone):
            with suppress(ClientError):
                return self.client.export_progress(state.export).state == "failed"
            return False
        return refused.state == "failed" if isinstance(refused, ExportEnded) else refused.pointer == "/export/since"

    def _fetched(self, state: State) -> State:
        """Fetch what is missing, in order."""
        told = Progress("running", len(state.parts), 0, 0, final=False, expires=state.export.expires)
        moved = looked = self.clock()
        while (n := state.missing) is not None:
            if n > told.parts and self.clock() - looked >= 1:
                further = self._again(self.client.export_progress, state.export)
                if further.over:
                    raise ExportEnded(further.state)
                moved = self.clock() if (further.parts, further.records) != (told.parts, told.records) else moved
                told, looked = further, self.clock()
            self._tell(state, told)
            part = self._again(self.client.export_part, state.export, n)
            if part is not None:
                state, moved = self._kept(state, part), self.clock()
            elif self.clock() - moved > self.patience:
                raise ExportStalled(self.clock() - moved)
        self._tell(state, told)
        return state

    def _verified(self, state: State) -> State:
        """Hold every part against the signed manifest; fetch again what was handed out anew since."""
        if state.verified:
            return state
        for _ in range(ROUNDS):
            manifest = self._again(self.client.export_manifest, state.export)
            newer = _newer(manifest, state)
            for n in newer:
                part = self._again(self.client.export_part, state.export, n)
                if part is None or part.sha256 == next(one.sha256 for one in state.parts if one.n == n):
                    raise AnswerRejected("manifest-sha256", "the manifest has another part than the gateway hands out")
                state = self._kept(state, part)
            if not newer:
                state = replace(state, verified=True)
                self.staging.save(state, self.client.config)
                return state
        raise AnswerRejected("manifest-sha256", "the parts change as fast as they are fetched")

    def _written(self, state: State, *, apply: bool) -> State:
        """Put the file in its place, in one stroke, then who is to be removed."""
        rows = merged(self.target, self.staging, state, self.form) if apply else whole(self.staging, state, self.form)
        with self.staging.disk.written(self.target, beside=self.staging.folder) as file:
            add, end = self.form.writer(file, str(self.target))
            for batch in _batches(rows, formats.BATCH):
                add(batch)
            end()
        if state.since_given is not None or state.removals:
            table = Csv(("duty", "due"), "utf-8", "refuse")
            with self.staging.disk.written(self._beside("removals.csv")) as file:
                add, _ = table.writer(file, str(self.target))
                told = ([one.member, one.duty, one.due] for one in self.staging.removals(state))
                for batch in _batches(told, _AT_ONCE):
                    add(batch)
        left = disk.sha256(self.target)
        state = replace(state, written=True, replaced=self.form.replaced, target_sha256=left)
        self.staging.save(state, self.client.config)
        return state

    def _ended(self, state: State, began: float, *, over: bool = True) -> Downloaded:
        """Keep the token for the next delta, tell the gateway, and clear up; unless it is over, nobody else has its turn."""
        since_file = self._beside("since")
        if state.target_sha256 is not None:
            self.staging.disk.write(self._beside("sha256"), f"{state.target_sha256}  {self.target.name}\n".encode())
        self.staging.disk.write(since_file, f"{state.since}\n".encode("ascii"))
        try:
            self.client.end_export(state.export)
            ended = True
        except ExportGone:  # an earlier run said so already
            ended = True
        except ClientError:  # the file is complete; the gateway deletes the parts by itself
            ended = False
        self.staging.clear(but_lock=not over)
        removals = self._beside("removals.csv")
        return Downloaded(
            target=self.target,
            export=state.export.id,
            parts=len(state.parts),
            records=state.records,
            bytes=self.target.stat().st_size if self.target.exists() else 0,
            seconds=self.clock() - began,
            delta=state.since_given is not None,
            resync=state.resync,
            removals=state.removals,
            removals_file=removals if state.since_given is not None or state.removals else None,
            since_file=since_file,
            receipts_file=self._beside("receipts.jsonl"),
            replaced=state.replaced,
            ended=ended,
        )

    def _kept(self, state: State, part: Part) -> State:
        """Make a part durable: its receipt first, which is evidence whatever becomes of the part."""
        receipt = part.receipt
        line = f'{{"export":"{state.export.id}","part":{part.n},"transfer":"{receipt.transfer_id}","receipt":"{receipt.jws}"}}'
        self.staging.disk.append(self._beside("receipts.jsonl"), line.encode("utf-8"))
        state = self.staging.keep(state, part)
        self.staging.save(state, self.client.config)
        self._check(state, part.n, ((one.member, one.data or {}) for one in part.results))
        return state

    def _check(self, state: State, n: int, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Refuse at once what could not be written at the end: a person need not wait for it."""
        before = sum(one.records for one in state.parts if one.n < n)
        self.form.check(records, first=before + 1, name=str(self.target))

    def _again(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Carry out a call that may be repeated, some times over where the way or the gateway is down."""
        for pause in PAUSES:
            try:
                return call(*args, **named)
            except TransportError:
                self.sleep(pause)
            except Refused as refused:
                if refused.status < 500:
                    raise
                self.sleep(pause)
        return call(*args, **named)

    def _tell(self, state: State, told: Progress) -> None:
        sealed = max(told.parts, len(state.parts))
        self.watch(Advance(len(state.parts), sealed, told.final or state.of is not None, state.records, state.bytes))

    def _beside(self, ending: str) -> Path:
        return self.target.with_name(f"{self.target.name}.{ending}")


def _newer(manifest: Manifest, state: State) -> list[int]:
    """Which parts the gateway has handed out or sealed anew. Raises AnswerRejected where the manifest is of another export's parts."""
    if not manifest.final or len(manifest.parts) != state.of:
        raise AnswerRejected("manifest-final", "the manifest does not list all parts, or more than there are")
    newer = []
    for said, kept in zip(manifest.parts, state.parts, strict=True):
        if said.sha256 != kept.sha256:
            newer.append(kept.n)
        elif (said.bytes, said.records) != (kept.bytes, kept.records):
            raise AnswerRejected("manifest-records", "the manifest has another size for a part than it has")
    return newer


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch
