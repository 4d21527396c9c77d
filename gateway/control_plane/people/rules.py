"""What must hold before a person or a role changes: pure checks over a co-op's people and roles as they stand.

Each check returns where its rule holds and raises PeopleRefused where it does not. The log's transaction asks again
(adapters/log/changes.py): of two managers who are let go at the same instant, the second is refused there.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway.core.days import Span
from gateway.core.plain_text import one_line, writable
from gateway.core.refused import Refused
from gateway.core.staff import OF_A_DEPARTMENT, RoleHeld
from gateway.ports import Person

LATE: Final = timedelta(minutes=1)
LONGEST_DEPUTY: Final = timedelta(days=400)

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST: Final = 200
_LONGEST_REASON: Final = 2_000

Rule = Literal[
    "id",
    "name",
    "reason",
    "by",
    "exists",
    "unknown",
    "department",
    "past",
    "span",
    "overlap",
    "self",
    "deputy_role",
    "deputy_end",
    "deputy_length",
    "deputy_self",
    "deputy_of",
    "ended",
    "last_manager",
    "last_person",
    "issuer",
    "subject",
    "self_link",
    "linked",
    "unlinked",
    "nothing_to_review",
    "other_roles",
    "reviewer",
    "signed",
]

_WORDS: Final[dict[Rule, tuple[str, str]]] = {
    "id": (
        "`{of}` は担当者IDになりません。英小文字か数字で始め、英小文字・数字・`.`・`_`・`-` だけで64字までにしてください",
        "`{of}` cannot be a person's id: begin with a-z or 0-9, then only a-z, 0-9, `.`, `_` or `-`, 64 characters at most",
    ),
    "name": (
        "氏名が必要です。1行、200字までで入れてください",
        "a name is required: give it in one line of at most 200 characters",
    ),
    "reason": (
        "理由が必要です。2000字までで入れてください",
        "a reason is required: give it in at most 2000 characters",
    ),
    "by": (
        "操作者 `{of}` は在籍中の担当者ではありません。`gateway staff list` にある担当者IDを操作者にしてください",
        "`{of}`, who does this, is nobody of the co-op's staff: name the id of an active person, see `gateway staff list`",
    ),
    "exists": (
        "`{of}` という担当者IDは使われています。退いた人のIDも使えません。別のIDにしてください",
        "the id `{of}` belongs to somebody, perhaps to one who has left; choose another id",
    ),
    "unknown": (
        "`{of}` は在籍中の担当者ではないか、いま別の人が変更しました。`gateway staff list` を見てやり直してください",
        "`{of}` is nobody of the active staff, or was changed just now: see `gateway staff list`, then repeat",
    ),
    "department": (
        "admin と manager には部署が必要で、ほかの役割には部署を付けません。部署を付けるか、外してください",
        "the roles admin and manager are held in a department, and no other role is: give the department, or leave it out",
    ),
    "past": (
        "過去の日時からは与えられません。開始を省くか、これからの日時にしてください",
        "a role cannot begin in the past: leave the beginning out, or name a time to come",
    ),
    "span": (
        "期間の終わりが正しくありません。始まりより後、いまの終わりより前にしてください",
        "the period ends wrongly: its end comes after its beginning and, for a role already given, before its present end",
    ),
    "overlap": (
        "同じ人の同じ役割が重なります: `{of}`。期間をずらすか、先にその役割を終わらせてください",
        "this person holds the same role in that time, `{of}`: choose another period, or end that role first",
    ),
    "self": (
        "自分に役割を与えることはできません。別の担当者に頼んでください",
        "nobody gives themself a role: ask another member of staff",
    ),
    "deputy_role": (
        "代理できるのは manager だけです。役割を manager にするか、代理の指定を外してください",
        "a deputy stands in for a manager: give the role manager, or leave the deputy out",
    ),
    "deputy_end": ("代理には終わりの日が必要です。終わりを入れてください", "a deputy's role has an end: give it"),
    "deputy_length": (
        "代理は400日までです。終わりを早め、続くならその時に改めて与えてください",
        "a deputy stands in for 400 days at most: end it earlier, and give it anew if it goes on",
    ),
    "deputy_self": (
        "自分自身の代理にはなれません。別の人を選んでください",
        "nobody is their own deputy: choose another person",
    ),
    "deputy_of": (
        "`{of}` はその期間を通して、その部署の(代理でない)manager ではありません。部署・期間・本人を確かめてください",
        "`{of}` is not a manager of that department in their own right for all that time: check department, period and id",
    ),
    "ended": (
        "`{of}` という役割はないか、もう終わっています。`gateway staff list` で役割の番号を確かめてください",
        "there is no role `{of}`, or it has ended: see `gateway staff list` for the roles and their ids",
    ),
    "last_manager": (
        "起案者がいる部署には承認者が必要です: {of}。先に別の人に manager を与えてください",
        "an approver must remain where there are admins: {of}; give another person the role manager there first",
    ),
    "issuer": (
        "この生協の認証基盤ではありません。設定 GATEWAY_OIDC の issuer と1字も違わないように入れてください",
        "this is not the co-op's identity provider: give the issuer exactly as GATEWAY_OIDC has it",
    ),
    "subject": (
        "認証基盤での本人の値(subject)が必要です。1行、255字までで、そのまま入れてください",
        "the person's subject at the identity provider is required: one line of at most 255 characters, as it is there",
    ),
    "self_link": (
        "自分に組織のアカウントを結び付けることはできません。別の担当者に頼んでください",
        "nobody links an organisation account to themself: ask another member of staff",
    ),
    "linked": (
        "その本人の値は別の担当者に結び付いているか、`{of}` が在籍中ではありません。先に `gateway staff unlink` で外してください",
        "that subject belongs to somebody already, or `{of}` is not active: take it away first with `gateway staff unlink`",
    ),
    "unlinked": (
        "`{of}` には組織のアカウントが結び付いていません。`gateway staff list` で担当者IDを確かめてください",
        "`{of}` has no organisation account linked: see `gateway staff list` for the ids",
    ),
    "nothing_to_review": (
        "役割を持つ人がいないので、棚卸しするものがありません。先に役割を与えてください",
        "nobody holds a role, so there is nothing to review: give roles first",
    ),
    "other_roles": (
        "見ていた後に役割が変わりました。もう一度読み直し、確かめてから署名してください",
        "the roles changed after you looked: look at them again, then sign",
    ),
    "reviewer": (
        "署名できるのは manager か compliance の役割を今持つ人です。その人に依頼してください",
        "a manager or a person in compliance signs: ask somebody who holds one of these roles now",
    ),
    "signed": (
        "この内容にはもう署名しています。別の manager か compliance の署名を待つか、次の棚卸しで署名してください",
        "you have signed this already: another manager or person in compliance signs too, or you sign at the next review",
    ),
    "last_person": (
        "最後の一人は退けません。先に別の担当者を加えてください",
        "somebody must remain who can act: add another person first",
    ),
}


class PeopleRefused(Refused):
    """What was asked breaks a rule; the text says so, and the mend, in both languages."""

    def __init__(self, rule: Rule, of: str = "") -> None:
        super().__init__(rule, *(words.replace("{of}", of) for words in _WORDS[rule]))

    def __str__(self) -> str:
        """Both languages, for the command line."""
        return f"{self.ja} / {self.en}"


def check_id(person: str) -> None:
    """An id can be typed anywhere and stands in entries for ever. Raises PeopleRefused."""
    if not _ID.fullmatch(person):
        raise PeopleRefused("id", person[:64] if _line(person) else "")


def check_name(name: str) -> None:
    """A person has a name. Raises PeopleRefused."""
    if not _line(name):
        raise PeopleRefused("name")


def check_reason(reason: str) -> None:
    """Whoever changes who may act says why. Raises PeopleRefused."""
    if not reason.strip() or len(reason) > _LONGEST_REASON or not writable(reason):
        raise PeopleRefused("reason")


def check_by(by: str, *, people: Collection[Person], begun: bool) -> None:
    """An active person acts; before anybody was ever given a role (not `begun`), whoever sets the gateway up.

    Raises PeopleRefused.
    """
    if not _line(by) or (begun and not any(one.id == by and one.active for one in people)):
        raise PeopleRefused("by", by if _line(by) else "")


def check_role(new: RoleHeld, *, roles: Sequence[RoleHeld], now: datetime) -> None:
    """A role may be given as it stands: in its department, over a time to come, not twice, a deputy for a manager.

    Raises PeopleRefused.
    """
    start, end = new.span.start, new.span.end
    if (new.role in OF_A_DEPARTMENT) != (new.department is not None):
        raise PeopleRefused("department")
    if new.department is not None and (not _line(new.department) or new.department != new.department.strip()):
        raise PeopleRefused("department")
    if start is None or start < now - LATE:
        raise PeopleRefused("past")
    if end is not None and end <= start:
        raise PeopleRefused("span")
    if new.deputy_for is not None:
        _check_deputy(new, new.deputy_for, start=start, end=end, roles=roles)
    for one in roles:
        same = (one.person, one.role, one.department) == (new.person, new.role, new.department)
        if same and _meet(one.span, new.span):
            raise PeopleRefused("overlap", one.id)


def check_approver_remains(gone: Collection[RoleHeld], *, roles: Sequence[RoleHeld], at: datetime) -> None:
    """Where admins remain once these roles are gone at an instant, a manager remains who is nobody's deputy.

    A deputy's own role may go where any manager remains. Raises PeopleRefused.
    """
    kept = [one for one in roles if one not in gone]
    for one in gone:
        if one.role != "manager" or not _holds(one.span, at):
            continue
        beside = [other for other in kept if other.department == one.department]
        admins = any(other.role == "admin" and not _over(other.span, at) for other in beside)
        managers = any(
            other.role == "manager" and _holds(other.span, at) and (other.deputy_for is None or one.deputy_for)
            for other in beside
        )
        if admins and not managers:
            raise PeopleRefused("last_manager", one.department or "")


def check_end(
    found: Sequence[RoleHeld], role: str, *, end: datetime | None, now: datetime
) -> tuple[RoleHeld, datetime]:
    """Return the one role found as it stands when it ends at an instant (None: now), and that instant.

    A role that has ended stays as it is; none ends in the past, or later than it would anyhow. Raises PeopleRefused.
    """
    if not found or _over(found[0].span, now):
        raise PeopleRefused("ended", role if _line(role) else "")
    start, last = found[0].span.start, found[0].span.end
    if end is not None and end < now - LATE:
        raise PeopleRefused("past")
    ends = max(end or now, now, start or now)
    if last is not None and ends >= last:
        raise PeopleRefused("span")
    return msgspec.structs.replace(found[0], span=Span(start, ends)), ends


def _check_deputy(
    new: RoleHeld, manager: str, *, start: datetime, end: datetime | None, roles: Sequence[RoleHeld]
) -> None:
    if new.role != "manager":
        raise PeopleRefused("deputy_role")
    if end is None:
        raise PeopleRefused("deputy_end")
    if end - start > LONGEST_DEPUTY:
        raise PeopleRefused("deputy_length")
    if manager == new.person:
        raise PeopleRefused("deputy_self")
    if not any(
        one.person == manager
        and one.role == "manager"
        and one.department == new.department
        and one.deputy_for is None
        and _holds(one.span, start)
        and (one.span.end is None or end <= one.span.end)
        for one in roles
    ):
        raise PeopleRefused("deputy_of", manager if _line(manager) else "")


def _line(text: str) -> bool:
    """Tell whether a text says something, in one line that every database and screen can write."""
    return len(text) <= _LONGEST and one_line(text)


def _holds(span: Span, at: datetime) -> bool:
    return (span.start is None or span.start <= at) and not _over(span, at)


def _over(span: Span, at: datetime) -> bool:
    return span.end is not None and span.end <= at


def _meet(one: Span, other: Span) -> bool:
    starts = [span.start for span in (one, other) if span.start is not None]
    ends = [span.end for span in (one, other) if span.end is not None]
    return not starts or not ends or max(starts) < min(ends)
