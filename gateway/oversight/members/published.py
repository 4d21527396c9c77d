"""What a published policy version says in words, as far as answers to persons quote it: read from its canonical document.

Read from the log's own effects, so that it is there for every version ever published; the shape is that of the policy
files, and what is not quoted is not read.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.core.members.desk_hours import Opening, opening
from gateway.core.state import PolicyPublished, Version
from gateway.oversight.desk import OversightDesk


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The contact desk as published, and its hours where they are published by day and time."""

    desk: str
    tel: str
    hours: str
    open: Opening | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one version; empty where its document does not say."""

    purposes: Mapping[str, Mapping[str, str]] = {}
    """Version of the notice → purpose, with its use where it has one → text as published."""
    titles: Mapping[str, str] = {}
    """Agreement → title of the contract or memorandum."""
    contact: Contact | None = None
    """Of the newest version of the notice that names one."""
    controller: str = ""
    responsible: tuple[str, ...] = ()
    """Name, address and representative of the party with first-line responsibility."""


class _Open(msgspec.Struct, frozen=True):
    days: tuple[str, ...] = ()
    opens: str = msgspec.field(name="from", default="")
    closes: str = msgspec.field(name="to", default="")


class _Contact(msgspec.Struct, frozen=True):
    desk: str = ""
    tel: str = ""
    hours: str = ""
    open: _Open | None = None


class _Labelled(msgspec.Struct, frozen=True):
    label: str = ""


class _Purpose(msgspec.Struct, frozen=True):
    text: str = ""
    uses: dict[str, _Labelled] | None = None


class _Text(msgspec.Struct, frozen=True):
    text: str = ""


class _Party(msgspec.Struct, frozen=True):
    name: _Text | None = None
    address: _Text | None = None
    representative: _Text | None = None


class _JointUse(msgspec.Struct, frozen=True):
    responsible_parties: tuple[_Party, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Header(msgspec.Struct, frozen=True):
    controller: _Named | None = None


class _Notice(msgspec.Struct, frozen=True):
    version: str
    policy: _Header | None = None
    purposes: dict[str, _Purpose] = {}
    joint_use: _JointUse | None = None
    contact: _Contact | None = None


class _Contract(msgspec.Struct, frozen=True):
    title: str = ""


class _Agreement(msgspec.Struct, frozen=True):
    contract: _Contract | None = None


class _Document(msgspec.Struct, frozen=True):
    notices: dict[str, _Notice] = {}
    agreements: dict[str, _Agreement] = {}


_decode = msgspec.json.Decoder(_Document).decode
_RECENT: Final[OrderedDict[tuple[str, str], Published]] = OrderedDict()
"""Words by co-op and digest of the policy, which never change."""
_RECENTLY: Final = 32


async def published(desk: OversightDesk, coop: str, version: Version | None) -> Published:
    """Return the words of a version; none without one. Raises Unavailable."""
    if version is None:
        return Published()
    key = (desk.origin(coop), version.policy.digest)
    if key not in _RECENT:
        _, effects = await desk.log.effects(coop, version.index - 1)
        document = next(
            (one.document for at, one in effects if at == version.index and isinstance(one, PolicyPublished)), b"{}"
        )
        _RECENT[key] = words_of(document)
        while len(_RECENT) > _RECENTLY:
            _RECENT.popitem(last=False)
    return _RECENT[key]


def words_of(document: bytes) -> Published:
    """Return the words of a canonical document; none where it has another shape."""
    try:
        read = _decode(document)
    except msgspec.DecodeError:
        return Published()
    notices = [one for _, one in sorted(read.notices.items())]
    contacts = [one.contact for one in notices if one.contact is not None and one.contact.desk]
    headers = [one.policy.controller.name for one in notices if one.policy is not None and one.policy.controller]
    parties = [
        one.joint_use.responsible_parties[0] for one in notices if one.joint_use and one.joint_use.responsible_parties
    ]
    return Published(
        purposes={one.version: _purposes(one) for one in notices},
        titles={name: one.contract.title for name, one in read.agreements.items() if one.contract is not None},
        contact=_contact(contacts[-1]) if contacts else None,
        controller=headers[-1] if headers else "",
        responsible=_said(parties[-1]) if parties else (),
    )


def _said(party: _Party) -> tuple[str, ...]:
    return tuple(one.text for one in (party.name, party.address, party.representative) if one is not None)


def _purposes(notice: _Notice) -> dict[str, str]:
    found = {code: one.text for code, one in notice.purposes.items()}
    for code, one in notice.purposes.items():
        found |= {f"{code}.{use}": f"{one.text}({named.label})" for use, named in (one.uses or {}).items()}
    return found


def _contact(one: _Contact) -> Contact:
    hours = None if one.open is None else opening(one.open.days, one.open.opens, one.open.closes)
    return Contact(desk=one.desk, tel=one.tel, hours=one.hours, open=hours)
