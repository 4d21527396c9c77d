"""提供履歴回答書: what was provided of one person, told to that person in the form asked for, and nobody else's data in it.

It needs a case of this member in which it was checked who asks. The bytes are made of the record, the words of the
versions and what the staff typed (addressee, opening words, date): the same data makes the same bytes. Its digest is in
the log, as an access, before anybody has it. Staff who set stops, and their reasons, are not in it.
"""

import asyncio
from datetime import date
from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec

from gateway.core.members import rights
from gateway.core.members.rights import Answer
from gateway.core.plain_text import one_line, writable
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members import cases
from gateway.oversight.members.access import note_access
from gateway.oversight.members.answer_tables import TITLE, answer_tables
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.member_record import Record, record
from gateway.oversight.members.member_words import sentences, words_of
from gateway.sheets.csv_sheet import Encoding
from gateway.sheets.pdf import Document, Facts, Paragraph, printed
from gateway.sheets.tables import Language, Said, Table, as_csv, as_json

Ending = Literal["pdf", "csv", "json"]
ENDINGS: Final[tuple[Ending, ...]] = get_args(Ending)
LONGEST_WORDS: Final = 2_000


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer is made of beside the record: whom it is for, whose it is, and the words that staff typed."""

    ending: Ending
    encoding: Encoding = "utf-8"
    lang: Language = "ja"
    on: date
    addressee: str
    opening: str = ""
    """The co-op's own words before everything else."""

    def __repr__(self) -> str:
        """Names do not print themselves."""
        return f"<Sheet {self.ending} {self.on}>"


def checked(sheet: Sheet, *, today: date) -> Sheet:
    """Return what staff typed, if it can be printed. Raises Refused."""
    if not one_line(sheet.addressee) or len(sheet.addressee) > LONGEST_WORDS:
        raise Refused("answer:addressee", "宛名を1行で書いてください", "write whom it is for, in one line")
    if not writable(sheet.opening) or len(sheet.opening) > LONGEST_WORDS:
        raise Refused(
            "answer:opening",
            f"前文は{LONGEST_WORDS}字までです(制御文字は使えません)",
            f"the opening words have up to {LONGEST_WORDS} characters, and no control characters",
        )
    if sheet.on > today:
        raise Refused("answer:on", "回答日は今日までの日にしてください", "the answer is of no later day than today")
    return sheet


async def make(
    desk: OversightDesk, kept: Kept, sheet: Sheet, *, by: str, reason: str, coop_name: str, trial: bool
) -> bytes:
    """Return the answer for a case, entered in the log with its digest and noted in the case.

    Raises Refused (who asks was not checked, cp932 lacks a character, too long for paper), FontsMissing, Unavailable;
    nothing is entered then.
    """
    coop, code = kept.dossier.coop, kept.case.member
    if code is None:
        raise Refused(
            "answer:staff",
            "提供履歴があるのは組合員の案件だけです。常勤役職員の情報は共同利用で提供されません",
            "only cases about members have a history; data of staff is not provided",
        )
    rights.answerable(kept.case)
    checked(sheet, today=cases.today_of(desk))
    found = await record(desk, coop, code)
    words = await words_of(desk, coop, found.provisions)
    made = answer_tables(
        found,
        words,
        kept,
        addressee=sheet.addressee,
        opening=sheet.opening,
        on=sheet.on,
        coop_name=coop_name,
        trial=trial,
    )
    body = await asyncio.to_thread(_written, made, found, sheet, desk)
    digest = rfc4648.encode(sha256(body).digest())
    # The case first: it refuses whoever may not, or where somebody was faster. An answer that the log then does not
    # take is noted in the case, and nobody has it.
    await cases.answer(desk, kept, Answer(form=sheet.ending, on=sheet.on, digest=digest), by=by)
    await note_access(
        desk.log,
        coop,
        code,
        "answer",
        by=by,
        reason=reason,
        secrets=desk.secrets(coop),
        clock=desk.clock,
        view=kept.id,
        digest=digest,
    )
    return body


def _written(made: tuple[Table, ...], found: Record, sheet: Sheet, desk: OversightDesk) -> bytes:
    match sheet.ending:
        case "csv":
            return as_csv(made, lang=sheet.lang, encoding=sheet.encoding)
        case "json":
            return as_json(made)
        case "pdf":
            return printed(_document(made, found, sheet), lang=sheet.lang, fonts=desk.fonts)


def _document(made: tuple[Table, ...], found: Record, sheet: Sheet) -> Document:
    """Return the answer as it is printed: what was typed and the basis sentences as paragraphs, then the tables."""
    facts = tuple(one for one in made[0].notes if one.key not in {"title", "addressee", "opening", "basis"})
    opening = [Paragraph(said=_same(sheet.opening))] if sheet.opening.strip() else []
    return Document(
        title=TITLE,
        trial=made[0].trial,
        blocks=(
            Paragraph(said=Said(f"{sheet.addressee} 様", f"To: {sheet.addressee}")),
            *opening,
            Facts(rows=facts),
            *(Paragraph(said=one) for one in sentences(found.provisions)),
            *(msgspec.structs.replace(one, notes=()) for one in made),
        ),
    )


def _same(text: str) -> Said:
    return Said(text, text)
