"""Two people sign a review: one that it was done, the other that it was done so; neither approved what was reviewed.

Each signature is an entry `review`, committed together with the review's new state: size and root of the log as the
period ended, how many entries of each kind were of it, and the digest of what was sampled and found. The
countersignature says the same, by another person. Whoever proposed or approved a version that was in force in the
period, or asked for or approved keys or a resumption of a partner that held then, may sign neither: the log knows who
that was. Source: domain.md K-A1, transfer-log.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gateway.core.dossier import Dossier
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.core.staff import Role, held
from gateway.jose import rfc4648
from gateway.jose.rfc7638 import thumbprint
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reviews import review as reviews
from gateway.oversight.reviews.period_log import root_at
from gateway.oversight.reviews.periods import Period
from gateway.oversight.reviews.review import LONGEST, Review, Signature
from gateway.ports import Committed, Submission, Unavailable, Unchanged
from gateway.tlog import entries
from gateway.tlog.entries import instant

SIGNERS: Final[tuple[Role, ...]] = ("compliance", "auditor")


async def sign(desk: OversightDesk, dossier: Dossier, *, by: str, reason: str) -> Dossier:
    """Sign that a period was reviewed; nothing of the review changes from then on. Raises Refused, Unavailable."""
    _check_reason(reason)
    if dossier.state != "open":
        raise _signed_already()
    body = reviews.read(desk, dossier)
    if body.open_items:
        raise Refused(
            "unanswered",
            f"まだ答えていない抜取りが{len(body.open_items)}件あります。全部に答えてから署名してください",
            f"{len(body.open_items)} entries of the sample are unanswered; answer every one, then sign",
        )
    await check_signer(desk, dossier.coop, body.period, by=by)
    if rfc4648.encode(await root_at(desk.publications, dossier.coop, body.size)) != body.root:
        raise Refused(
            "log",
            "提供ログが点検を始めたときのものと違います。検証の画面で確かめ、運用担当者に知らせてください",
            "the log is not the one that the review was opened on; verify it, and tell the operators",
        )
    await _check_findings(desk, dossier, body)
    made = msgspec.structs.replace(body, signed=Signature(by=by, at=desk.clock(), reason=reason))
    # Compliance did the review and says so; an auditor signs what others did.
    roles = await desk.staff.roles(dossier.coop)
    own = not roles or held(roles, by, "compliance", desk.clock())
    return await enter(
        desk, dossier, made, "signed", "dossier_changed" if own else "dossier_signed", by=by, reason=reason
    )


async def countersign(desk: OversightDesk, dossier: Dossier, *, by: str, reason: str) -> Dossier:
    """Countersign what somebody else signed, having neither opened nor signed it. Raises Refused, Unavailable."""
    _check_reason(reason)
    if dossier.state != "signed":
        raise Refused(
            "state",
            "連署できるのは、署名済みで連署待ちの点検です。もう一度読み直してください",
            "what is signed and not yet countersigned can be countersigned; look at it again",
        )
    body = reviews.read(desk, dossier)
    check_hands(dossier, body, by=by)
    await check_signer(desk, dossier.coop, body.period, by=by)
    made = msgspec.structs.replace(body, countersigned=Signature(by=by, at=desk.clock(), reason=reason))
    return await enter(desk, dossier, made, "countersigned", "dossier_signed", by=by, reason=reason)


def check_hands(dossier: Dossier, body: Review, *, by: str) -> None:
    """Check that somebody had no hand in a review that is signed. Raises Refused."""
    if body.signed is None or by in _hands(dossier, body):
        raise Refused(
            "own",
            "点検を始めた人、抜取りに答えた人、署名した人は連署できません。別の人に依頼してください",
            "whoever opened the review, answered for an entry or signed does not countersign; ask somebody else",
        )


async def check_signer(desk: OversightDesk, coop: str, period: Period, *, by: str) -> None:
    """Check that somebody may sign for a period. Raises Refused, Unavailable."""
    await reviews.check_role(desk, coop, by, *SIGNERS)
    decided = (await deciders(desk, coop, period)).get(by)
    if decided:
        raise Refused(
            "decider",
            f"この期間に有効だった決定({'、'.join(decided[:3])})の提案者・承認者は署名できません。"
            "関わっていない人に依頼してください",
            f"whoever proposed or approved what was in force in this period ({', '.join(decided[:3])}) does not sign; "
            "ask somebody who had no part in it",
        )


async def deciders(desk: OversightDesk, coop: str, period: Period) -> dict[str, list[str]]:
    """Return who proposed, asked for or approved what was in force in a period, and what that was; from the log."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    published = [one for one in await _of_kind(desk, coop, "publish") if isinstance(one, entries.Publish)]
    for one in in_force(published, period):
        for person in {one.proposer, one.approver}:
            found[person].append(f"policy {one.policy[:12]}")
    said = [one for one in await _of_kind(desk, coop, "partner") if isinstance(one, entries.Partner)]
    for what, people in _partner_decisions(said, period):
        for person in people:
            found[person].append(what)
    return dict(found)


