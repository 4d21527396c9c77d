"""Each step of a dossier is one entry and one changed row: what was written is sealed, and the entry has its digest."""

import os
import secrets
from datetime import date
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from gateway.core.dossier import Dossier, Event, Matter
from gateway.core.identity import SALT, Subject, commit, member_tag
from gateway.core.plain_text import LONGEST_REASON, is_reason
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal, unseal
from gateway.oversight.desk import OversightDesk
from gateway.ports import Change, Committed, Submission, Unavailable, Unchanged, Values
from gateway.tlog import entries
from gateway.tlog.entries import instant

Body = TypeVar("Body", bound=msgspec.Struct)
_ID: Final = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id(prefix: str) -> str:
    """Return an identifier that nobody can guess and everybody can read out: `case-7k3m9x2p`."""
    return f"{prefix}-{''.join(secrets.choice(_ID) for _ in range(8))}"


def read(desk: OversightDesk, dossier: Dossier, body: type[Body]) -> Body:
    """Return what is written in a dossier. Raises Unavailable where it was not sealed here."""
    try:
        opened = unseal(desk.secrets(dossier.coop).requests, dossier.body, _context(dossier))
        return msgspec.json.decode(opened, type=body)
    except Exception:  # noqa: BLE001  # a key that is gone, bytes that were changed, a body of another matter
        raise Unavailable("what is kept of a dossier cannot be read") from None


async def begin(
    desk: OversightDesk,
    coop: str,
    matter: Matter,
    body: msgspec.Struct,
    *,
    state: str,
    by: str,
    reason: str,
    partner: str | None = None,
    due: date | None = None,
    member: str | None = None,
    dossier: str | None = None,
    of_partner: bool = False,
    statement: str | None = None,
    more: Values | None = None,
) -> Dossier:
    """Open a dossier, about a member or none; `of_partner`: a partner's system or a rule opens it, nobody of the staff.

    `statement` names who else may, where it is not compliance (adapters/log/changes.py), and `more` is what it asks for
    beyond the row. Raises Refused where `by` may not, or where a dossier of this id exists; Unavailable.
    """
    now = desk.clock()
    tag = None if member is None else member_tag(desk.secrets(coop).subject, coop, member)
    made = Dossier(
        id=dossier or new_id(matter),
        coop=coop,
        matter=matter,
        state=state,
        revision=1,
        partner=partner,
        due=due,
        tag=tag,
        body=b"",
        author=by,
        editor=by,
        opened=now,
        changed=now,
    )
    statement = statement or ("dossier_opened_by_rule" if of_partner else "dossier_opened")
    return await _write(desk, made, body, statement, "opened", by=by, reason=reason, more=more)


async def change(
    desk: OversightDesk,
    dossier: Dossier,
    body: msgspec.Struct,
    *,
    event: Event,
    by: str,
    reason: str,
    state: str | None = None,
    partner: str | None = None,
    due: date | None = None,
    by_another: bool = False,
    by_rule: bool = False,
    statement: str | None = None,
) -> Dossier:
    """Write the next revision of a dossier; its partner and due day are what is given, None none.

    `by_another`: whoever opened or last changed it may not. `by_rule`: nobody of the staff does it.
    `statement` names who else may, where it is none of these (adapters/log/changes.py).
    Raises Refused where somebody was faster or `by` may not; Unavailable.
    """
    made = msgspec.structs.replace(
        dossier,
        state=dossier.state if state is None else state,
        revision=dossier.revision + 1,
        partner=partner,
        due=due,
        editor=by,
        changed=desk.clock(),
    )
    usual = "dossier_signed" if by_another else "dossier_changed_by_rule" if by_rule else "dossier_changed"
    statement = statement or usual
    return await _write(desk, made, body, statement, event, by=by, reason=reason)


def sealed_as(
    desk: OversightDesk, made: Dossier, body: msgspec.Struct, statement: str, *, by: str
) -> tuple[Dossier, Change]:
    """Return a revision with its body sealed, and the change of its row, for the entry that is its step."""
    sealed = seal(desk.secrets(made.coop).requests, msgspec.json.encode(body), _context(made))
    made = msgspec.structs.replace(made, body=sealed)
    return made, Change(
        statement=statement,
        values={
            "id": made.id,
            "matter": made.matter,
            "state": made.state,
            "revision": made.revision,
            "partner": made.partner,
            "due": None if made.due is None else made.due.isoformat(),
            "tag": None if made.tag is None else rfc4648.encode(made.tag),
            "body": rfc4648.encode(sealed),
            "by": by,
        },
    )


async def _write(
    desk: OversightDesk,
    made: Dossier,
    body: msgspec.Struct,
    statement: str,
    event: Event,
    *,
    by: str,
    reason: str,
    more: Values | None = None,
) -> Dossier:
    if not is_reason(reason):
        raise Refused(
            "reason", f"理由を{LONGEST_REASON}字までで書いてください", f"say why, in up to {LONGEST_REASON} characters"
        )
    coop, salt = made.coop, os.urandom(SALT)
    made, change = sealed_as(desk, made, body, statement, by=by)
    if more is not None:
        change = msgspec.structs.replace(change, values={**more, **change.values})
    said = entries.Dossier(
        coop=coop,
        time=instant(made.changed),
        dossier=made.id,
        matter=made.matter,
        event=event,
        state=made.state,
        revision=made.revision,
        partner=made.partner,
        due=None if made.due is None else made.due.isoformat(),
        commitment=None if made.tag is None else rfc4648.encode(commit([made.tag], [salt])),
        digest=rfc4648.encode(sha256(made.body).digest()),
        by=by,
        reason=reason,
    )
    verdict = await desk.log.append(
        coop,
        Submission.of(
            said, made.changed, subjects=() if made.tag is None else (Subject(made.tag, salt),), change=change
        ),
    )
    match verdict:
        case Committed():
            return made
        case Unchanged():
            raise await not_written(desk, made)
        case _:
            raise Unavailable("the log did not take the entry of a dossier")


async def not_written(desk: OversightDesk, made: Dossier) -> Refused:
    """Return why a revision was not taken: somebody was faster, or whoever does it may not."""
    stored = await desk.dossiers.get(made.coop, made.id)
    if stored is not None and stored.revision != made.revision - 1:
        return Refused(
            "revision",
            "他の人が先に変更しました。もう一度読み直し、変更を確かめてからやり直してください",
            "somebody else changed it first; look at it again, then repeat what you meant to do",
        )
    return Refused(
        "role",
        "この操作に必要な役割(コンプライアンス等)を今は持っていないか、自分で作成・変更した案件に自分で署名しようとしています。"
        "別の担当者に依頼してください",
        "you hold no role for this now, or would sign what you wrote yourself; ask somebody else",
    )


def _context(dossier: Dossier) -> bytes:
    return f"dossier/{dossier.coop}/{dossier.matter}/{dossier.id}/{dossier.revision}".encode()
