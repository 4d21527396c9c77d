"""Items and their fields in a draft: what is published, and the machine's fields that it stands for.

A field belongs to exactly one item (fields.yaml); what of them is the label itself is said in the notice, and every other
field of the item is a reading that waits for a decision.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

import msgspec

from gateway.control_plane.drafting.notice import file_of
from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite, Said, said_by
from gateway.control_plane.drafting.typed import (
    formed,
    number,
    one_of,
    words,
    words_or_none,
    wrong,
)
from gateway.core.policy import FieldClass, FieldType
from gateway.ports import Files, PolicyFiles

ITEM_KINDS: Final = ("closed", "open", "open_free_text")
TYPES: Final[tuple[str, ...]] = get_args(FieldType)
CLASSES: Final[tuple[str, ...]] = get_args(FieldClass)
SUBJECTS: Final = ("member", "household", "gift")
FLAGS: Final = ("contact", "identifies", "minor")
FIELDS: Final = "fields.yaml"


class ItemTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of an item; a new one has no id yet."""

    id: str = ""
    label: str = ""
    kind: str = "closed"
    never: tuple[str, ...] = ()
    remove: bool = False


class FieldTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a new field of the catalogue."""

    field: str = ""
    item: str = ""
    itself: bool = False
    type: str = ""
    cls: str = ""
    ja: str = ""
    en: str = ""
    null: str = ""
    max_length: str = ""
    length: str = ""
    pattern: str = ""
    codes: str = ""
    product: str = ""
    subject: str = "member"
    flags: tuple[str, ...] = ()
    example: str = ""


class ItemsTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the items of a version, and of the fields that belong to them."""

    items: tuple[ItemTyped, ...]
    belongs: Mapping[str, str]
    """Field → its item; "" leaves it as it is."""
    itself: frozenset[str]
    """The fields that are the label of their item."""


def set_items(
    files: Files,
    coop: str,
    version: str,
    typed: ItemsTyped,
    *,
    policy_files: PolicyFiles,
) -> Files:
    """Return files where a version has these items, and every field its item.

    An item that is not told of stays; a new one without a label is none. Raises Refused, FilesRefused.
    """
    said = said_by(files, coop, policy_files=policy_files)
    was: dict[str, dict[str, Any]] = said.notice(version)["joint_use"]["items"] or {}
    now, new_number = dict(was), next_number(was)
    for item in typed.items:
        if item.remove:
            now.pop(item.id, None)
        elif item.id or item.label.strip():
            stood = was.get(item.id, {}).get("fields", ())
            now[item.id or f"I{new_number}"] = _item(item) | {"fields": stood}
            new_number += not item.id
    known = {*now, *item_ids(said)}
    for field, item_id in typed.belongs.items():
        _known_field(said, field)
        if item_id and item_id not in known:
            raise wrong(
                NAMES["item"], f"項目 `{item_id}` は公表事項にありません", f"the notice has no item `{item_id}`"
            )
    for name, one in now.items():
        its = list(_labels_of(name, one.get("fields", ()), typed))
        others = {key: value for key, value in one.items() if key != "fields"}
        now[name] = others | ({"fields": its} if its else {})
    new = Rewrite(files, coop, policy_files=policy_files)
    _write_items(new, file_of(version), said.notice(version)["joint_use"]["items"], now)
    for field, item_id in typed.belongs.items():
        if item_id and said.document["fields"][field]["item"] != item_id:
            new.set(FIELDS, ("fields", field, "item"), item_id)
    return new.files


def _labels_of(item: str, stood: Iterable[str], typed: ItemsTyped) -> Iterator[str]:
    """Yield the fields that are the label of an item: those that stood there in their order, then the new ones."""
    its = {field for field, of in typed.belongs.items() if of == item and field in typed.itself}
    yield from (field for field in stood if field in its or field not in typed.belongs)
    yield from sorted(its - set(stood))


def item_ids(said: Said) -> tuple[str, ...]:
    """Return the items of all versions, in the order of their numbers."""
    found = {name for notice in said.policy.notices for name in notice.items}
    return tuple(sorted(found, key=lambda name: (len(name), name)))


def _item(typed: ItemTyped) -> dict[str, Any]:
    kind = one_of(typed.kind, NAMES["kind"], ITEM_KINDS)
    made: dict[str, Any] = {"label": words(typed.label, NAMES["label"])}
    if kind != "closed":
        made["open"] = True
    if kind == "open_free_text":
        made["free_text"] = True
    if typed.never:
        made["never"] = [one_of(one, NAMES["never"], CLASSES) for one in typed.never]
    return made


