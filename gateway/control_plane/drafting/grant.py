"""A grant added to an agreement of a draft, with its first field; the matrix gives it the others.

A grant that gives nothing would be a purpose without an item: the files refuse it, so it is made with one field.
"""

from typing import Any, Final, get_args

import msgspec

from gateway.control_plane.drafting.agreement import MOST_MEMBERS, agreements_of
from gateway.control_plane.drafting.partner import new_id
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.drafting.typed import number, one_of, some_of, words, wrong
from gateway.core.ceiling import POPULATION_FACTS
from gateway.core.policy import Policy, Transform
from gateway.ports import Files, PolicyFiles

TRANSFORMS: Final[tuple[Transform, ...]] = get_args(Transform)
HOW: Final = ("in", "prefix_in", "from", "to")
"""How a condition of the population compares: one of, begins with one of, at least, at most."""
OLDEST, LONGEST_KEPT = 3_660, 36_600


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a condition on whom; several values stand apart by commas."""

    field: str = ""
    how: str = ""
    values: str = ""


class NewGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a new grant."""

    grant: str = ""
    purpose: str = ""
    products: tuple[str, ...] = ()
    population: tuple[Condition, ...] = ()
    field: str = ""
    transform: str = ""
    max_age_days: str = ""
    retention_days: str = ""
    members_per_day: str = ""
    insurer: str = ""


def new_grant(
    files: Files,
    coop: str,
    partner: str,
    agreement: str,
    typed: NewGrant,
    *,
    policy: Policy,
    policy_files: PolicyFiles,
) -> Files:
    """Return files with a further grant in an agreement; `policy` is what the files say. Raises Refused.

    Raises KeyError where the draft has no such agreement.
    """
    agreements_of(files, coop, partner, policy_files=policy_files)[agreement]
    name = new_id(typed.grant, "grant")
    if any(one.id == f"{agreement}.{name}" for one in policy.agreements[agreement].grants):
        raise wrong(NAMES["grant"], f"`{name}` はすでにあります", f"there is `{name}` already")
    said: dict[str, Any] = {"purpose": one_of(typed.purpose, NAMES["purpose"], purposes_of(policy))}
    if typed.products:
        said["products"] = list(some_of(typed.products, NAMES["products"], products_of(policy)))
    conditions = [_condition(one, policy) for one in typed.population if one.field or one.values.strip()]
    if conditions:
        said["population"] = conditions
    said["max_age_days"] = number(typed.max_age_days, NAMES["max_age_days"], least=0, most=OLDEST)
    said["retention_days"] = number(typed.retention_days, NAMES["retention_days"], least=0, most=LONGEST_KEPT)
    if typed.members_per_day.strip():
        most = number(typed.members_per_day, NAMES["members_per_day"], least=1, most=MOST_MEMBERS)
        said["limits"] = {"members_per_day": most}
    if typed.insurer.strip():
        said["filters"] = {"insurer": words(typed.insurer, NAMES["insurer"])}
    field = one_of(typed.field, NAMES["field"], tuple(policy.fields))
    transform = one_of(typed.transform, NAMES["transform"], TRANSFORMS)
    new, file = Rewrite(files, coop, policy_files=policy_files), f"agreements/{partner}.yaml"
    at = ("agreements", agreement, "grants", name)
    if not policy.agreements[agreement].grants:
        # `{}` in one line becomes a block, where the matrix finds room for fields.
        new.set(file, at[:-1], None)
    for member, value in said.items():
        new.set(file, (*at, member), value, make=True)
    new.set(file, (*at, "fields", field), transform, make=True)
    return new.files


def raise_limit(
    files: Files, coop: str, of: tuple[str, str, str], typed: str, *, now: int | None, policy_files: PolicyFiles
) -> Files:
    """Return files in which a grant's daily limit is the one typed, above `now`, the one in force. Raises Refused.

    `of` are the partner, its agreement and the grant's name in it.
    Where the agreement has a limit of its own, no grant of it goes beyond that: it is what was signed.
    """
    partner, agreement, grant = of
    most = number(typed, NAMES["members_per_day"], least=1, most=MOST_MEMBERS)
    if now is None or most <= now:
        raise wrong(
            NAMES["members_per_day"],
            "今は上限がありません" if now is None else f"今の上限({now:,}人)より大きくしてください",
            "there is no limit now" if now is None else f"write more than the limit of now, {now:,}",
        )
    its = limit_of(files, coop, partner, agreement, policy_files=policy_files)
    if its is not None and most > its:
        raise wrong(
            NAMES["members_per_day"],
            f"契約・覚書の上限({its:,}人)を超えます。契約・覚書を改めたうえで、変更申請の「ファイル」で契約の limits を先に変更してください",
            f"it is beyond the agreement's own limit, {its:,}; amend the agreement first, and its limits under “Files” of a draft",
        )
    new, file = Rewrite(files, coop, policy_files=policy_files), f"agreements/{partner}.yaml"
    new.set(file, ("agreements", agreement, "grants", grant, "limits", "members_per_day"), most, make=True)
    return new.files


def limit_of(files: Files, coop: str, partner: str, agreement: str, *, policy_files: PolicyFiles) -> int | None:
    """Return an agreement's own limit a day of each of its grants, None for none. Raises Refused.

    Raises KeyError where the files have no such agreement.
    """
    agreements_of(files, coop, partner, policy_files=policy_files)[agreement]
    said = policy_files.read(files[f"policies/{coop}/agreements/{partner}.yaml"])
    limits = said["agreements"][agreement].get("limits") or {}
    most: int | None = limits.get("members_per_day")
    return most


def purposes_of(policy: Policy) -> tuple[str, ...]:
    """Return every purpose that a notice states, by its uses where it has some, in the order of their numbers."""
    found = {code for notice in policy.notices for code, one in notice.purposes.items() if not one.uses_only}
    return tuple(sorted(found, key=lambda code: (int(code[1:].partition(".")[0]), code)))


def products_of(policy: Policy) -> tuple[str, ...]:
    """Return every product class that a notice defines."""
    return tuple(sorted({product for notice in policy.notices for product in notice.products}))


def population_fields(policy: Policy) -> tuple[str, ...]:
    """Return what a condition may ask for: the fields of the catalogue and the gate's facts."""
    return (*policy.fields, *sorted(POPULATION_FACTS))


def filters_required(policy: Policy, partner: str) -> bool:
    """Tell whether a notice demands a further filter of every grant to a partner, as of an insurance agency."""
    return any(user.partner == partner and user.filter_required for notice in policy.notices for user in notice.users)


def _condition(typed: Condition, policy: Policy) -> dict[str, Any]:
    field = one_of(typed.field, NAMES["condition"], population_fields(policy))
    how = one_of(typed.how, NAMES["condition"], HOW)
    text = words(typed.values, NAMES["condition"])
    kind = policy.fields[field].type if field in policy.fields else "text"
    values = [_value(one.strip(), kind) for one in text.replace("、", ",").split(",") if one.strip()]
    if not values:
        raise wrong(NAMES["condition"], "値を入力してください", "write a value")
    if how in {"from", "to"}:
        if len(values) > 1:
            raise wrong(NAMES["condition"], "以上・以下の値は一つにしてください", "one value is a bound, not several")
        return {"field": field, how: values[0]}
    return {"field": field, how: values}


def _value(text: str, kind: str) -> str | int | bool:
    """Return a value of a field's type; what is none stays text, and the files' check tells so."""
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    if kind == "integer" and text.removeprefix("-").isdecimal() and len(text) <= 15 and text.isascii():
        return int(text)
    return text
