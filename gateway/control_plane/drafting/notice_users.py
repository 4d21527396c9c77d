"""Joint users and their classes in a draft: the legal entities that a notice names, each on its days."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.notice import file_of
from gateway.control_plane.drafting.notice_items import next_number
from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite, Said, plain, said_by
from gateway.control_plane.drafting.typed import day_or_none, formed, in_order, one_of, words, wrong
from gateway.ports import Files, PolicyFiles

_ID: Final = "[a-z0-9]+(-[a-z0-9]+)*"


class UserTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a joint user: a legal entity, or a class of them."""

    id: str = ""
    label: str = ""
    partner: str = ""
    members_of: str = ""
    first: str = ""
    last: str = ""
    remove: bool = False


class MemberTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a legal entity of a class; without a first day it is nobody's joint user yet."""

    partner: str = ""
    first: str = ""
    last: str = ""
    remove: bool = False


class ClassTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a class; a member without a partner is none."""

    source: str
    members: tuple[MemberTyped, ...]


def set_users(files: Files, coop: str, version: str, users: Iterable[UserTyped], *, policy_files: PolicyFiles) -> Files:
    """Return files where a version has these joint users; one that is not told of stays, a new one has no id.

    A class that is not listed yet begins without members. Raises Refused, FilesRefused.
    """
    said = said_by(files, coop, policy_files=policy_files)
    notice = said.notice(version)
    was: dict[str, dict[str, Any]] = notice["joint_use"]["users"]
    new, file, new_number = Rewrite(files, coop, policy_files=policy_files), file_of(version), next_number(was)
    for user in users:
        if user.remove:
            new.set(file, ("joint_use", "users", user.id), None)
            continue
        if user.id:
            begins, ends = _days(user.first, user.last)
            label = words(user.label, NAMES["label"])
            changes = {"label": label, "from": begins, "to": ends}
            old = was.get(user.id)
            if old is None:
                raise wrong(NAMES["partner"], f"共同利用者 `{user.id}` はありません", f"there is no user `{user.id}`")
            new.set_changed(file, ("joint_use", "users", user.id), old, changes)
        elif (user.label + user.partner + user.members_of + user.first + user.last).strip():
            new.set(file, ("joint_use", "users", f"U{new_number}"), _user(said, user), make=True)
            new_number += 1
            of = user.members_of.strip()
            if of and of not in notice.get("classes", {}):
                # What is read from where is typed with the first member.
                new.set(file, ("classes", of), {"source": user.label.strip(), "members": []}, make=True)
    return new.files


def _user(said: Said, typed: UserTyped) -> dict[str, Any]:
    if bool(typed.partner.strip()) == bool(typed.members_of.strip()):
        raise wrong(
            NAMES["user_kind"], "提供先か範囲のIDのどちらか一方を入れてください", "give a partner or the id of a class"
        )
    made: dict[str, Any] = {}
    if typed.partner.strip():
        made["partner"] = one_of(typed.partner, NAMES["partner"], said.partners)
    else:
        made["members_of"] = formed(typed.members_of, NAMES["members_of"], _ID, "member-coops", longest=48)
    made["label"] = words(typed.label, NAMES["label"])
    begins, ends = _days(typed.first, typed.last)
    return made | {key: day for key, day in (("from", begins), ("to", ends)) if day is not None}


def set_class(
    files: Files,
    coop: str,
    version: str,
    name: str,
    typed: ClassTyped,
    *,
    policy_files: PolicyFiles,
) -> Files:
    """Return files where a class has these members, each on its days. Raises Refused, FilesRefused."""
    said = said_by(files, coop, policy_files=policy_files)
    old = said.notice(version).get("classes", {}).get(name)
    if old is None:
        raise wrong(NAMES["members_of"], f"範囲 `{name}` はありません", f"there is no class `{name}`")
    listed: list[dict[str, Any]] = []
    for member in typed.members:
        if member.remove or not (member.partner + member.first + member.last).strip():
            continue
        partner = one_of(member.partner, NAMES["partner"], said.partners)
        if partner in {one["partner"] for one in listed}:
            raise wrong(NAMES["partner"], f"`{partner}` はすでに一覧にあります", f"`{partner}` is listed already")
        begins, ends = _days(member.first, member.last)
        listed.append({"partner": partner, "from": begins} | ({} if ends is None else {"to": ends}))
    new, at = Rewrite(files, coop, policy_files=policy_files), ("classes", name)
    new.set_changed(file_of(version), at, old, {"source": words(typed.source, NAMES["source"])})
    if plain(listed) != old["members"]:
        new.set(file_of(version), (*at, "members"), listed)
    return new.files


def members_of(listed: Mapping[str, Any]) -> list[MemberTyped]:
    """Return the members of a class of the decoded document, as a form holds them."""
    return [
        MemberTyped(partner=one["partner"], first=one.get("from") or "", last=one.get("to") or "")
        for one in listed.get("members", ())
    ]


def _days(first: str, last: str) -> tuple[date | None, date | None]:
    begins, ends = day_or_none(first, NAMES["from"]), day_or_none(last, NAMES["to"])
    in_order(begins, ends, NAMES["to"])
    return begins, ends
