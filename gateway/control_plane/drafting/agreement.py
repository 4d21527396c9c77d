"""An agreement in a draft: its document and term, clauses, evidence and supervision, and the end of use.

What a basis demands (core/bases.py) is asked for and not invented: a clause that is left empty is not written, and
whoever saves is told its name. A new agreement grants nothing until a grant is added (grant.py).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.control_plane.drafting.partner import new_id, partner_file
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.drafting.rewrite import Rewrite
from gateway.control_plane.drafting.typed import (
    Name,
    day,
    day_or_none,
    formed,
    in_order,
    number,
    one_of,
    words,
    words_or_none,
    wrong,
)
from gateway.control_plane.grants.matrix_changes import agreement_file
from gateway.control_plane.partners.document import AgreementText, Evidence, agreements_in
from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import JST
from gateway.core.refused import Refused
from gateway.ports import EditRefused, Files, PolicyFiles

FORMS: Final = ("契約", "覚書", "記録")
"""`記録`: where nothing is signed with the partner, the record of the decision."""
CLAUSES: Final = REQUIRED[Basis.JOINT_USE].clauses
"""Every clause that a basis may demand, in the order of the guideline."""
MOST_GRACE, MOST_MEMBERS = 366, 100_000_000


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the document that was signed, and its term; a term without a last day is open."""

    form: str = ""
    title: str = ""
    signed: str = ""
    department: str = ""
    first: str = ""
    last: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a supervision check, and when the next one is due."""

    checked: str = ""
    method: str = ""
    result: str = ""
    due: str = ""
    grace_days: str = ""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of how a partner was selected."""

    criteria: str = ""
    selected: str = ""
    selection_result: str = ""
    selected_by: str = ""


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of a new agreement."""

    agreement: str = ""
    basis: str = ""
    ground: str = ""
    programme: str = ""
    members_per_day: str = ""
    paper: Paper = Paper()
    clauses: Mapping[str, str] = {}
    """Clause → its article; with `responsible` and `inquiries`, whom the clause on contacts names."""
    check: Check = Check()
    selection: Selection = Selection()
    evidence: Mapping[str, str] = {}
    """What else the basis must show, by its name in core/bases.py; `expires` where it carries its own end."""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the end of use."""

    end: str = ""
    procedure: str = ""
    erase_due: str = ""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed of the certificate of return or erasure."""

    certificate: str = ""
    certified: str = ""
    certified_by: str = ""


def agreements_of(files: Files, coop: str, partner: str, *, policy_files: PolicyFiles) -> Mapping[str, AgreementText]:
    """Return the agreements of a draft with one partner by their ids, none where there is no file. Raises Refused."""
    path = agreement_file(coop, partner)
    try:
        return agreements_in(policy_files.read(files[path])) if path in files else {}
    except EditRefused as fault:
        raise Refused(f"{path}:unreadable", f"{path}: {fault.ja}", f"{path}: {fault}") from None
    except ValueError:
        raise Refused(
            f"{path}:unreadable",
            f"{path} の形が違います → 「ファイル」で直す",
            f"{path} has another form; mend it under “Files”",
        ) from None


def new_agreement(files: Files, coop: str, partner: str, typed: NewAgreement, *, policy_files: PolicyFiles) -> Files:
    """Return files with a further agreement with a partner, and no grant in it yet. Raises Refused."""
    if partner_file(partner) not in files:
        raise wrong(NAMES["partner"], f"`{partner}` のファイルがありません", f"`{partner}` has no file")
    name = new_id(typed.agreement, "agreement")
    if name in agreements_of(files, coop, partner, policy_files=policy_files):
        raise wrong(NAMES["agreement"], f"`{name}` はすでにあります", f"there is `{name}` already")
    new, file, at = _rewrite(files, coop, partner, name, policy_files)
    if agreement_file(coop, partner) not in files:
        new.set(file, ("coop",), coop, make=True)
        new.set(file, ("partner",), partner)
    basis = Basis(one_of(typed.basis, NAMES["basis"], [one.value for one in Basis]))
    new.set(file, (*at, "basis"), basis.value, make=True)
    for member in ("ground", "programme"):
        said = words_or_none(getattr(typed, member), NAMES[member])
        if said is not None:
            new.set(file, (*at, member), said)
    contract, term = _paper(typed.paper)
    new.set(file, (*at, "contract"), contract)
    new.set(file, (*at, "term"), term)
    for clause, article in _clauses(typed.clauses).items():
        if article is not None:
            new.set(file, (*at, "clauses", clause), article, make=True)
    for fact, said_of_it in _evidence(basis, typed).items():
        new.set(file, (*at, "evidence", fact), said_of_it, make=True)
    if REQUIRED[basis].supervised:
        new.set(file, (*at, "supervision"), _supervision(typed.check, check_required=False))
    if typed.members_per_day.strip():
        most = number(typed.members_per_day, NAMES["members_per_day"], least=1, most=MOST_MEMBERS)
        new.set(file, (*at, "limits"), {"members_per_day": most})
    new.set(file, (*at, "grants"), {})
    return new.files


def change_paper(
    files: Files, coop: str, partner: str, agreement: str, typed: Paper, *, policy_files: PolicyFiles
) -> Files:
    """Return files in which document and term are as typed. Raises Refused."""
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    for part, said in zip(("contract", "term"), _paper(typed), strict=True):
        for member, value in said.items():
            new.set(file, (*at, part, member), value)
    return new.files


def change_clauses(
    files: Files, coop: str, partner: str, agreement: str, typed: Mapping[str, str], *, policy_files: PolicyFiles
) -> Files:
    """Return files in which each clause stands in the article typed, and is not recorded where none is. Raises Refused."""
    was = agreements_of(files, coop, partner, policy_files=policy_files)[agreement].clauses
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    for clause, article in _clauses(typed).items():
        if article is not None:
            new.set(file, (*at, "clauses", clause), article, make=True)
        elif was.get(clause) is not None:
            new.set(file, (*at, "clauses", clause), None)
    return new.files


def record_check(
    files: Files, coop: str, partner: str, agreement: str, typed: Check, *, policy_files: PolicyFiles
) -> Files:
    """Return files in which the last supervision check is the one typed, with the next due day. Raises Refused."""
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    for member, said in _supervision(typed, check_required=True).items():
        new.set(file, (*at, "supervision", member), said, make=True)
    return new.files


def record_selection(
    files: Files, coop: str, partner: str, agreement: str, typed: Selection, *, policy_files: PolicyFiles
) -> Files:
    """Return files in which the partner's selection is recorded as typed. Raises Refused."""
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    new.set(file, (*at, "evidence", "selection"), _selection(typed), make=True)
    return new.files


