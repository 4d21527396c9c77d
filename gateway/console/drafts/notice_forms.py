"""公表事項の申請画面: the form of every matter of a notice; what they mean for the files is in control_plane/drafting."""

from typing import Any, Final

from gateway.console.drafts.inputs import Choice, Part
from gateway.console.drafts.notice_asked import Asked, FormOf
from gateway.console.refusal import Refusal
from gateway.control_plane.drafting.notice import (
    MAPPINGS,
    WEEKDAYS,
    ContactTyped,
    PartyTyped,
    PurposeTyped,
    set_contact,
    set_joint_purpose,
    set_mapping,
    set_responsible,
)
from gateway.control_plane.drafting.notice_version import VersionTyped, new_version, set_text
from gateway.ports import Files

# ── a version and its text ────────────────────────────────────────────────────────────────────────────────────────


def _new_parts(asked: Asked) -> list[Part]:
    ask, name = asked.ask, asked.name
    versions = sorted(asked.said.document["notices"], reverse=True)
    if not versions:
        raise Refusal(404)
    newest = asked.said.notice(versions[0])
    return [
        Part(
            inputs=(
                ask.choice("like", name("like"), [(one, one) for one in versions], versions[0], required=True),
                ask.day("effective", name("effective"), required=True, help=asked.words("new.effective")),
                ask.day("published", name("published"), required=True, help=asked.words("new.published")),
                ask.line("quote", name("quote"), required=True, help=asked.words("new.quote")),
                ask.line("act", name("act")),
                ask.line("url", name("url"), newest["source"]["url"] or ""),
                ask.long("text", name("text"), _archived(asked, newest), required=True, help=asked.words("new.text")),
            )
        )
    ]


def _new_files(asked: Asked) -> Files:
    form = asked.form
    typed = VersionTyped(
        like=form.text("like"),
        effective=form.text("effective"),
        published=form.text("published"),
        quote=form.text("quote"),
        act=form.text("act"),
        url=form.text("url"),
        text=form.raw("text"),
    )
    return new_version(asked.draft.files, asked.visit.coop, typed, policy_files=asked.policy_files)[0]


def _text_parts(asked: Asked) -> list[Part]:
    stands = _archived(asked, asked.notice)
    if asked.version in asked.published:
        return [Part(title=asked.words("text.published"), text=stands)]
    return [Part(inputs=(asked.ask.long("text", asked.name("text"), stands, required=True),))]


def _text_files(asked: Asked) -> Files:
    typed = asked.form.raw("text")
    return set_text(
        asked.draft.files,
        asked.visit.coop,
        asked.version,
        typed,
        published=asked.published,
        policy_files=asked.policy_files,
    )


def _archived(asked: Asked, notice: dict[str, Any]) -> str:
    return asked.draft.files.get(f"policies/{asked.visit.coop}/{notice['source']['file']}", "")


# ── joint purpose, responsible party, contact ─────────────────────────────────────────────────────────────────────


def _purpose_parts(asked: Asked) -> list[Part]:
    stands = (asked.notice["joint_use"]["purpose"] or {}).get("text", "")
    linked = asked.notice["joint_use"].get("linked_page")
    text = "" if linked is None else f"{asked.words('linked')} {linked['text']}"
    return [Part(text=text, inputs=(asked.ask.long("purpose", asked.name("purpose"), stands, required=True),))]


def _purpose_files(asked: Asked) -> Files:
    typed = asked.form.text("purpose")
    return set_joint_purpose(asked.draft.files, asked.visit.coop, asked.version, typed, policy_files=asked.policy_files)


def _party_parts(asked: Asked) -> list[Part]:
    parties = asked.notice["joint_use"]["responsible_parties"]
    stands: dict[str, Any] = parties[0] if parties else {}
    ask, name, inputs = asked.ask, asked.name, []
    inputs.append(ask.line("role", name("role"), stands.get("role", ""), help=asked.words("responsible.role")))
    for part in ("name", "address", "representative"):
        one = stands.get(part) or {}
        inputs.append(ask.line(part, name(part), one.get("text", "")))
        inputs.append(ask.day(f"{part}_from", name(f"{part}_from"), one.get("from", "")))
    inputs.append(ask.line("municipality_code", name("municipality_code"), stands.get("municipality_code") or ""))
    return [Part(text=asked.words("responsible.text"), inputs=tuple(inputs))]


