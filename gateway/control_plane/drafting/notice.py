"""A notice in a draft: its joint purpose, responsible party, mapping and contact desk.

Every text of a notice stands in the text as published, word for word; whoever saves files where one does not is refused
with the place. A version may be incomplete while it is made: what it lacks are its gaps (法27条5項3号), not errors.
"""

from datetime import date
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite, day_of, said_by
from gateway.control_plane.drafting.typed import (
    day,
    day_or_none,
    formed,
    in_order,
    one_of,
    some_of,
    words,
    words_or_none,
    wrong,
)
from gateway.ports import Files, PolicyFiles

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAPPINGS: Final = ("yes", "review", "no", "unknown")
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"


class PartyTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the party with first-line responsibility; what is empty is not published yet."""

    role: str = ""
    name: str = ""
    name_from: str = ""
    address: str = ""
    address_from: str = ""
    representative: str = ""
    representative_from: str = ""
    municipality_code: str = ""


class PurposeTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a purpose: whether it may ride joint use, and who read it so."""

    joint: str = ""
    by: str = ""
    approved_by: str = ""
    read_on: str = ""
    reason: str = ""
    sample: bool = False


class ContactTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the contact desk."""

    clause: str = ""
    desk: str = ""
    tel: str = ""
    hours: str = ""
    open_days: tuple[str, ...] = ()
    open_from: str = ""
    open_to: str = ""


def file_of(version: str) -> str:
    """Return where a version stands, below the co-op's folder."""
    return f"notices/{version}.yaml"


def set_joint_purpose(files: Files, coop: str, version: str, typed: str, *, policy_files: PolicyFiles) -> Files:
    """Return files where a version states this purpose of joint use. Raises Refused, FilesRefused."""
    joint = said_by(files, coop, policy_files=policy_files).notice(version)["joint_use"]
    text = words(typed, NAMES["purpose"], lines=True)
    new = Rewrite(files, coop, policy_files=policy_files)
    if joint["purpose"] is None:
        new.set(file_of(version), ("joint_use", "purpose"), {"id": "J1", "text": text})
    else:
        new.set(file_of(version), ("joint_use", "purpose", "text"), text)
    return new.files


def set_responsible(files: Files, coop: str, version: str, typed: PartyTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files where a version names this party; with nothing typed it names nobody. Raises Refused, FilesRefused."""
    joint = said_by(files, coop, policy_files=policy_files).notice(version)["joint_use"]
    new = Rewrite(files, coop, policy_files=policy_files)
    others = [party_of(party) for party in joint["responsible_parties"][1:]]
    stated = any(getattr(typed, part).strip() for part in PartyTyped.__struct_fields__)
    parties = [*([_party(typed)] if stated else []), *others]
    if parties != [party_of(party) for party in joint["responsible_parties"]]:
        new.set(file_of(version), ("joint_use", "responsible_parties"), parties)
    return new.files


def _party(typed: PartyTyped) -> dict[str, Any]:
    made: dict[str, Any] = {"role": words(typed.role, NAMES["role"])}
    for part in ("name", "address", "representative"):
        text = words_or_none(getattr(typed, part), NAMES[part])
        since = getattr(typed, f"{part}_from")
        if text is None and since.strip():
            raise wrong(
                NAMES[part], "いつからかだけでなく、文言も入力してください", "write the text, not its day alone"
            )
        made[part] = None if text is None else {"text": text, "from": day(since, NAMES[f"{part}_from"])}
    if typed.municipality_code.strip():
        code = formed(typed.municipality_code, NAMES["municipality_code"], "[0-9]{6}", "062031")
        made["municipality_code"] = code
    return made


def party_of(said: dict[str, Any]) -> dict[str, Any]:
    """Return a party of the decoded document as it is written."""
    made: dict[str, Any] = {"role": said["role"]}
    for part in ("name", "address", "representative"):
        one = said[part]
        made[part] = None if one is None else {"text": one["text"], "from": day_of(one["from"])}
    return made | ({"municipality_code": said["municipality_code"]} if said.get("municipality_code") else {})


def set_mapping(
    files: Files, coop: str, version: str, purpose: str, typed: PurposeTyped, *, policy_files: PolicyFiles
) -> Files:
    """Return files where a purpose rides joint use, may after a decision, or never does. Raises Refused, FilesRefused.

    A `yes` carries its reading: by whom, approved by another person, when and why. Anything else carries none.
    """
    purposes = said_by(files, coop, policy_files=policy_files).notice(version)["purposes"]
    if purpose not in purposes:
        raise wrong(NAMES["purposes"], f"`{purpose}` は公表事項にありません", f"the notice has no `{purpose}`")
    joint = one_of(typed.joint, NAMES["joint"], MAPPINGS)
    new, at = Rewrite(files, coop, policy_files=policy_files), ("purposes", purpose)
    reading = _reading(typed) if joint == "yes" else None
    # What stands so already is left in its own style; a sample is not always among what was read, and is written over.
    new.set(file_of(version), (*at, "joint"), joint)
    new.set(file_of(version), (*at, "reading"), reading)
    return new.files


def _reading(typed: PurposeTyped) -> dict[str, Any]:
    by, approved = by_two(typed.by, typed.approved_by)
    return {
        "by": by,
        "approved_by": approved,
        "date": day(typed.read_on, NAMES["read_on"]),
        **({"sample": True} if typed.sample else {}),
        "reason": words(typed.reason, NAMES["reason"], lines=True),
    }


def by_two(by: str, approved_by: str) -> tuple[str, str]:
    """Return who decided and who approved. Raises Refused where they are the same person."""
    decided, approved = words(by, NAMES["by"]), words(approved_by, NAMES["approved_by"])
    if decided == approved:
        raise wrong(
            NAMES["approved_by"], "判断した人とは別の人にしてください", "name another person than the one who decided"
        )
    return decided, approved


def set_contact(files: Files, coop: str, version: str, typed: ContactTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files where a version names this contact desk. Raises Refused, FilesRefused."""
    said = said_by(files, coop, policy_files=policy_files).notice(version)
    opens = formed(typed.open_from, NAMES["open_from"], _TIME, "09:30")
    closes = formed(typed.open_to, NAMES["open_to"], _TIME, "17:30")
    if closes <= opens:
        raise wrong(NAMES["open_to"], "開始より後の時刻にしてください", "it must be later than the opening")
    contact = {
        "clause": formed(typed.clause, NAMES["clause"], "[A-Z]-[A-Z0-9]{1,4}[a-d]?", f"{said['clause_prefix']}R2"),
        "desk": words(typed.desk, NAMES["desk"]),
        "tel": words(typed.tel, NAMES["tel"]),
        "hours": words(typed.hours, NAMES["hours"]),
        "open": {"days": some_of(typed.open_days, NAMES["open_days"], WEEKDAYS), "from": opens, "to": closes},
    }
    new = Rewrite(files, coop, policy_files=policy_files)
    if said["contact"] is None:
        new.set(file_of(version), ("contact",), contact)
    else:
        new.set_changed(file_of(version), ("contact",), said["contact"], contact)
    return new.files


def term_of(first: str, last: str) -> tuple[date, date | None]:
    """Return the first and the last day that are typed. Raises Refused."""
    begins, ends = day(first, NAMES["from"]), day_or_none(last, NAMES["to"])
    in_order(begins, ends, NAMES["to"])
    return begins, ends