def record_evidence(
    files: Files, coop: str, partner: str, agreement: str, typed: Mapping[str, str], *, policy_files: PolicyFiles
) -> Files:
    """Return files in which each fact is as typed, and not recorded where nothing is typed. Raises Refused."""
    was = agreements_of(files, coop, partner, policy_files=policy_files)[agreement].evidence
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    for fact, text in typed.items():
        said = _fact(fact, text)
        if text.strip() == as_typed(was, fact):
            continue
        new.set(file, (*at, "evidence", fact), said, make=said is not None)
    return new.files


def as_typed(evidence: Evidence, fact: str) -> str:
    """Return what the file says of a fact as its field of a form has it."""
    if fact == "expires":
        said = evidence.expires
        return "" if said is None else f"{datetime.fromisoformat(said).astimezone(JST):%Y-%m-%dT%H:%M}"
    return evidence.text(fact) or ""


def end_use(files: Files, coop: str, partner: str, agreement: str, typed: End, *, policy_files: PolicyFiles) -> Files:
    """Return files in which the use under an agreement ends; a certificate that was recorded stays. Raises Refused."""
    was = agreements_of(files, coop, partner, policy_files=policy_files)[agreement]
    last, due = day(typed.end, NAMES["end"]), day(typed.erase_due, NAMES["erase_due"])
    in_order(was.term.start, last, NAMES["end"])
    in_order(last, due, NAMES["erase_due"])
    procedure = words(typed.procedure, NAMES["procedure"])
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    if was.end is None:
        erased = {"due": due, "certificate": None}
        new.set(file, (*at, "end"), {"date": last, "procedure": procedure, "return_erase": erased})
        return new.files
    for keys, value in ((("date",), last), (("procedure",), procedure), (("return_erase", "due"), due)):
        new.set(file, (*at, "end", *keys), value)
    return new.files


def certify(
    files: Files, coop: str, partner: str, agreement: str, typed: Certificate, *, policy_files: PolicyFiles
) -> Files:
    """Return files in which the certificate of return or erasure is recorded. Raises Refused."""
    was = agreements_of(files, coop, partner, policy_files=policy_files)[agreement]
    if was.end is None:
        raise wrong(NAMES["end"], "先に終了の手続を記録してください", "record the end of use first")
    said = {
        "number": words(typed.certificate, NAMES["certificate"]),
        "date": day(typed.certified, NAMES["certified"]),
        "by": words(typed.certified_by, NAMES["certified_by"]),
    }
    new, file, at = _rewrite(files, coop, partner, agreement, policy_files)
    new.set(file, (*at, "end", "return_erase", "certificate"), said)
    return new.files