def _party_files(asked: Asked) -> Files:
    typed = PartyTyped(**{part: asked.form.text(part) for part in PartyTyped.__struct_fields__})
    return set_responsible(asked.draft.files, asked.visit.coop, asked.version, typed, policy_files=asked.policy_files)


def _contact_parts(asked: Asked) -> list[Part]:
    stands: dict[str, Any] = asked.notice["contact"] or {}
    opens: dict[str, Any] = stands.get("open", {})
    ask, name = asked.ask, asked.name
    days = [(one, asked.words(f"day.{one}")) for one in WEEKDAYS]
    return [
        Part(
            inputs=(
                ask.line("clause", name("clause"), stands.get("clause", ""), required=True, help=_clause(asked)),
                ask.line("desk", name("desk"), stands.get("desk", ""), required=True),
                ask.line("tel", name("tel"), stands.get("tel", ""), required=True),
                ask.line("hours", name("hours"), stands.get("hours", ""), required=True),
                ask.checks("open_days", name("open_days"), days, opens.get("days", ())),
                ask.line("open_from", name("open_from"), opens.get("from", ""), required=True, help="09:30"),
                ask.line("open_to", name("open_to"), opens.get("to", ""), required=True, help="17:30"),
            )
        )
    ]


def _clause(asked: Asked) -> str:
    return f"{asked.notice['clause_prefix']}R2"


def _contact_files(asked: Asked) -> Files:
    form = asked.form
    lines = ("clause", "desk", "tel", "hours", "open_from", "open_to")
    typed = ContactTyped(open_days=form.all("open_days"), **{part: form.text(part) for part in lines})
    return set_contact(asked.draft.files, asked.visit.coop, asked.version, typed, policy_files=asked.policy_files)


# ── purposes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _mapping_parts(asked: Asked) -> list[Part]:
    purpose = asked.notice["purposes"].get(asked.at["purpose"])
    if purpose is None:
        raise Refusal(404)
    stands = purpose.get("reading") or {}
    ask, name = asked.ask, asked.name
    joint: list[Choice] = [(one, asked.words(f"joint.{one}")) for one in MAPPINGS]
    reading = [
        ask.line("by", name("by"), stands.get("by", "")),
        ask.line("approved_by", name("approved_by"), stands.get("approved_by", ""), help=asked.words("other_person")),
        ask.day("read_on", name("read_on"), stands.get("date", "")),
        ask.long("reason", name("reason"), stands.get("reason", "")),
    ]
    if asked.visit.desk.demo:
        reading.append(
            ask.check("sample", name("sample"), stands=stands.get("sample", False), help=asked.words("sample"))
        )
    return [
        Part(
            text=purpose["text"], inputs=(ask.choice("joint", name("joint"), joint, purpose["joint"], required=True),)
        ),
        Part(title=asked.words("reading"), text=asked.words("reading.text"), inputs=tuple(reading)),
    ]


def _mapping_files(asked: Asked) -> Files:
    form = asked.form
    typed = PurposeTyped(
        joint=form.text("joint"),
        by=form.text("by"),
        approved_by=form.text("approved_by"),
        read_on=form.text("read_on"),
        reason=form.text("reason"),
        sample=asked.visit.desk.demo and form.text("sample") == "1",
    )
    return set_mapping(
        asked.draft.files,
        asked.visit.coop,
        asked.version,
        asked.at["purpose"],
        typed,
        policy_files=asked.policy_files,
    )


FORMS: Final = (
    FormOf(path="new", key="new", parts=_new_parts, files=_new_files),
    FormOf(path="{version}/text", key="text", parts=_text_parts, files=_text_files),
    FormOf(path="{version}/joint-purpose", key="joint_purpose", parts=_purpose_parts, files=_purpose_files),
    FormOf(path="{version}/responsible", key="responsible", parts=_party_parts, files=_party_files),
    FormOf(path="{version}/contact", key="contact", parts=_contact_parts, files=_contact_files),
    FormOf(path="{version}/purposes/{purpose}", key="purpose", parts=_mapping_parts, files=_mapping_files),
)
