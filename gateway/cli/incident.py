"""gateway incident open | scope | show | list | persons.

What happened, and the register of member codes, come from a file or standard input, never from the command line.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import msgspec
import typer
from rich.progress import Progress

from gateway.app.keys import secrets_of
from gateway.app.oversight import oversight_of
from gateway.app.storage import Stores, stores
from gateway.cli.acting import By, Reason, known, line
from gateway.cli.output import USAGE, Json, Lang, Language, err, fail, run, say, settings, show as show_rows, text_of
from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.incidents.incident import OPEN, Known, Scope, Source, Wanted
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents import words
from gateway.oversight.incidents.file import IncidentFile, count_scope, incident, incidents, open_incident
from gateway.oversight.incidents.intake import Intake
from gateway.oversight.incidents.persons import as_csv, codes_in, persons as reached
from gateway.oversight.incidents.scope import Progress as Told, scope as counted
from gateway.oversight.incidents.standing import standings
from gateway.settings import Settings

app = typer.Typer(help="漏えい対応: 受付・範囲・期限 / leaks: what was reached, and what is due", no_args_is_help=True)


Incident = Annotated[str, typer.Argument(help="案件の番号 / the incident")]


@app.command("open")
def open_(
    coop: str,
    title: Annotated[
        str, typer.Option(help="件名(個人名は書かない) / a title without names of persons", callback=line)
    ],
    what: Annotated[Path, typer.Option(help="何が起きたかを書いたファイル。- で標準入力 / what happened; - for stdin")],
    discovered: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="発覚日 / when it was discovered")],
    known_on: Annotated[
        datetime,
        typer.Option("--known", formats=["%Y-%m-%d"], help="どこかの部署が知った日 / when any department knew"),
    ],
    known_by: Annotated[str, typer.Option(help="知った部署 / which department", callback=line)],
    by: By,
    reason: Reason,
    partner: Annotated[str | None, typer.Option(help="提供先で起きたとき / the partner that it happened at")] = None,
    wrongful: Annotated[str, typer.Option(help="不正の目的のおそれ yes|no|unknown / a wrongful purpose")] = "unknown",
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """漏えい等(のおそれ)を受け付け、期限を表示する / Receive a leak, and say what is due when.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if wrongful not in get_args(Known):
        raise fail(f"`{wrongful}` は選べません。yes, no, unknown のどれかです / say yes, no or unknown", USAGE)
    source: Source = "own" if partner is None else "partner"
    intake = Intake(
        title=title,
        what=text_of(what).strip(),
        discovered=discovered.date(),
        known=known_on.date(),
        known_by=known_by,
        source=source,
        partner=partner,
        wrongful=cast("Known", wrongful),
    )

    async def work(configured: Settings) -> tuple[Dossier, IncidentFile, date]:
        async with _opened(configured, coop) as (_, desk):
            made = await open_incident(desk, coop, intake, by=by, reason=reason)
            return made, IncidentFile(intake=intake), jst_day(desk.clock())

    dossier, made, today = run(work(settings()))
    if as_json:
        say("", as_json=True, **_facts(dossier, made, today))
        return
    say(f"{dossier.id}: {words.STATES['received'][lang == 'en']}")
    show_rows(_deadlines(dossier, made, today, lang), as_json=False)


