"""決定の申請画面: a decision is recorded, by its kind, or ended; what each kind holds is in control_plane/drafting."""

from typing import Final
from urllib.parse import quote

from gateway.console.drafts.inputs import Choice, Input, Part
from gateway.console.drafts.notice_asked import Asked, FormOf
from gateway.console.refusal import Refusal
from gateway.control_plane.drafting.decisions import KINDS, DecisionTyped, choices, end_decision, record_decision
from gateway.ports import Files


def _new_parts(asked: Asked) -> list[Part]:
    kind = asked.at.get("kind", "")
    if not kind:
        links = tuple((f"?kind={quote(one)}", asked.words(f"decision.{one}")) for one in KINDS)
        return [Part(text=asked.words("decision_new.kind"), links=links)]
    if kind not in KINDS:
        raise Refusal(404)
    ask, name = asked.ask, asked.name
    offered = choices(asked.said, kind)
    what = [_input(asked, field, values) for field, values in offered.items()]
    who = [
        ask.line("by", name("by"), required=True),
        ask.line("approved_by", name("approved_by"), required=True, help=asked.words("other_person")),
        ask.long("reason", name("reason"), required=True),
        ask.day("from", name("from"), required=True),
        ask.day("to", name("to"), help=asked.words("decision.to")),
    ]
    if asked.visit.desk.demo:
        who.append(ask.check("sample", name("sample"), help=asked.words("sample")))
    own = ask.line("decision", name("decision"), required=True, help=asked.words("decision.id"))
    return [
        Part(title=asked.words(f"decision.{kind}"), text=asked.words(f"decision.{kind}.text"), inputs=(own, *what)),
        Part(title=asked.words("decision.who"), inputs=tuple(who)),
    ]


def _input(asked: Asked, field: str, values: tuple[str, ...]) -> Input:
    label = asked.name(field)
    match field:
        case "evidence":
            return asked.ask.long(field, label, required=True)
        case "fields" | "purposes" | "versions":
            return asked.ask.checks(field, label, _options(asked, field, values))
    return asked.ask.choice(field, label, [("", asked.words("choose")), *_options(asked, field, values)], required=True)


def _options(asked: Asked, field: str, values: tuple[str, ...]) -> list[Choice]:
    return [(one, _words(asked, field, one)) for one in values]


def _words(asked: Asked, field: str, value: str) -> str:
    policy, notices = asked.said.policy, asked.said.document["notices"].values()
    match field:
        case "fields":
            return asked.field_label(policy.fields[value])
        case "partner":
            return f"{policy.partners[value].name} ({value})" if value in policy.partners else value
        case "item":
            labels = [
                one["joint_use"]["items"][value]["label"]
                for one in notices
                if value in (one["joint_use"]["items"] or {})
            ]
            return f"{value} {labels[-1]}"
        case "purposes":
            code = value.partition(".")[0]
            texts = [one["purposes"][code]["text"] for one in notices if code in one["purposes"]]
            return f"{value} {texts[-1]}"
        case "ground":
            key = f"draft_notice.ground.{value}"
            return asked.visit.texts(key).unescape() if asked.visit.texts.has(key) else value
    return value


def _new_files(asked: Asked) -> Files:
    form = asked.form
    typed = DecisionTyped(
        decision=form.text("decision"),
        kind=asked.at.get("kind", ""),
        item=form.text("item"),
        fields=form.all("fields"),
        purposes=form.all("purposes"),
        partner=form.text("partner"),
        versions=form.all("versions"),
        ground=form.text("ground"),
        evidence=form.text("evidence"),
        by=form.text("by"),
        approved_by=form.text("approved_by"),
        reason=form.text("reason"),
        first=form.text("from"),
        last=form.text("to"),
        sample=asked.visit.desk.demo and form.text("sample") == "1",
    )
    return record_decision(asked.draft.files, asked.visit.coop, typed, policy_files=asked.policy_files)


def _end_parts(asked: Asked) -> list[Part]:
    decision = asked.said.document["decisions"].get(asked.at["decision"])
    if decision is None:
        raise Refusal(404)
    label = asked.name("to")
    to = asked.ask.day("to", label, decision.get("to"), required=True, help=asked.words("decision_end.help"))
    return [Part(text=decision["reason"], inputs=(to,))]


def _end_files(asked: Asked) -> Files:
    return end_decision(
        asked.draft.files,
        asked.visit.coop,
        asked.at["decision"],
        asked.form.text("to"),
        policy_files=asked.policy_files,
    )


FORMS: Final = (
    FormOf(path="decisions/new", key="decision_new", parts=_new_parts, files=_new_files),
    FormOf(path="decisions/{decision}/end", key="decision_end", parts=_end_parts, files=_end_files),
)