# ── what is typed, as the file has it ─────────────────────────────────────────────────────────────────────────────


def _rewrite(
    files: Files, coop: str, partner: str, agreement: str, policy_files: PolicyFiles
) -> tuple[Rewrite, str, tuple[str, str]]:
    new = Rewrite(files, coop, policy_files=policy_files)
    return new, f"agreements/{partner}.yaml", ("agreements", agreement)


def _paper(typed: Paper) -> tuple[dict[str, Any], dict[str, Any]]:
    first, last = day(typed.first, NAMES["first"]), day_or_none(typed.last, NAMES["last"])
    in_order(first, last, NAMES["last"])
    contract = {
        "form": one_of(typed.form, NAMES["form"], FORMS),
        "title": words(typed.title, NAMES["title"]),
        "signed": day(typed.signed, NAMES["signed"]),
        "department": words(typed.department, NAMES["department"]),
    }
    return contract, {"from": first, "to": last}


def _clauses(typed: Mapping[str, str]) -> dict[str, str | dict[str, str] | None]:
    """Return clause → what the file says of it, None where no article is typed."""
    found: dict[str, str | dict[str, str] | None] = {}
    for clause in CLAUSES:
        name: Name = (f"条番号({clause})", f"Article ({clause})")
        found[clause] = words_or_none(typed.get(clause, ""), NAMES["article"] if clause == "contacts" else name)
    whom = {member: typed.get(member, "") for member in ("responsible", "inquiries")}
    if found["contacts"] is not None or any(text.strip() for text in whom.values()):
        said = {member: words(text, NAMES[member]) for member, text in whom.items()}
        found["contacts"] = said | {"article": words(typed.get("contacts", ""), NAMES["article"])}
    return found


def _evidence(basis: Basis, typed: NewAgreement) -> dict[str, Any]:
    needs, found = REQUIRED[basis], dict[str, Any]()
    for fact in needs.facts:
        text = typed.evidence.get(fact, "")
        said: object = _selection(typed.selection) if fact == "selection" else _fact(fact, text)
        if said is not None:
            found[fact] = said
    if "selection" not in needs.facts and any(getattr(typed.selection, one) for one in Selection.__struct_fields__):
        found["selection"] = _selection(typed.selection)
    if needs.ends and typed.evidence.get("expires", "").strip():
        found["expires"] = _instant(typed.evidence["expires"])
    return found


def _fact(fact: str, typed: str) -> object:
    """Return a fact as a file has it, None for an empty field. Raises Refused."""
    if not typed.strip():
        return None
    match fact:
        case "received_on":
            return day(typed, NAMES[fact])
        case "expires":
            return _instant(typed)
    return words(typed, NAMES[fact])


def _selection(typed: Selection) -> dict[str, Any]:
    return {
        "criteria": words(typed.criteria, NAMES["criteria"]),
        "date": day(typed.selected, NAMES["selected"]),
        "result": words(typed.selection_result, NAMES["selection_result"]),
        "by": words(typed.selected_by, NAMES["selected_by"]),
    }


def _supervision(typed: Check, *, check_required: bool) -> dict[str, Any]:
    """Return a supervision; nobody has checked a partner yet whose agreement begins."""
    last: dict[str, Any] | None = None
    if check_required or any(text.strip() for text in (typed.checked, typed.method, typed.result)):
        last = {
            "date": day(typed.checked, NAMES["checked"]),
            "method": words(typed.method, NAMES["method"]),
            "result": words(typed.result, NAMES["result"]),
        }
    due = day(typed.due, NAMES["due"])
    if last is not None:
        in_order(last["date"], due, NAMES["due"])
    grace = number(typed.grace_days, NAMES["grace_days"], least=0, most=MOST_GRACE)
    return {"last": last, "due": due, "grace_days": grace}


def _instant(typed: str) -> str:
    """Return what a date-and-time field sends, in Japan time, as a file has it."""
    said = formed(typed, NAMES["expires"], "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", "2026-12-01T18:00")
    try:
        return datetime.fromisoformat(said).replace(tzinfo=JST).isoformat()
    except ValueError:
        raise wrong(NAMES["expires"], "実在する日時にしてください", "write a time that there is") from None
