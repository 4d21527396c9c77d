"""gateway policy definitions: the 項目定義書 of an agreement as a file, to hand to a partner.

Exit codes: 0 done · 1 refused, nothing written · 2 the command line itself · 3 no answer.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli.office import on
from gateway.cli.output import USAGE, Json, Lang, Language, fail, say
from gateway.control_plane.grants.definition_tables import definition_tables
from gateway.control_plane.grants.field_definitions import Words, definitions as defined, publications_in, words_of
from gateway.control_plane.grants.matrix_changes import check_partners
from gateway.control_plane.office import Office
from gateway.core.days import Moment, jst_day
from gateway.core.state import Snapshot, Version
from gateway.settings import Settings
from gateway.sheets.tables import Table, as_csv, as_json

_SHORTEST = 8
Out = Annotated[Path, typer.Option("--out", help="書き出すファイル(.xlsx、.csv、.json) / the file to write")]
OfVersion = Annotated[
    str | None, typer.Option("--policy", help="版のダイジェスト(省けば施行中の版) / of which version")
]
Against = Annotated[str | None, typer.Option(help="比べる版のダイジェスト(省けば前の版) / compared with which version")]


def definitions(
    coop: str,
    partner: str,
    agreement: str,
    out: Out,
    policy: OfVersion = None,
    against: Against = None,
    as_json: Json = False,
    lang: Lang = "ja",
) -> None:
    """契約ごとの項目定義書を書き出す / Write what a partner receives under an agreement, field by field, to a file.

    Exit: 0 · 1 refused · 2 usage · 3 no log.
    """
    if out.suffix not in _WRITERS:
        raise fail(
            f"`{out}` の形式は書き出せません。名前の終わりを .xlsx、.csv、.json のいずれかにしてください\n"
            f"`{out}` cannot be written; let its name end in .xlsx, .csv or .json",
            USAGE,
        )

    async def work(office: Office, configured: Settings) -> bytes:
        await office.in_force.refresh(coop)
        snapshot = office.in_force.current(coop)
        version = _version(snapshot, policy, coop) or _in_force(snapshot, office)
        if version is None:
            raise fail(
                f"`{coop}` には施行中の版がありません。`gateway policy history {coop}` で確かめてください\n"
                f"no version of `{coop}` is in force; see `gateway policy history {coop}`"
            )
        people = {one.id: one.name for one in await office.staff.people(coop)}
        try:
            found = defined(
                snapshot,
                version,
                partner,
                agreement,
                today=jst_day(office.clock()),
                against=_version(snapshot, against, coop),
                words=await _words(office, coop, version, partner, agreement),
                publications=publications_in(await office.log.of_kind(coop, "publish")),
            )
        except KeyError:
            raise fail(
                f"`{partner}` との契約 `{agreement}` はこの版にありません。提供先と契約のIDを確かめてください\n"
                f"this version has no agreement `{agreement}` with `{partner}`; mind both ids"
            ) from None
        tables = definition_tables(found, trial=configured.demo, name=lambda person: people.get(person, person))
        return _WRITERS[out.suffix](tables, lang)

    body = on(coop, work)
    try:
        out.write_bytes(body)
    except OSError as fault:
        raise fail(f"`{out}` に書けません / cannot be written: {fault.strerror}", USAGE) from None
    say(f"書き出しました / written: {out}", as_json=as_json, file=str(out), bytes=len(body))


def _csv(tables: tuple[Table, ...], lang: Language) -> bytes:
    return as_csv(tables, lang=lang)


def _xlsx(tables: tuple[Table, ...], lang: Language) -> bytes:
    from gateway.sheets.workbook import as_workbook

    return as_workbook(tables, lang=lang)


def _json(tables: tuple[Table, ...], _: Language) -> bytes:
    return as_json(tables)


_WRITERS: Final[Mapping[str, Callable[[tuple[Table, ...], Language], bytes]]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".json": _json,
}


def _in_force(snapshot: Snapshot, office: Office) -> Version | None:
    deciding = snapshot.policy_at(Moment(office.clock()))
    return next((one for one in reversed(snapshot.versions) if one.policy is deciding), None)


def _version(snapshot: Snapshot, digest: str | None, coop: str) -> Version | None:
    """Return the version that a digest begins with, None where none is named; or end where there is no such one."""
    if digest is None:
        return None
    found = [one for one in snapshot.versions if len(digest) >= _SHORTEST and one.policy.digest.startswith(digest)]
    if len({one.policy.digest for one in found}) != 1:
        raise fail(
            f"その番号の版が1つに決まりません。`gateway policy history {coop}` のdigestを{_SHORTEST}字以上書いてください\n"
            f"no one version begins so; give {_SHORTEST} characters or more of a digest from `gateway policy history {coop}`"
        )
    return found[-1]


async def _words(office: Office, coop: str, version: Version, partner: str, agreement: str) -> Words:
    files = await office.proposals.files_of_version(coop, version.policy.digest)
    if files is None:
        return Words()
    checked = check_partners(files, {partner}, policy_files=office.policy_files, coop=coop)
    return words_of(checked.document, partner, agreement)