@app.command()
def scope(
    coop: str,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="初日 / first day in Japan")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="末日(含む) / last day, included")],
    incident_id: Annotated[
        str | None, typer.Option("--incident", help="結果を記録する案件 / the incident to record the result in")
    ] = None,
    by: Annotated[str | None, typer.Option(help="記録する人 / who records it", callback=line)] = None,
    reason: Annotated[str | None, typer.Option(help="記録する理由 / why", callback=line)] = None,
    partner: Annotated[str | None, typer.Option(help="提供先 / partner")] = None,
    client: Annotated[str | None, typer.Option(help="クライアント / client")] = None,
    key: Annotated[str | None, typer.Option(help="鍵の拇印または kid / thumbprint or kid of a key")] = None,
    agreement: Annotated[str | None, typer.Option(help="契約 / agreement")] = None,
    purpose: Annotated[str | None, typer.Option(help="利用目的 / purpose")] = None,
    field: Annotated[str | None, typer.Option(help="データ項目 / field")] = None,
    first_index: Annotated[int | None, typer.Option("--first-entry", min=0, help="記録の番号から / from entry")] = None,
    last_index: Annotated[int | None, typer.Option("--last-entry", min=0, help="記録の番号まで / to entry")] = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """提供先・鍵・期間・項目から、届きうる人数と項目を数える / Count the persons and fields that a leak may have reached.

    案件を指定すると結果をその案件に記録します。組合員コードは出ません / With an incident the result is recorded in it. No member code is shown.
    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if incident_id is not None and (by is None or reason is None):
        raise fail("記録するには --by と --reason が要ります / recording needs --by and --reason", USAGE)
    wanted = Wanted(
        first=first.date(), last=last.date(), partner=partner, client=client, key=key, agreement=agreement,
        purpose=purpose, field=field, first_index=first_index, last_index=last_index,
    )  # fmt: skip
    if wanted.last < wanted.first:
        raise fail("末日が初日より前です / the last day is before the first", USAGE)

    async def work(configured: Settings) -> Scope:
        async with _opened(configured, coop) as (_, desk):
            with _progress() as progress:
                if incident_id is None:
                    return await counted(desk, coop, wanted, progress=progress)
                dossier, made = await _found(desk, coop, incident_id)
                await count_scope(desk, dossier, made, wanted, by=by or "", reason=reason or "", progress=progress)
                _, again = await _found(desk, coop, incident_id)
                assert again.scope is not None
                return again.scope

    found = run(work(settings()))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    english = lang == "en"
    say(words.persons(found, english=english))
    if not found.entries:
        # A name that nobody bears counts nobody: that is told apart from a leak that reached nobody.
        say(
            "no release is of all that was named: check how it is spelt, and the period"
            if english
            else "指定したすべてに当てはまる提供は、1件もありません。提供先・鍵などのつづりと期間を確かめてください"
        )
    if found.erased:
        say(
            f"at most: side rows of {found.erased_entries} releases are erased"
            if english
            else f"{found.erased_entries}件の提供は対応づけが消去済みのため、重複を除けません(最大数)"
        )
    heads = ("field", "class", "entries", "members") if english else ("項目", "区分", "提供", "組合員")
    rows = [
        (one.en if english else one.ja, words.CLASSES[one.cls][english], one.entries, one.members)
        for one in found.fields
    ]
    show_rows([dict(zip(heads, row, strict=True)) for row in rows], as_json=False)


@app.command()
def show(coop: str, incident_id: Incident, as_json: Json = False, lang: Lang = "ja") -> None:
    """案件の状態・人数・期限を表示する / Show one incident: its state, its persons, what is due.

    Exit: 0 · 1 there is none · 2 usage · 3 the database does not answer.
    """

    async def work(configured: Settings) -> tuple[Dossier, IncidentFile, date]:
        async with _opened(configured, coop) as (_, desk):
            return *(await _found(desk, coop, incident_id)), jst_day(desk.clock())

    dossier, made, today = run(work(settings()))
    if as_json:
        say("", as_json=True, **_facts(dossier, made, today))
        return
    english = lang == "en"
    say(f"{dossier.id} {words.STATES[dossier.state][english]}: {made.intake.title}")  # type: ignore[index]  # a state
    if made.scope is not None:
        say(words.persons(made.scope, english=english))
        names = words.labels(made.scope, english=english)
        for one in made.proposed:
            trigger, standing = words.TRIGGERS[one.trigger][english], words.STANDINGS[one.standing][english]
            say(f"{trigger}: {standing} — {words.why(one, names, english=english)}")
    show_rows(_deadlines(dossier, made, today, lang), as_json=False)


@app.command("list")
def list_(coop: str, as_json: Json = False, lang: Lang = "ja") -> None:
    """案件の一覧 / Every incident, the one opened last first. Exit: 0 · 2 usage · 3 the database does not answer."""

    async def work(configured: Settings) -> list[tuple[Dossier, IncidentFile]]:
        async with _opened(configured, coop) as (_, desk):
            return await incidents(desk, coop)

    found = run(work(settings()))
    if as_json:
        show_rows([{"incident": one.id, "state": one.state, "partner": one.partner, "due": one.due} for one, _ in found],
                  as_json=True)  # fmt: skip
        return
    heads = (("案件", "状態", "件名", "提供先", "次の期限"), ("incident", "state", "title", "partner", "due"))
    rows = [
        (one.id, words.STATES[cast("Any", one.state)][lang == "en"], made.intake.title, one.partner, one.due)
        for one, made in found
    ]
    show_rows([dict(zip(heads[lang == "en"], row, strict=True)) for row in rows], as_json=False)


@app.command()
def persons(
    coop: str,
    incident_id: Incident,
    register: Annotated[
        Path, typer.Option(help="組合員名簿のコード(1行1件)。- で標準入力 / codes of the register; - for stdin")
    ],
    by: By,
    reason: Reason,
) -> None:
    """通知の対象になる組合員コードをCSVで出す(照会はログに残る) / Print whom to notify as CSV; the look is logged.

    名簿にあるコードのうち、案件の範囲に入る人だけが出ます / Of the register's codes, those within the incident's scope.
    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    codes = list(codes_in(text_of(register)))

    async def work(configured: Settings) -> tuple[bytes, int, int]:
        async with _opened(configured, coop) as (opened, desk):
            await secrets_of(configured, opened, coop)
            dossier, made = await _found(desk, coop, incident_id)
            if made.scope is None:
                raise fail("先に範囲を調べてください / ask for the scope first")
            found = await reached(desk, dossier, made.scope, codes, by=by, reason=reason)
            return as_csv(found.codes), found.missing, found.erased

    listed, missing, erased = run(work(settings()))
    if missing:
        err.print(
            f"名簿にない対象者が{missing}人います / {missing} persons reached are not in the register",
            markup=False, highlight=False,
        )  # fmt: skip
    if erased:
        err.print(
            f"対応づけを消去済みの人が最大{erased}人います / at most {erased} more cannot be told",
            markup=False, highlight=False,
        )  # fmt: skip
    sys.stdout.buffer.write(listed)


