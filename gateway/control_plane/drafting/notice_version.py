"""A new version of a notice in a draft, with its text as published beside it."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.notice import file_of, party_of
from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite, Said, day_of, said_by
from gateway.control_plane.drafting.typed import Name, day, in_order, words, words_or_none, wrong
from gateway.core.plain_text import writable
from gateway.ports import Files, PolicyFiles

LONGEST_TEXT: Final = 100_000
"""Characters that an archived text may have."""
_DAY: Final = timedelta(days=1)


class VersionTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed for a new version of a notice."""

    like: str = ""
    effective: str = ""
    published: str = ""
    quote: str = ""
    act: str = ""
    url: str = ""
    text: str = ""


def new_version(
    files: Files, coop: str, typed: VersionTyped, *, policy_files: PolicyFiles
) -> tuple[Files, tuple[str, ...]]:
    """Return files with a new version of the notice, and what of the old one its text does not say any more.

    It begins as a copy of `like` with the new text beside it. The old one stays, and ends on the day before; the joint
    purpose, items, users, responsible party and contact that the new text does not hold are left out, and are its gaps.
    Raises Refused, FilesRefused.
    """
    said = said_by(files, coop, policy_files=policy_files)
    old = said.notice(typed.like)
    begins = day(typed.effective, NAMES["effective"])
    published = day(typed.published, NAMES["published"])
    in_order(published, begins, NAMES["effective"])
    version = begins.isoformat()
    new, file = Rewrite(files, coop, policy_files=policy_files), file_of(version)
    if f"{new.folder}/{file}" in files:
        raise wrong(NAMES["effective"], f"{version} の版はすでにあります", f"there is a notice of {version} already")
    text = archived(typed.text)
    quote = _quoted(typed.quote, NAMES["quote"], text)
    act = words_or_none(typed.act, NAMES["act"])
    new.files[f"{new.folder}/{file}"] = _without_head(files[f"{new.folder}/{file_of(typed.like)}"])
    _archive(new, file, version, text)
    if url := words_or_none(typed.url, NAMES["url"]):
        new.set(file, ("source", "url"), url)
    new.set(file, ("version",), version)
    later = min((one for one in said.document["notices"] if one > version), default=None)
    last = None if later is None else date.fromisoformat(later) - _DAY
    for term, first in (("effective", begins), ("published", published)):
        new.set(file, (term, "from"), first)
        if last is not None or old[term].get("to"):
            new.set(file, (term, "to"), last)
    own = {"version": version, **({} if act is None else {"act": act}), "quote": quote, "text": "held"}
    new.set(file, ("versions",), [*_listed(said, old, version, text), own])
    _end_before(new, said, begins)
    return new.files, tuple(_leave_out(new, file, old, text))


def set_text(
    files: Files, coop: str, version: str, text: str, *, published: Collection[str], policy_files: PolicyFiles
) -> Files:
    """Return files with another archived text of a version that is not among the published ones.

    Raises Refused, FilesRefused.
    """
    said_by(files, coop, policy_files=policy_files).notice(version)
    if version in published:
        raise wrong(
            NAMES["text"],
            "公布済みの版の本文は変えられません。新しい本文は新しい版にしてください",
            "the text of a published version stays as it is; a new text is a new version",
        )
    new = Rewrite(files, coop, policy_files=policy_files)
    _archive(new, file_of(version), version, archived(text))
    return new.files


def archived(typed: str) -> str:
    """Return a text to keep, as typed: its lines end alike and its last one ends. Raises Refused."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise wrong(NAMES["text"], "公表した本文を貼り付けてください", "paste the text as it was published")
    if len(text) > LONGEST_TEXT or not writable(text):
        raise wrong(
            NAMES["text"],
            f"{LONGEST_TEXT}字までで、制御文字を除いてください",
            f"use at most {LONGEST_TEXT} characters, and no control characters",
        )
    return text if text.endswith("\n") else text + "\n"


def _archive(new: Rewrite, file: str, version: str, text: str) -> None:
    new.files[f"{new.folder}/source/{version}.txt"] = text
    new.set(file, ("source", "file"), f"source/{version}.txt")
    new.set(file, ("source", "sha256"), hashlib.sha256(text.encode()).hexdigest())


def _quoted(typed: str, name: Name, text: str) -> str:
    quote = words(typed, name)
    if quote not in text:
        raise wrong(
            name,
            "公表文の本文にそのままの表記がありません。本文のとおりに写してください",
            "it does not stand in the text; write it as published",
        )
    return quote


def _without_head(text: str) -> str:
    """Return a file without the comment at its head, which is about another version."""
    lines = text.splitlines(keepends=True)
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        del lines[0]
    return "".join(lines)


def _listed(said: Said, old: dict[str, Any], version: str, text: str) -> list[dict[str, Any]]:
    """Return the earlier versions that the new text names, each with whether its own text is held."""
    held = said.document["notices"]
    return [
        {key: one[key] for key in ("version", "act", "quote") if key in one}
        | {"text": "held" if one["version"] in held else "header_only"}
        for one in old["versions"]
        if one["version"] != version and one["quote"] in text
    ]


def _end_before(new: Rewrite, said: Said, begins: date) -> None:
    """End the version that governed until then: from its day on, the new one governs alone."""
    version = max((one for one in said.document["notices"] if one < begins.isoformat()), default=None)
    if version is None:
        return
    for term in ("effective", "published"):
        ends = day_of(said.notice(version)[term].get("to"))
        if ends is None or ends >= begins:
            new.set(file_of(version), (term, "to"), begins - _DAY)


def _leave_out(new: Rewrite, file: str, old: dict[str, Any], text: str) -> Iterator[str]:
    """Leave out what the new text does not say, where the notice can stand without it; yield what it was."""
    joint, at = old["joint_use"], ("joint_use",)
    if joint["statement"] is not None and joint["statement"] not in text:
        new.set_null(file, (*at, "statement"))
    if joint["purpose"] is not None and joint["purpose"]["text"] not in text:
        new.set_null(file, (*at, "purpose"))
        yield "joint_purposes"
    for part in ("items", "users"):
        gone = [name for name, one in (joint[part] or {}).items() if one["label"] not in text]
        for name in gone:
            new.set(file, (*at, part, name), None)
        if gone:
            yield part
    parties = [_said_of(party, text) for party in joint["responsible_parties"] if party["role"] in text]
    if parties != [party_of(party) for party in joint["responsible_parties"]]:
        new.set(file, (*at, "responsible_parties"), parties)
        yield "responsible_party"
    if joint.get("linked_page") and joint["linked_page"]["text"] not in text:
        new.set(file, (*at, "linked_page"), None)
    if old["contact"] is not None and any(old["contact"][part] not in text for part in ("desk", "tel", "hours")):
        new.set_null(file, ("contact",))
        yield "contact"


def _said_of(party: dict[str, Any], text: str) -> dict[str, Any]:
    made = party_of(party)
    for part in ("name", "address", "representative"):
        if made[part] is not None and made[part]["text"] not in text:
            made[part] = None
    return made