def _write_items(new: Rewrite, file: str, was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
    at = ("joint_use", "items")
    if was is None and now:
        # `null` gives way to a mapping of its own lines.
        new.set(file, at, None)
    for name, one in now.items():
        old = (was or {}).get(name)
        if old is None:
            new.set(file, (*at, name), one, make=True)
        else:
            new.set_changed(file, (*at, name), old, {key: one.get(key) for key in (*old, *one)})
    for name in (was or {}).keys() - now.keys():
        new.set(file, (*at, name), None)


def add_field(files: Files, coop: str, version: str, typed: FieldTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files with one more field in the catalogue; nobody receives it until a grant says so.

    Where it is the label itself, the version's item says so too. Raises Refused, FilesRefused.
    """
    said = said_by(files, coop, policy_files=policy_files)
    name = formed(typed.field, NAMES["field"], "[a-z][a-z0-9_]{0,63}", "phone_home")
    if name in said.document["fields"]:
        raise wrong(NAMES["field"], f"`{name}` はすでにあります。別のIDにしてください", f"`{name}` is taken")
    items = item_ids(said)
    item = one_of(typed.item, NAMES["item"], items) if items or typed.item.strip() else None
    new = Rewrite(files, coop, policy_files=policy_files)
    new.set(FIELDS, ("fields", name), _field(typed, item))
    if typed.itself:
        its = (said.notice(version)["joint_use"]["items"] or {}).get(item)
        if its is None:
            raise wrong(NAMES["itself"], "この版にその項目がありません", "this version has no such item")
        new.set(file_of(version), ("joint_use", "items", str(item), "fields"), [*its.get("fields", ()), name])
    return new.files


def _field(typed: FieldTyped, item: str | None) -> dict[str, Any]:
    kind = one_of(typed.type, NAMES["type"], TYPES)
    made: dict[str, Any] = {"item": item, "type": kind}
    if typed.max_length.strip():
        made["max_length"] = number(typed.max_length, NAMES["max_length"], least=1, most=10_000)
    if typed.length.strip():
        made["length"] = number(typed.length, NAMES["length"], least=1, most=64)
    if pattern := words_or_none(typed.pattern, NAMES["pattern"]):
        made["pattern"] = pattern
    if typed.codes.strip():
        made["codes"] = _codes(typed.codes)
    if typed.product.strip():
        made["product"] = formed(typed.product, NAMES["product"], "G[0-9]{1,3}", "G1")
    made |= {"null": one_of(typed.null, NAMES["null"], ("never", "allowed"))}
    made |= {"class": one_of(typed.cls, NAMES["cls"], CLASSES)}
    if (subject := one_of(typed.subject, NAMES["subject"], SUBJECTS)) != "member":
        made["subject"] = subject
    for flag in typed.flags:
        made[one_of(flag, NAMES["flags"], FLAGS)] = True
    made |= {"ja": words(typed.ja, NAMES["ja"]), "en": words(typed.en, NAMES["en"])}
    return made | {"example": _example(kind, words(typed.example, NAMES["example"]))}


def _codes(typed: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for line in words(typed, NAMES["codes"], lines=True).split("\n"):
        code, mark, label = (part.strip() for part in line.partition("="))
        if not (mark and label) or code in made:
            raise wrong(
                NAMES["codes"], "1行に一つ、1=男 の形で重複なく入力してください", "one a line, as 1=male, each once"
            )
        made[formed(code, NAMES["codes"], "[0-9A-Za-z]{1,16}", "1=男")] = label
    return made


def _example(kind: str, said: str) -> str | int | bool:
    match kind:
        case "boolean":
            return one_of(said, NAMES["example"], ("true", "false")) == "true"
        case "integer":
            return number(said, NAMES["example"], least=0, most=999_999_999)
    return said


def _known_field(said: Said, field: str) -> None:
    if field not in said.document["fields"]:
        raise wrong(NAMES["field"], f"`{field}` はデータ項目の一覧にありません", f"the catalogue has no `{field}`")


def next_number(parts: Iterable[str]) -> int:
    """Return the number after the last of I1, I2 … or U1, U2 …."""
    return max((int(name[1:]) for name in parts), default=0) + 1