def in_force(published: list[entries.Publish], period: Period) -> list[entries.Publish]:
    """Return the versions that were in force at some instant of a period: of those begun, the one published last is."""
    start, end = instant(period.start), instant(period.end)
    edges = {start} | {one.effective for one in published if start < one.effective < end}
    chosen: set[int] = set()
    for edge in edges:
        begun = [number for number, one in enumerate(published) if one.effective <= edge]
        if begun:
            chosen.add(max(begun))
    return [published[number] for number in sorted(chosen)]


def _partner_decisions(said: Iterable[entries.Partner], period: Period) -> Iterator[tuple[str, set[str]]]:
    """Yield each registration of keys and each activation that held in the period, and the people of it."""
    start, end = instant(period.start), instant(period.end)
    keys: dict[str, tuple[str, str, entries.Partner]] = {}
    active: dict[str, entries.Partner] = {}
    for one in said:
        match one.event:
            case "key_added" | "keys_added":
                prints = [thumbprint(jwk) for jwk in one.keys] or [one.thumbprint or ""]
                keys |= dict.fromkeys(prints, (one.start or one.time, one.end or "~", one))
            case "key_ends":
                print_ = one.thumbprint or ""
                if print_ in keys:
                    keys[print_] = (keys[print_][0], one.end or one.time, keys[print_][2])
            case "active":
                active[one.partner] = one
            case "suspended":
                resumed = active.pop(one.partner, None)
                if resumed is not None and resumed.time < end and one.time > start:
                    yield f"{one.partner} active", _people(resumed)
    for began, ended, added in keys.values():
        if began < end and ended > start:
            yield f"{added.partner} keys", _people(added)
    for one in active.values():
        if one.time < end:
            yield f"{one.partner} active", _people(one)


def _people(one: entries.Partner) -> set[str]:
    return {person for person in (one.by, one.approver) if person is not None}


async def _of_kind(desk: OversightDesk, coop: str, kind: str) -> list[entries.Entry]:
    return [entries.decode(data) for data in await desk.log.of_kind(coop, kind)]


def _hands(dossier: Dossier, body: Review) -> set[str]:
    """Return who had a hand in a review."""
    signed = set() if body.signed is None else {body.signed.by}
    return {dossier.author} | signed | {one.by for one in body.items if one.by is not None}


async def _check_findings(desk: OversightDesk, dossier: Dossier, body: Review) -> None:
    """Check that every finding of a review was entered: a process may have ended in between (review.find_fault)."""
    for item in body.items:
        if item.finding is not None and await desk.dossiers.get(dossier.coop, item.finding) is None:
            raise Refused(
                "finding_lost",
                f"記録 #{item.index} の指摘事項 {item.finding} が登録されていません。抜取りの画面でもう一度登録してください",
                f"the finding {item.finding} of entry {item.index} was not entered; enter it again from the sample",
            )


async def enter(
    desk: OversightDesk, dossier: Dossier, body: Review, event: reviews.State, statement: str, *, by: str, reason: str
) -> Dossier:
    """Commit a signature: its entry and the review's new state, in one transaction. Raises Refused, Unavailable."""
    now = desk.clock()
    made, change = dossiers.sealed_as(
        desk,
        msgspec.structs.replace(dossier, state=event, revision=dossier.revision + 1, editor=by, changed=now),
        body,
        statement,
        by=by,
    )
    entry = entries.Review(
        coop=dossier.coop,
        time=instant(now),
        event="countersigned" if event == "countersigned" else "signed",
        review=dossier.id,
        digest=body.digest(),
        start=instant(body.period.start),
        end=instant(body.period.end),
        size=body.size,
        root=body.root,
        counts=body.counts,
        by=by,
        reason=reason,
    )
    verdict = await desk.log.append(
        dossier.coop,
        Submission.of(entry, now, change=change),
    )
    match verdict:
        case Committed():
            return made
        case Unchanged():
            raise await dossiers.not_written(desk, made)
        case _:
            raise Unavailable("the log did not take the signature")


def _signed_already() -> Refused:
    return Refused(
        "signed", "すでに署名済みです。連署は別の人が行います", "it is signed already; another person countersigns it"
    )


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST or not writable(reason):
        raise Refused(
            "reason",
            f"何を確かめたかを書いてください({LONGEST}字まで)",
            f"say what you looked at, in {LONGEST} characters at most",
        )
