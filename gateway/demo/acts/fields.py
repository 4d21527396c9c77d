"""Act 3, continued: one member, field by field: released, transformed or withheld, and why."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.text import Text

from gateway.client import Transfer
from gateway.core.decide import decide
from gateway.core.outcome import Denial
from gateway.core.policy import Grant, Policy, Transform
from gateway.core.reasons import explain
from gateway.core.request import Bound, DataRequest
from gateway.demo.people import Member
from gateway.demo.screen import Screen, both, legible
from gateway.demo.stage import Stage
from gateway.demo.state import COOP


class View(NamedTuple):
    """A partner and one of its purposes, with a word for it."""

    partner: str
    purpose: str
    ja: str
    en: str


_CHANGED: dict[Transform, str] = {
    "as_is": "そのまま",
    "mask": "伏せる",
    "prefecture": "都道府県",
    "municipality": "市区町村",
    "birth_year": "生年のみ",
    "age_band": "年代のみ",
    "postal_3": "上3桁のみ",
    "phone_last4": "下4桁のみ",
    "drop": "渡さない",
    "pairwise_id": "提供先別",
}


async def show_fields(stage: Stage, screen: Screen, member: Member, pulled: Mapping[View, Transfer]) -> None:
    """Show one member in three answers beside what the member system holds; then the fields that nobody receives."""
    policy = await stage.policy()
    grants = {view: _grant(stage, policy, view) for view in pulled}
    shared = {name for one in policy.agreements.values() for grant in one.grants for name in grant.fields}
    catalogue = stage.documents[COOP].fields
    screen.gap()
    screen.say(
        f"そのひとり、{member['name']}さん({member['member_code']})を項目ごとに見る。",
        "One of them, field by field.",
    )
    screen.say("=そのまま as it is   ~変換して transformed   -提供しない、その理由 withheld, and why")
    screen.gap()
    headers = [(f"{stage.short_name(view.partner)} {view.purpose} {view.ja}", view.en) for view in pulled]
    table = screen.table(("項目、元の値", "Field, as held"), *headers, widths=(18, 24, 24, 24))
    for name in (name for name in catalogue if name in shared):
        cells = []
        for view, transfer in pulled.items():
            if name in grants[view].fields:
                data = transfer.released[member["member_code"]]
                cells.append(_released(stage, data, name, grants[view].fields[name]))
            else:
                cells.append(_withheld(await _why_not(stage, view, name)))
        table.add_row(_cell((catalogue[name].ja, ""), (_value(stage, name, member[name]), "dim")), *cells)
    screen.show(table)
    for view, transfer in pulled.items():
        expected = {name for name, change in grants[view].fields.items() if change != "drop"}
        exact = all(data.keys() == expected for data in transfer.released.values())
        screen.check(exact, "求めて許された項目だけが届く", "exactly the asked and granted fields arrive")
    kept = [name for name in catalogue if name not in shared]
    await _show_kept(stage, screen, member, kept, next(iter(pulled)))


def _grant(stage: Stage, policy: Policy, view: View) -> Grant:
    config = stage.partners[view.partner].config
    grant = policy.agreements[config.agreement].grant_for(view.purpose, config.ask(view.purpose).product)
    assert grant is not None
    return grant


async def _why_not(stage: Stage, view: View, name: str) -> tuple[str, ...]:
    """Return the reasons for which the gates, asked for this one field under the policy in force, would deny it."""
    system = stage.partners[view.partner]
    coop, agreement = system.config.coop, system.config.agreement
    product = system.config.ask(view.purpose).product
    request = DataRequest(
        coop=coop, purpose=view.purpose, agreement=agreement, product=product, fields=(name,), members=("0",)
    )
    decision = decide(
        request,
        Bound(coop=coop, purpose=view.purpose, agreement=agreement, product=product, fields=frozenset({name})),
        partner=view.partner,
        client=system.config.client_id,
        signed_with=system.keys.sig.kid,
        snapshot=await stage.snapshot(),
        at=stage.office.clock(),
    )
    return decision.reasons if isinstance(decision, Denial) else ()


def words(reason: str) -> tuple[str, str]:
    """Return a reason in words without its subject, (Japanese, English)."""
    ja, en = explain(reason)
    return ja.partition(": ")[2], en.partition(": ")[2]


def _value(stage: Stage, name: str, value: object) -> str:
    """Return a value, with the meaning of a code beside it."""
    meaning = (stage.documents[COOP].fields[name].codes or {}).get(str(value))
    return legible(value) if meaning is None else f"{legible(value)} ({meaning})"


def _released(stage: Stage, data: Mapping[str, object], name: str, change: Transform) -> Text:
    if change == "as_is":
        return _cell((f"= {_value(stage, name, data[name])}", "green"))
    value = legible(data[name]) if name in data else ""
    return _cell((f"~ {value}", "yellow"), (f"  {_CHANGED[change]} {change}", "dim"))


def _withheld(reasons: tuple[str, ...]) -> Text:
    told = [words(reason) for reason in reasons]
    return _cell(("- " + "、".join(ja for ja, _ in told), "red"), ("  " + ", ".join(en for _, en in told), "dim"))


def _cell(*lines: tuple[str, str]) -> Text:
    """Return lines with their styles, each cut where it does not fit."""
    return Text("\n", no_wrap=True, overflow="ellipsis").join([Text(text, style=style) for text, style in lines])


async def _show_kept(stage: Stage, screen: Screen, member: Member, names: list[str], view: View) -> None:
    screen.gap()
    screen.say("基幹システムにあっても、どの提供先にも届かない項目。", "In the member system, and released to nobody.")
    screen.gap()
    table = screen.table(
        ("項目、元の値", "Field, as held"),
        ("種別", "Class"),
        ("提供しない理由(生協のログに残る理由を、ことばで)", "Why: the reasons of the co-op's log, in words"),
        widths=(28, 14, 51),
    )
    for name in names:
        reasons = await _why_not(stage, view, name)
        screen.check(reasons, f"{name} は許されない", f"{name} is denied")
        field = stage.documents[COOP].fields[name]
        told = Text("\n").join([both(*words(reason)) for reason in reasons])
        table.add_row(_cell((field.ja, ""), (_value(stage, name, member[name]), "dim")), field.cls, told)
    screen.show(table)
