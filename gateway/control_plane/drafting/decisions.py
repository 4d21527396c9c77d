"""Recorded decisions in a draft: each in a file of its own, with who decided, who approved, why, and its days."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.notice import by_two, term_of
from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite, Said, day_of, said_by
from gateway.control_plane.drafting.typed import day, formed, in_order, one_of, some_of, words, wrong
from gateway.core.refused import Refused
from gateway.ports import Files, PolicyFiles

COHORT_GROUNDS: Final = ("consent", "name_change", "succession")
ABROAD_GROUNDS: Final = ("consent", "equivalent_country", "equivalent_system")


class DecisionTyped(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a decision; which of it counts is said by its kind."""

    decision: str = ""
    kind: str = ""
    item: str = ""
    fields: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    partner: str = ""
    versions: tuple[str, ...] = ()
    ground: str = ""
    evidence: str = ""
    by: str = ""
    approved_by: str = ""
    reason: str = ""
    first: str = ""
    last: str = ""
    sample: bool = False


Choices = dict[str, tuple[str, ...]]


def choices(said: Said, kind: str) -> Choices:
    """Return what the fields of a kind may be, by their names; () where a field is typed and not chosen."""
    policy = said.policy
    items = {name: one.open for notice in policy.notices for name, one in notice.items.items()}
    purposes = {name for notice in policy.notices for name, one in notice.purposes.items() if not one.uses_only}
    review = {name for notice in policy.notices for name, one in notice.purposes.items() if one.joint == "review"}
    review &= purposes
    offered: dict[str, tuple[str, ...]] = {
        "fields": tuple(policy.fields),
        "partner": said.partners,
        "versions": tuple(notice.version for notice in policy.notices),
    }
    match kind:
        case "purpose":
            return {"purposes": tuple(sorted(review, key=_order))}
        case "item_field" | "open_item":
            fitting = (name for name, is_open in items.items() if is_open == (kind == "open_item"))
            return {"item": tuple(sorted(fitting, key=_order)), "fields": offered["fields"]}
        case "cohort":
            return {"versions": offered["versions"], "ground": COHORT_GROUNDS, "evidence": ()}
        case "field_use":
            every = tuple(sorted(purposes, key=_order))
            return {"fields": offered["fields"], "partner": offered["partner"], "purposes": every}
        case "abroad":
            return {"partner": offered["partner"], "ground": ABROAD_GROUNDS}
        case _:
            grounds = {name for notice in policy.notices for name, one in notice.grounds.items() if one.review}
            return {"ground": tuple(sorted(grounds, key=_order))}


KINDS: Final = ("item_field", "open_item", "purpose", "cohort", "field_use", "abroad", "ground")


def record_decision(files: Files, coop: str, typed: DecisionTyped, *, policy_files: PolicyFiles) -> Files:
    """Return files with a new file of one decision. Raises Refused, FilesRefused."""
    said = said_by(files, coop, policy_files=policy_files)
    kind = one_of(typed.kind, NAMES["kind"], KINDS)
    name = formed(typed.decision, NAMES["decision"], "[a-z0-9]+(-[a-z0-9]+)*", "kana-of-name", longest=48)
    new, file = Rewrite(files, coop, policy_files=policy_files), f"decisions/{name}.yaml"
    if f"{new.folder}/{file}" in files or name in said.document["decisions"]:
        raise wrong(NAMES["decision"], f"`{name}` はすでにあります。別のIDにしてください", f"`{name}` is taken")
    values: dict[str, Any] = {"kind": kind}
    for field, offered in choices(said, kind).items():
        values[field] = _READ[field](getattr(typed, field), offered)
    begins, ends = term_of(typed.first, typed.last)
    by, approved = by_two(typed.by, typed.approved_by)
    values |= {"by": by, "approved_by": approved, "reason": words(typed.reason, NAMES["reason"], lines=True)}
    values |= {"from": begins} | ({} if ends is None else {"to": ends}) | ({"sample": True} if typed.sample else {})
    new.files[f"{new.folder}/{file}"] = ""
    new.set(file, ("coop",), coop, make=True)
    for key, value in values.items():
        new.set(file, ("decisions", name, key), value, make=True)
    return new.files


def end_decision(files: Files, coop: str, name: str, last: str, *, policy_files: PolicyFiles) -> Files:
    """Return files where a decision ends on a day, the last of its days. Raises Refused, FilesRefused."""
    decision = said_by(files, coop, policy_files=policy_files).document["decisions"].get(name)
    if decision is None:
        raise wrong(NAMES["decision"], f"`{name}` はこの申請にありません", f"there is no `{name}` in this draft")
    ends = day(last, NAMES["to"])
    in_order(day_of(decision["from"]), ends, NAMES["to"])
    folder = f"policies/{coop}/"
    for path in sorted(files):
        if not path.startswith(f"{folder}decisions/") or name not in files[path]:
            continue
        new = Rewrite(files, coop, policy_files=policy_files)
        try:
            new.set(path.removeprefix(folder), ("decisions", name, "to"), ends)
        except Refused:
            continue  # it is named there and stands elsewhere
        return new.files
    raise wrong(
        NAMES["decision"], f"`{name}` を書き換えられません。ファイルを直接編集してください", "edit the file by hand"
    )


def _one(field: str) -> Callable[[Any, tuple[str, ...]], object]:
    return lambda typed, offered: one_of(typed, NAMES[field], offered)


def _some(field: str) -> Callable[[Any, tuple[str, ...]], object]:
    return lambda typed, offered: some_of(typed, NAMES[field], offered)


_READ: Final[dict[str, Callable[[Any, tuple[str, ...]], object]]] = {
    **{field: _one(field) for field in ("item", "partner", "ground")},
    **{field: _some(field) for field in ("fields", "purposes", "versions")},
    "evidence": lambda typed, _: words(typed, NAMES["evidence"], lines=True),
}


def _order(name: str) -> tuple[int, str]:
    return len(name), name
