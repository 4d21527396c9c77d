"""試す: what a partner would be given for a question that stands in the URL, or why nothing (提供しない理由).

Only read here: nothing is logged, nothing leaves, no member is asked about. What is typed wrong is told on the page.
"""

import asyncio
from datetime import datetime
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.grants.try_question import (
    NAME,
    Fault,
    Named,
    Typed,
    draft_url,
    faults_of,
    named_in,
    question_of,
    question_url,
    read,
)
from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.proposals.versions import rows_of
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.matrix import Texts
from gateway.control_plane.grants.matrix_changes import texts_of
from gateway.control_plane.grants.reason_words import GATES
from gateway.control_plane.grants.what_if import Allowed, Answer, answers, proposed
from gateway.core.changes.proposal import FROM, Proposal
from gateway.core.days import JST, Moment
from gateway.core.policy import Policy
from gateway.core.state import Snapshot, Version
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.ports import Checked, PolicyFiles, Unavailable

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=JST), datetime(2100, 1, 1, tzinfo=JST)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The version that answers, and the proposal that it was published from."""

    number: int
    version: Version
    proposal: Proposal | None
    """None where the version was published without one, from files on the command line."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposal's files say, as far as they can be tried."""

    proposal: Proposal | None = None
    checked: Checked | None = None
    fault: Fault | None = None


async def try_it(request: Request) -> Response:
    """Answer the question in the URL under the version in force at its instant, or under a proposal's files."""
    visit = require(request, *POLICY)
    typed = read(request.query_params)
    faults: list[Fault] = []
    tried = await _tried(visit, typed.proposal)
    at = visit.now if tried.proposal is None else max(visit.now, tried.proposal.effective or visit.now)
    if typed.at:
        given = _instant(typed.at)
        if given is None:
            faults.append(Fault(key="at"))
        at = given or at
    if tried.fault is not None:
        faults.append(tried.fault)
    in_force = visit.desk.current(visit.coop)
    now = in_force.policy_at(Moment(visit.now))
    policy_tried = None if tried.checked is None else tried.checked.policy
    snapshot = in_force if policy_tried is None else proposed(in_force, policy_tried, at)
    policy = snapshot.policy_at(Moment(at))
    known = policy or now
    named = named_in(known, await _texts(visit, known, tried.checked), lang=visit.texts.language)
    found: tuple[Answer, ...] = ()
    if typed.asked:
        # Before the first version there are no names to compare with; the gates then say that nothing is in force.
        faults += faults_of(typed, named) if known is not None else []
        if not faults:
            purposes = {one: (text, text) for one, text in named.purposes.items() if text}
            found = answers(question_of(typed), snapshot, at=at, purposes=purposes)
    return page(
        request,
        "try.html",
        typed=typed,
        faults=faults,
        named=named,
        answers=found,
        as_of=at,
        source=None if tried.proposal is not None else await _source(visit, in_force, at),
        proposal=tried.proposal,
        drafts=await visit.desk.proposals.all(visit.coop, states=tuple(FROM["amend"])),
        under=lambda proposal: question_url(visit.coop, typed, proposal=proposal),
        open_states=FROM["amend"],
        in_force={} if now is None else {one.id: one.partner for one in now.agreements.values()},
        begins=visit.holds("admin"),
        draft=lambda one: _draft(visit, typed, named, one, now),
        words={name: both[visit.texts.language != "ja"] for name, both in TRANSFORM_WORDS.items()},
        gates={name: both[visit.texts.language != "ja"] for name, both in GATES.items()},
    )


def _draft(visit: Visit, typed: Typed, named: Named, answer: Answer, now: Policy | None) -> str:
    """Return where a draft begins; where something was withheld, with what and why typed in."""
    if isinstance(answer, Allowed):
        return f"/{visit.coop}/proposals/new"
    its = now.agreements.get(answer.agreement or "") if now is not None else None
    department = its.department if its is not None else ""
    rules = [why.rule for why in answer.reasons]
    return draft_url(visit.coop, visit.texts, typed, named, rules=rules, department=department)


ROUTES: Final = (Route("/{coop}/try", try_it, methods=["GET"]),)
"""For `PAGES` of app.py."""


def _instant(text: str) -> datetime | None:
    """Return what a date-and-time field sends, in Japan time; None for anything else, and outside this century."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=JST)
    return when if _FIRST <= when < _LAST else None


async def _tried(visit: Visit, asked: str) -> Tried:
    """Return what a proposal's files say; a proposal that is not there, or cannot be read, is told."""
    if not asked:
        return Tried()
    proposal = await visit.desk.proposals.get(visit.coop, asked) if NAME.fullmatch(asked) else None
    if proposal is None:
        return Tried(fault=Fault(key="proposal"))
    policy_files = _policy_files(visit)
    if policy_files is None:
        return Tried(proposal=proposal, fault=Fault(key="unread"))
    files = await visit.desk.proposals.files(visit.coop, proposal.content)
    if files is None:
        raise Unavailable("the files of a proposal are not in the store")
    # Reading all files takes longer than others on this loop may wait.
    checked = await asyncio.to_thread(policy_files.check, visit.coop, files)
    if checked.policy is None:
        first = next(one for one in checked.findings if one.severity == "error")
        said = first.ja if visit.texts.language == "ja" else first.en
        where = f"{first.file}:{first.line}"
        return Tried(proposal=proposal, fault=Fault(key="files", values={"where": where, "said": said}))
    return Tried(proposal=proposal, checked=checked)


async def _source(visit: Visit, snapshot: Snapshot, at: datetime) -> Source | None:
    row = next((row for row in rows_of(snapshot, at) if row.standing == "in_force"), None)
    if row is None:
        return None
    published = await visit.desk.proposals.all(visit.coop, states=["published"])
    proposal = next((one for one in published if one.published == row.version.index), None)
    return Source(number=row.number, version=row.version, proposal=proposal)


_RECENT: Final[dict[str, Texts]] = {}
_RECENTLY: Final = 16


async def _texts(visit: Visit, policy: Policy | None, checked: Checked | None) -> Texts:
    """Return the words of the notices, which stand in the files alone; without them every id stands for itself."""
    if policy is None:
        return Texts()
    if policy.digest not in _RECENT:
        document = checked.document if checked is not None else await _document(visit, policy)
        if document is None:
            return Texts()
        _RECENT[policy.digest] = texts_of(document)
        while len(_RECENT) > _RECENTLY:
            del _RECENT[next(iter(_RECENT))]
    return _RECENT[policy.digest]


async def _document(visit: Visit, policy: Policy) -> bytes | None:
    policy_files = _policy_files(visit)
    files = None if policy_files is None else await visit.desk.proposals.files_of_version(visit.coop, policy.digest)
    if policy_files is None or files is None:
        return None
    checked = await asyncio.to_thread(policy_files.check, visit.coop, files)
    # Rules may have grown since it was published: only what was published may be shown as its words.
    return checked.document if checked.digest == policy.digest else None


def _policy_files(visit: Visit) -> PolicyFiles | None:
    try:
        return visit.desk.policy_files
    except Unavailable:  # a console that only reads
        return None
