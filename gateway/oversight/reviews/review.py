"""What is kept of a review, and its steps until it is signed: opened with its sample, each entry of that answered.

One review for a period; its id says which. A review that is signed never changes (signing.py).
"""

import os
import re
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec

from gateway.core.dossier import Dossier
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.core.reviews.checklists import Checklist, checklist_on
from gateway.core.reviews.sampling import PLAN, Group, Plan
from gateway.core.staff import Role, held
from gateway.jose import rfc4648
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reviews import findings
from gateway.oversight.reviews.period_log import read_period
from gateway.oversight.reviews.periods import Period
from gateway.tlog.jcs import canonical

State = Literal["open", "signed", "countersigned"]
STATES: Final[tuple[State, ...]] = ("open", "signed", "countersigned")
LONGEST: Final = 2_000
_ID: Final = re.compile(r"review-(\d{4})(\d{2})(\d{2})-(\d{4})(\d{2})(\d{2})")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the sample, and what the reviewer says of it; `result` None: nothing yet."""

    index: int
    kind: Literal["release", "denial"]
    groups: tuple[Group, ...]
    result: Literal["ok", "finding"] | None = None
    met: tuple[str, ...] = ()
    """The questions of the checklist, by key, that are answered with yes."""
    note: str = ""
    finding: str | None = None
    """The id of the finding."""
    by: str | None = None
    at: datetime | None = None


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, when, and the words to it."""

    by: str
    at: datetime
    reason: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A period under review: what the log says of it, frozen as it was opened, and what the reviewer says."""

    first: date
    last: date
    size: int
    root: str
    """base64url of 32 bytes."""
    counts: dict[str, int]
    plan: Plan
    items: tuple[Item, ...]
    salt: str
    """Nobody learns from the digest in the log, by trying, what was written here."""
    signed: Signature | None = None
    countersigned: Signature | None = None

    @property
    def period(self) -> Period:
        """The period."""
        return Period(self.first, self.last)

    @property
    def checklist(self) -> Checklist:
        """The questions of its time."""
        return checklist_on(self.last)

    @property
    def open_items(self) -> list[Item]:
        """The entries that nobody has answered."""
        return [one for one in self.items if one.result is None]

    def digest(self) -> str:
        """Return what is signed: base64url of SHA-256 over the canonical JSON of all but the signatures."""
        said = msgspec.to_builtins(msgspec.structs.replace(self, signed=None, countersigned=None))
        return rfc4648.encode(sha256(canonical(said)).digest())


def id_of(period: Period) -> str:
    """Return the id of the review of a period."""
    return f"review-{period.first:%Y%m%d}-{period.last:%Y%m%d}"


def period_of(dossier: Dossier) -> Period:
    """Return the period that a review is of, by its id."""
    found = _ID.fullmatch(dossier.id)
    if found is None:
        raise ValueError("this is not the id of a review")
    year, month, day, *rest = map(int, found.groups())
    return Period(date(year, month, day), date(*rest))


def read(desk: OversightDesk, dossier: Dossier) -> Review:
    """Return what is kept of a review. Raises Unavailable."""
    return dossiers.read(desk, dossier, Review)


async def find(desk: OversightDesk, coop: str, review: str) -> Dossier | None:
    """Return a review by its id. Raises Unavailable."""
    found = await desk.dossiers.get(coop, review)
    return found if found is not None and found.matter == "review" else None


async def open_review(desk: OversightDesk, coop: str, period: Period, *, by: str, plan: Plan = PLAN) -> Dossier:
    """Open the review of a period that is over: its counts, its root and its sample are taken now and do not change.

    Raises Refused, Unavailable.
    """
    if period.last < period.first:
        raise Refused(
            "period", "終わりの日が始まりの日より前です。直してください", "the last day is before the first; mend it"
        )
    if not period.over(desk.clock()):
        raise Refused(
            "period",
            "まだ終わっていない期間は点検できません。終わりの日を昨日以前にしてください",
            "a period is reviewed when it is over; name a last day before today",
        )
    if await find(desk, coop, id_of(period)) is not None:
        raise Refused(
            "exists",
            "この期間の点検はすでに始まっています。一覧から開いてください",
            "this period's review is open already; open it from the list",
        )
    log = await read_period(desk, coop, period, plan=plan)
    body = Review(
        first=period.first,
        last=period.last,
        size=log.size,
        root=rfc4648.encode(log.root),
        counts=log.counts,
        plan=plan,
        items=tuple(Item(index=one.index, kind=one.kind, groups=one.groups) for one in log.sample),
        salt=rfc4648.encode(os.urandom(32)),
    )
    return await dossiers.begin(
        desk,
        coop,
        "review",
        body,
        state="open",
        by=by,
        reason=f"{period.first.isoformat()}/{period.last.isoformat()}",
        dossier=id_of(period),
    )


async def answer(
    desk: OversightDesk, dossier: Dossier, index: int, *, met: tuple[str, ...], note: str, by: str
) -> Dossier:
    """Say of an entry that all questions are answered with yes. Raises Refused, Unavailable."""
    body = _open(desk, dossier)
    item = item_of(body, index)
    asked = {one.key for one in body.checklist.of(item.kind)}
    if asked - set(met):
        raise Refused(
            "unmet",
            "「はい」でない点検項目があります。全部を確かめて印を付けるか、「指摘あり」として内容を書いてください",
            "a question is not answered with yes; tick every one, or say what you found as a finding",
        )
    _check(note)
    changed = _answered(item, desk, by=by, result="ok", met=tuple(one for one in met if one in asked), note=note)
    return await _change(desk, dossier, body, changed, by=by, reason=f"#{index} ok")


async def find_fault(
    desk: OversightDesk,
    dossier: Dossier,
    index: int,
    *,
    met: tuple[str, ...],
    text: str,
    owner: str,
    due: date,
    by: str,
) -> Dossier:
    """Say of an entry that something is wrong, which somebody shall mend by a day. Raises Refused, Unavailable."""
    body = _open(desk, dossier)
    item = item_of(body, index)
    await findings.check(desk, dossier.coop, text=text, owner=owner, due=due)
    said: dict[str, Any] = {"text": text, "owner": owner, "due": due, "by": by, "review": dossier.id, "item": index}
    if item.finding is not None and await desk.dossiers.get(dossier.coop, item.finding) is None:
        # A process that ended between the two steps below left it out.
        await findings.raise_finding(desk, dossier.coop, finding=item.finding, **said)
        return dossier
    asked = {one.key for one in body.checklist.of(item.kind)}
    made = dossiers.new_id("finding")
    changed = _answered(
        item, desk, by=by, result="finding", met=tuple(one for one in met if one in asked), note=text, finding=made
    )
    # The review says first that there is one, for somebody else may be faster; none is signed without its findings.
    stored = await _change(desk, dossier, body, changed, by=by, reason=f"#{index} {made}")
    await findings.raise_finding(desk, dossier.coop, finding=made, **said)
    return stored


def item_of(body: Review, index: int) -> Item:
    """Return an entry of the sample. Raises Refused where it is none."""
    found = next((one for one in body.items if one.index == index), None)
    if found is None:
        raise Refused(
            "item",
            f"記録 #{index} はこの点検の抜取りにありません",
            f"entry {index} is not in the sample of this review",
        )
    return found


async def check_role(desk: OversightDesk, coop: str, by: str, *roles: Role) -> None:
    """Check that somebody holds one of these roles now; as long as nobody holds any, anybody may. Raises Refused."""
    known = await desk.staff.roles(coop)
    if known and not any(held(known, by, role, desk.clock()) for role in roles):
        raise Refused(
            "role",
            "この操作に必要な役割を今は持っていません。コンプライアンスまたは監査の担当者が行ってください",
            "you hold no role for this now; somebody of compliance, or an auditor, must do it",
        )


def _open(desk: OversightDesk, dossier: Dossier) -> Review:
    if dossier.state != "open":
        raise Refused(
            "signed",
            "署名済みの点検は変更できません。新しく分かったことは、指摘事項として登録してください",
            "a review that is signed does not change; enter what was found later as a finding",
        )
    return read(desk, dossier)


def _answered(item: Item, desk: OversightDesk, **changes: Any) -> Item:
    if item.finding is not None:
        raise Refused(
            "found",
            "この記録はすでに指摘事項になっています。指摘事項の画面で対応を進めてください",
            "there is a finding of this entry already; go on with that",
        )
    return msgspec.structs.replace(item, at=desk.clock(), **changes)


async def _change(desk: OversightDesk, dossier: Dossier, body: Review, item: Item, *, by: str, reason: str) -> Dossier:
    items = tuple(item if one.index == item.index else one for one in body.items)
    changed = msgspec.structs.replace(body, items=items)
    return await dossiers.change(desk, dossier, changed, event="changed", by=by, reason=reason)


def _check(text: str) -> None:
    if len(text) > LONGEST or not writable(text):
        raise Refused(
            "text",
            f"使えない文字があるか、{LONGEST}字を超えています。直してください",
            f"it holds a character that cannot be kept, or is longer than {LONGEST}; mend it",
        )
