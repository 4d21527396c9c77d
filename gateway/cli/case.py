"""gateway case open | list | show | identify | decide | close.

What was asked, by whom and about whom comes from a JSON file or standard input, never from the command line.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec
import typer

from gateway.app.keys import secrets_of
from gateway.app.oversight import oversight_of
from gateway.app.storage import stores
from gateway.cli.acting import By, known
from gateway.cli.output import USAGE, Json, Lang, Language, fail, run, say, settings, show as show_rows, text_of
from gateway.core.members import rights_words as words
from gateway.core.members.rights import (
    AGENTS,
    ARTICLES,
    CHANNELS,
    FORMS,
    KINDS,
    METHODS,
    OPEN_STATES,
    OUTCOMES,
    RESULTS,
    SUBJECTS,
    Agent,
    Case,
    Channel,
    Decision,
    Form,
    Identity,
    Kind,
    Method,
    Outcome,
    Result,
    Subject,
)
from gateway.core.refused import Refused
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members import cases
from gateway.oversight.members.access import note_access
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.look_ups import check_reason
from gateway.settings import Settings

app = typer.Typer(
    help="本人からの申出: 受付・本人確認・判断・終了 / requests of the persons themselves", no_args_is_help=True
)
_T = TypeVar("_T")

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="案件番号 / the case")]
On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="その日(省けば今日) / the day; today if left out")
]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as `open` reads it."""

    kind: Kind
    name: str
    asked: str
    received: date
    office: str
    channel: Channel
    subject: Subject = "member"
    member: str | None = None
    form: Form = "pdf"
    agent: Agent | None = None

    def __repr__(self) -> str:
        """Whose request it is does not print itself."""
        return f"<Request {self.kind}>"


@app.command("open")
def open_(
    coop: str,
    request: Annotated[
        Path, typer.Option("--request", help="申出のJSONファイル。- で標準入力 / the request as JSON; - for stdin")
    ],
    by: By,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """申出を案件として受け付ける / Take a request in as a case.

    JSON: kind, subject (member|staff), member, name, asked, form (paper|pdf|csv|json), received, office, channel, agent
    {kind (legal|appointed), name, mandate, sealed, identity}. Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    asked = _request(text_of(request))

    async def work(desk: OversightDesk) -> Kept:
        made = Case(**{name: getattr(asked, name) for name in Request.__struct_fields__})
        return await cases.open_case(desk, coop, made, by=by)

    _told(_on(coop, work), as_json=as_json, lang=lang)


@app.command("list")
def list_(
    coop: str,
    every: Annotated[bool, typer.Option("--all", help="終了した案件も / closed ones too")] = False,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """案件を期限の順に並べる(個人の情報は出ない) / List cases by due day; nothing of them is about a person.

    Exit: 0 · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk) -> tuple[list[Kept], date]:
        states = () if every else OPEN_STATES
        return await cases.all_cases(desk, coop, states=states), cases.today_of(desk)

    found, today = _on(coop, work)
    if as_json:
        show_rows([_facts(one) | {"overdue": one.overdue(today)} for one in found], as_json=True)
        return
    at = int(lang == "en")
    heads = (
        ("案件番号", "種類", "状態", "受領日", "期限", "事業所"),
        ("case", "kind", "state", "received", "due", "office"),
    )
    late = ("超過", "overdue")[at]
    rows = [
        (
            one.id,
            words.KIND[one.case.kind][at],
            words.STATE[one.state][at],
            one.case.received,
            f"{one.dossier.due} {late}" if one.overdue(today) else one.dossier.due,
            one.case.office,
        )
        for one in found
    ]
    show_rows([dict(zip(heads[at], row, strict=True)) for row in rows], as_json=False)
    say(f"{len(found)}件" if lang == "ja" else f"{len(found)} cases")


