"""A legal entity in a draft: its file made, or its members changed; identity is the id, and the file's name.

A legal entity that no notice, decision or agreement names changes nothing that is released.
"""

import msgspec

from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.drafting.typed import day_or_none, formed, words, words_or_none, wrong
from gateway.control_plane.partners.document import PartnerText, partner_in
from gateway.core.refused import Refused
from gateway.ports import EditRefused, Files, PolicyFiles

ID = "[a-z0-9]+(-[a-z0-9]+)*"
LONGEST_ID = 48
_CLIENT = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_ROUTED = frozenset({"new"})
"""What the console's own addresses are called."""


class PartnerTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a legal entity; `clients` one a line, and what is empty is not known."""

    name: str = ""
    short_name: str = ""
    corporate_number: str = ""
    country: str = "JP"
    address: str = ""
    representative: str = ""
    responsible: str = ""
    inquiries: str = ""
    incidents: str = ""
    clients: str = ""
    archived: str = ""


def partner_file(partner: str) -> str:
    """Return where a legal entity stands."""
    return f"partners/{partner}.yaml"


def partner_of(files: Files, partner: str, *, policy_files: PolicyFiles) -> PartnerText:
    """Return what a draft says of a legal entity. Raises KeyError where it has no such file, Refused for another form."""
    try:
        return partner_in(policy_files.read(files[partner_file(partner)]))
    except EditRefused as fault:
        raise Refused(f"{partner_file(partner)}:unreadable", fault.ja, str(fault)) from None
    except ValueError:
        raise Refused(
            f"{partner_file(partner)}:unreadable",
            f"{partner_file(partner)} の形が違います → 「ファイル」で直す",
            f"{partner_file(partner)} has another form; mend it under “Files”",
        ) from None


def partners_of(files: Files, *, policy_files: PolicyFiles) -> dict[str, PartnerText]:
    """Return every legal entity of a draft by its id. Raises Refused."""
    names = [path.removeprefix("partners/").removesuffix(".yaml") for path in files if path.startswith("partners/")]
    return {name: partner_of(files, name, policy_files=policy_files) for name in sorted(names)}


def new_id(typed: str, name: str) -> str:
    """Return an id as a file may have it. Raises Refused; `name` is its field."""
    said = formed(typed, NAMES[name], ID, "coop-tohoku-service", longest=LONGEST_ID)
    if said in _ROUTED:
        raise wrong(NAMES[name], f"`{said}` は使えません", f"`{said}` cannot be used")
    return said


def new_partner(files: Files, coop: str, partner: str, typed: PartnerTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files with a further legal entity. Raises Refused."""
    name = new_id(partner, "partner")
    if partner_file(name) in files:
        raise wrong(NAMES["partner"], f"`{name}` はすでにあります", f"there is `{name}` already")
    new = Rewrite(files, coop, policy_files=policy_files, folder="partners")
    new.set(f"{name}.yaml", ("id",), name, make=True)
    _write(new, f"{name}.yaml", typed, None)
    return new.files


def change_partner(files: Files, coop: str, partner: str, typed: PartnerTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files in which a legal entity is as typed. Raises Refused, KeyError where there is none."""
    was = partner_of(files, partner, policy_files=policy_files)
    new = Rewrite(files, coop, policy_files=policy_files, folder="partners")
    _write(new, f"{partner}.yaml", typed, was)
    return new.files


def _write(new: Rewrite, file: str, typed: PartnerTyped, was: PartnerText | None) -> None:
    for member in ("name", "short_name"):
        new.set(file, (member,), words(getattr(typed, member), NAMES[member]))
    number = typed.corporate_number.strip()
    _or_null(
        new,
        file,
        "corporate_number",
        formed(number, NAMES["corporate_number"], "[1-9][0-9]{12}", "7000012050002") if number else None,
    )
    new.set(file, ("country",), formed(typed.country, NAMES["country"], "[A-Z]{2}", "JP"))
    for member in ("address", "representative"):
        _or_null(new, file, member, words_or_none(getattr(typed, member), NAMES[member]))
    _contacts(new, file, typed, was)
    ids = [
        formed(line, NAMES["clients"], _CLIENT, "coop-demo-1") for line in typed.clients.splitlines() if line.strip()
    ]
    known = {one.id: one.sample for one in was.clients} if was is not None else {}
    if was is None or ids != [one.id for one in was.clients]:
        # A client that is a sample stays one.
        new.set(file, ("clients",), [{"id": one, **({"sample": True} if known.get(one) else {})} for one in ids])
    archived = day_or_none(typed.archived, NAMES["archived"])
    if archived is not None or (was is not None and was.archived is not None):
        new.set(file, ("archived",), archived)


def _contacts(new: Rewrite, file: str, typed: PartnerTyped, was: PartnerText | None) -> None:
    members = ("responsible", "inquiries", "incidents")
    said = {member: words_or_none(getattr(typed, member), NAMES[member]) for member in members}
    if was is not None and was.contacts is not None:
        for member, text in said.items():
            if text != getattr(was.contacts, member):
                new.set(file, ("contacts", member), text)
    elif any(said.values()):
        new.set(file, ("contacts",), {member: text for member, text in said.items() if text is not None})
    elif was is None:
        new.set_null(file, ("contacts",))


def _or_null(new: Rewrite, file: str, member: str, value: str | None) -> None:
    if value is None:
        new.set_null(file, (member,))
    else:
        new.set(file, (member,), value)