@asynccontextmanager
async def _opened(configured: Settings, coop: str) -> AsyncIterator[tuple[Stores, OversightDesk]]:
    """Give the stores and the desk of the third door, open together."""
    known(configured, coop)
    async with stores(configured) as opened:
        yield opened, oversight_of(configured, opened)


async def _found(desk: OversightDesk, coop: str, identifier: str) -> tuple[Dossier, IncidentFile]:
    found = await incident(desk, coop, identifier)
    if found is None:
        raise fail(f"`{identifier}` という案件はありません / there is no incident `{identifier}`")
    return found


def _facts(dossier: Dossier, made: IncidentFile, today: date) -> dict[str, Any]:
    """Return an incident as programs read it: codes, and nothing that was written freely but its title."""
    return {
        "incident": dossier.id,
        "state": dossier.state,
        "title": made.intake.title,
        "partner": dossier.partner,
        "known": made.intake.known,
        "due": dossier.due,
        "deadlines": {one.deadline.name: one.deadline.due for one in _standings(dossier, made, today)},
        "members": None if made.scope is None else made.scope.members,
        "most_persons": None if made.scope is None else made.scope.most_persons,
        "proposed": {one.trigger: one.standing for one in made.proposed},
        "confirmed": None if made.judged is None else dict(made.judged.triggers),
    }


def _standings(dossier: Dossier, made: IncidentFile, today: date) -> Any:
    waived = dossier.state not in OPEN and made.sent("final") is None
    return standings(
        made.intake.known, wrongful=made.wrongful, first=made.sent("first"), final=made.sent("final"), today=today,
        waived=waived,
    )  # fmt: skip


def _deadlines(dossier: Dossier, made: IncidentFile, today: date, lang: Language) -> list[dict[str, object]]:
    english = lang == "en"
    heads = ("what", "due", "days left", "sent") if english else ("何を", "期限", "残り日数", "提出日")
    beyond = "past the table of holidays" if english else "休日表の範囲外(計算できません)"
    return [
        dict(
            zip(
                heads,
                (words.DEADLINES[one.deadline.name][english], one.deadline.due or beyond, one.left, one.sent),
                strict=True,
            )
        )
        for one in _standings(dossier, made, today)
    ]


@contextmanager
def _progress() -> Iterator[Told]:
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("集計 / counting", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