@app.command()
def show(
    coop: str,
    case: CaseId,
    by: Annotated[str | None, typer.Option(help="内容を見る人 / who looks at what was asked")] = None,
    reason: Annotated[str | None, typer.Option(help="内容を見る理由 / why")] = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """一件の経過を示す。--by と --reason で申出の内容も(記録に残る) / Show a case; what was asked with --by and --reason.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if (by is None) != (reason is None):
        raise fail("--by と --reason は一緒に指定します / --by and --reason go together", USAGE)

    async def work(desk: OversightDesk) -> Kept:
        kept = await _found(desk, coop, case)
        if by is not None and reason is not None:
            secrets = desk.secrets(coop)
            said: dict[str, Any] = {"by": by, "reason": check_reason(reason), "secrets": secrets, "clock": desk.clock}
            await note_access(desk.log, coop, kept.case.member, "history", view=kept.id, **said)
        return kept

    kept = _on(coop, work)
    facts = _facts(kept)
    if by is not None:
        facts |= {"name": kept.case.name, "asked": kept.case.asked, "member": kept.case.member}
        facts["reason"] = None if kept.case.decision is None else kept.case.decision.reason
    if as_json:
        say("", as_json=True, **facts)
        return
    say(f"{kept.id}: {words.KIND[kept.case.kind][lang == 'en']}, {words.STATE[kept.state][lang == 'en']}")
    show_rows([{"": name, " ": value} for name, value in facts.items()], as_json=False)


@app.command()
def identify(
    coop: str,
    case: CaseId,
    method: Annotated[str, typer.Option(help=f"確認の方法 / how: {', '.join(METHODS)}")],
    result: Annotated[str, typer.Option(help=f"結果 / the result: {', '.join(RESULTS)}")],
    by: By,
    on: On = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """本人確認の方法と結果を登録する / Record how it was checked who asks.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    _one_of(method, METHODS)
    _one_of(result, RESULTS)

    async def work(desk: OversightDesk) -> Kept:
        kept = await _found(desk, coop, case)
        day = cases.today_of(desk) if on is None else on.date()
        made = Identity(method=cast("Method", method), result=cast("Result", result), on=day)
        return await cases.identify(desk, kept, made, revision=kept.dossier.revision, by=by)

    _told(_on(coop, work), as_json=as_json, lang=lang)


@app.command()
def decide(
    coop: str,
    case: CaseId,
    outcome: Annotated[str, typer.Option(help=f"判断 / the decision: {', '.join(OUTCOMES)}")],
    by: By,
    why: Annotated[
        Path | None, typer.Option("--why", help="理由のファイル。- で標準入力 / the reason; - for stdin")
    ] = None,
    on: On = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """判断を登録する。応じない部分があれば理由が要る(法36条) / Record the decision; a refusal needs its reason (Art. 36).

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    _one_of(outcome, OUTCOMES)
    reason = "" if why is None else text_of(why).strip()

    async def work(desk: OversightDesk) -> Kept:
        kept = await _found(desk, coop, case)
        day = cases.today_of(desk) if on is None else on.date()
        made = Decision(outcome=cast("Outcome", outcome), reason=reason, on=day)
        return await cases.decide(desk, kept, made, revision=kept.dossier.revision, by=by)

    _told(_on(coop, work), as_json=as_json, lang=lang)


@app.command()
def close(coop: str, case: CaseId, by: By, as_json: Json = False, lang: Lang = "ja") -> None:
    """案件を終了する / Close a case, once it is decided.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(desk: OversightDesk) -> Kept:
        kept = await _found(desk, coop, case)
        return await cases.close(desk, kept, revision=kept.dossier.revision, by=by)

    _told(_on(coop, work), as_json=as_json, lang=lang)


def _on(coop: str, work: Callable[[OversightDesk], Awaitable[_T]]) -> _T:
    async def opened(configured: Settings) -> _T:
        known(configured, coop)
        async with stores(configured) as made:
            await secrets_of(configured, made, coop)
            return await work(oversight_of(configured, made))

    return run(opened(settings()))


async def _found(desk: OversightDesk, coop: str, case: str) -> Kept:
    kept = await cases.case_of(desk, coop, case)
    if kept is None:
        raise Refused(
            "case:unknown",
            f"その番号の案件はありません。`gateway case list {coop} --all` で確かめてください",
            f"there is no such case; `gateway case list {coop} --all` lists them",
        )
    return kept


def _request(text: str) -> Request:
    try:
        return msgspec.json.decode(text.encode(), type=Request)
    except msgspec.ValidationError as fault:
        known = {"kind": KINDS, "channel": CHANNELS, "subject": SUBJECTS, "form": FORMS, "agent.kind": AGENTS}
        words = [f"{name}: {' | '.join(values)}" for name, values in known.items()]
        raise fail("\n".join([f"申出のJSONを直してください / mend the request: {fault}", *words]), USAGE) from None
    except msgspec.DecodeError:
        raise fail("申出のJSONを読めません / the request is not JSON", USAGE) from None


def _one_of(text: str, among: tuple[str, ...]) -> None:
    if text not in among:
        raise fail(f"`{text}` は選べません / is none of {', '.join(among)}", USAGE)


def _facts(one: Kept) -> dict[str, object]:
    case = one.case
    return {
        "case": one.id,
        "kind": case.kind,
        "article": ARTICLES[case.kind],
        "subject": case.subject,
        "agent": None if case.agent is None else case.agent.kind,
        "state": one.state,
        "received": case.received,
        "due": one.dossier.due,
        "office": case.office,
        "channel": case.channel,
        "identity": None if case.identity is None else case.identity.result,
        "fee": case.fee,
        "decision": None if case.decision is None else case.decision.outcome,
        "answers": len(case.answers),
        "closed": case.closed,
    }


def _told(one: Kept, *, as_json: bool, lang: Language) -> None:
    state = words.STATE[one.state][lang == "en"]
    due = f"期限 {one.dossier.due}" if lang == "ja" else f"due {one.dossier.due}"
    say(f"{one.id}: {state} ({due})", as_json=as_json, **_facts(one))
