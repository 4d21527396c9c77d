"""監査資料: what an auditor asks for, over a period, in one archive: texts with their digests, tables, and what proves them.

The archive says no time of its own and sorts its files, so that the same data makes the same bytes; `manifest.json` has
the digest of every file. It holds no member's data: no code, no value. Made of what is there when it is asked for; the
log of the period cannot change any more, what is kept beside it (findings, measures) may.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.oversight.desk import OversightDesk
from gateway.oversight.reports import pack_tables as tables
from gateway.oversight.reports.catalogue import field_names, partner_names
from gateway.oversight.reports.checked import checked_table
from gateway.oversight.reports.evidence import clause_table, safety_table
from gateway.oversight.reports.gathering import Gathered, gather
from gateway.oversight.reports.ledger import ledger_table
from gateway.oversight.reports.month import month_tables
from gateway.oversight.reports.provisions import provision_tables
from gateway.oversight.reviews.periods import Period
from gateway.sheets.pdf import Block, Document, Facts, Heading, Paragraph, printed
from gateway.sheets.tables import Language, Note, Said, Table, as_csv, as_json

Files = Mapping[str, bytes]
_MADE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16
_UNIX: Final = 3
_MOST_CELLS: Final = 2_000
"""Of one table on paper."""


async def audit_pack(
    desk: OversightDesk, coop: str, period: Period, *, name: str, lang: Language = "ja", trial: bool
) -> Files:
    """Return the files of a pack by their names; `name` is the co-op's. Raises Refused, FontsMissing, Unavailable."""
    made = await gather(desk, coop, period)
    return await asyncio.to_thread(_files, made, name=name, lang=lang, trial=trial, fonts=desk.fonts)


def archived(files: Files) -> bytes:
    """Return files as a ZIP archive: sorted, of one and the same time, readable by all."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in sorted(files.items()):
            told = zipfile.ZipInfo(path, _MADE)
            told.create_system, told.external_attr, told.compress_type = _UNIX, _MODE, zipfile.ZIP_DEFLATED
            archive.writestr(told, data, compresslevel=9)
    return out.getvalue()


def _files(made: Gathered, *, name: str, lang: Language, trial: bool, fonts: Path | None) -> Files:
    names, fields = partner_names(made.snapshot), field_names(made.snapshot)
    of_months = {
        f"{one.period.first:%Y-%m}": month_tables(one, coop=name, names=names, fields=fields, trial=trial)
        for one in made.months
    }
    provided = provision_tables(made.provisions, made.snapshot, coop=name, today=made.period.last, trial=trial)
    sheets: dict[str, Sequence[Table]] = {
        "clauses": [clause_table(made, trial=trial)],
        "safety": [safety_table(made, trial=trial)],
        "versions": [tables.versions_table(made, trial=trial)],
        "notices": [tables.notices_table(made, trial=trial)],
        "ledger": [ledger_table(made.ledger, coop=name, trial=trial)],
        "provisions": provided,
        "dossiers": [tables.dossiers_table(made, trial=trial)],
        "reviews": [tables.reviews_table(made, trial=trial)],
        "findings": [tables.findings_table(made, trial=trial)],
        "measures": [tables.measures_table(made, trial=trial)],
        "follow-ups": [tables.follow_ups_table(made, trial=trial)],
        "roles": [tables.roles_table(made, trial=trial)],
        "verification": [checked_table(made.checked, trial=trial)],
        **{f"months/{month}": found for month, found in of_months.items()},
    }
    files: dict[str, bytes] = {}
    for path, found in sheets.items():
        files[f"{path}.csv"] = as_csv(found, lang=lang)
        files[f"{path}.json"] = as_json(found)
    for one in made.versions:
        files[f"policy/{one.version.policy.digest}.json"] = one.document
    if made.checked.note is not None:
        files["log/checkpoint.txt"] = made.checked.note
    files["audit-pack.pdf"] = printed(_document(made, sheets, name=name, trial=trial), lang=lang, fonts=fonts)
    files["README.txt"] = _readme(made, files, name=name, lang=lang).encode()
    files["manifest.json"] = _manifest(made, files)
    return files


def _document(made: Gathered, sheets: Mapping[str, Sequence[Table]], *, name: str, trial: bool) -> Document:
    """Return what is read on paper: everything but the texts of the policies."""
    title = Said("監査資料", "Audit pack")
    order = ["clauses", "safety", "versions", "notices", "ledger", *sorted(one for one in sheets if "/" in one)]
    order += [one for one in sheets if one not in order]
    return Document(
        title=title,
        trial=trial,
        wide=True,
        blocks=(
            Facts(
                rows=(
                    Note(key="coop", title=Said("生協", "co-op"), said=name),
                    Note(key="first", title=Said("期間の初日", "first day"), said=made.period.first),
                    Note(key="last", title=Said("期間の末日", "last day"), said=made.period.last),
                )
            ),
            Paragraph(said=_WHAT),
            *(_on_paper(one, table) for one in order for table in sheets[one]),
            Heading(said=Said("終わり", "End")),
        ),
    )


def _on_paper(path: str, table: Table) -> Block:
    """Return a table, or where to find it if it is too long to be read on paper."""
    if len(table.rows) * len(table.columns) <= _MOST_CELLS:
        return table
    return Paragraph(
        said=Said(
            f"{table.title.ja}: {len(table.rows):,} 行 → {path}.csv",
            f"{table.title.en}: {len(table.rows):,} rows in {path}.csv",
        )
    )


_WHAT: Final = Said(
    "この資料は、提供ログ・公布した版・案件から作成したものです。同じデータからは同じ内容になります。"
    "「なし」は、示せる証跡がないことを表します。宣言した措置は申告であり、ゲートウェイが測定したものではありません。",
    "Made from the log, the published versions and the dossiers; the same data makes the same pack. “none” means that there "
    "is nothing to show. Declared measures are declared, and not measured by the gateway.",
)


def _readme(made: Gathered, files: Files, *, name: str, lang: Language) -> str:
    period = f"{made.period.first} – {made.period.last}"
    head = {
        "ja": f"監査資料\n生協: {name}\n期間: {period}\n\n{_WHAT.ja}\n\nファイル:\n",
        "en": f"Audit pack\nCo-op: {name}\nPeriod: {period}\n\n{_WHAT.en}\n\nFiles:\n",
    }[lang]
    return head + "".join(f"  {path}\n" for path in sorted(files))


def _manifest(made: Gathered, files: Files) -> bytes:
    said = {
        "coop": made.coop,
        "first": made.period.first.isoformat(),
        "last": made.period.last.isoformat(),
        "policies": [one.version.policy.digest for one in made.versions],
        "log": {
            "origin": made.checked.origin,
            "size": made.checked.size,
            "root": made.checked.root.hex(),
            "first": made.counting.first,
            "entries": made.counting.entries,
            "holds": made.checked.holds,
        },
        "files": {path: sha256(data).hexdigest() for path, data in sorted(files.items())},
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
