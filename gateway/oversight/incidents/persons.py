"""本人への通知の一覧: whose data was reached, by member code, once the reason is in the log.

The gateway keeps no codes; it keeps tags. So codes are given by whoever has the register (組合員名簿), and those whose
tag was reached are given back. The entry is in the log, with how many and the digest of the list, before anything is.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from gateway.core.dossier import Dossier
from gateway.core.identity import FEW, SALT, Chunk, Subject, commit, tagger
from gateway.core.incidents.incident import Scope
from gateway.core.plain_text import LONGEST_REASON, is_reason
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.scope import reach
from gateway.oversight.log.noting import note
from gateway.sheets.csv_sheet import sheet
from gateway.tlog.entries import Access, instant
from gateway.tlog.sets import chunks_of, commitment_of

LONGEST_CODE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """Who is to be told: codes, in the order of the register."""

    codes: tuple[str, ...] = field(repr=False)
    reached: int
    """Members that the log says were reached; more than `codes` where the register does not have them all."""
    erased: int
    """At most so many more, whose side rows are erased."""
    index: int
    """The entry that says who looked."""

    @property
    def missing(self) -> int:
        """Members reached that are not in the register."""
        return self.reached - len(self.codes)


async def persons(
    desk: OversightDesk, dossier: Dossier, counted: Scope, register: Iterable[str], *, by: str, reason: str
) -> Persons:
    """Return those of a register whose data was reached by the releases of a scope. Raises Refused, Unavailable."""
    if not is_reason(reason):
        raise Refused(
            "reason",
            f"一覧を見る理由を{LONGEST_REASON}字までで書いてください",
            f"say why you need the list, in up to {LONGEST_REASON} characters",
        )
    coop = dossier.coop
    found = await reach(desk, coop, counted.wanted, size=counted.size)
    ordinals = found.persons
    tags = set(await desk.reached.tags(coop, list(ordinals)))
    tag = tagger(desk.secrets(coop).subject, coop)
    codes = tuple(code for code in dict.fromkeys(register) if tag(code) in tags)
    index = await _note(desk, dossier, codes, by=by, reason=reason)
    return Persons(
        codes=codes, reached=len(ordinals), erased=sum(one.erased for one in found.groups.values()), index=index
    )


def as_csv(codes: Iterable[str]) -> bytes:
    """Return the list as CSV: UTF-8 with a mark, so that spreadsheets read it; leading zeros are as in the register."""
    return sheet([("組合員コード",), *((code,) for code in codes)])


def codes_in(text: str) -> Iterator[str]:
    """Yield the codes of a register that was typed or pasted: one a line, what follows a comma or tab left out."""
    for line in text.splitlines():
        code = line.replace("\t", ",").partition(",")[0].strip().strip('"').removeprefix("\ufeff")
        if 0 < len(code) <= LONGEST_CODE:
            yield code


async def _note(desk: OversightDesk, dossier: Dossier, codes: tuple[str, ...], *, by: str, reason: str) -> int:
    """Enter who looks at how many members, before they are shown; a commitment says whom. Raises Unavailable."""
    coop = dossier.coop
    tag = tagger(desk.secrets(coop).subject, coop)
    tags = [tag(code) for code in codes]
    subjects: tuple[Subject, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    if len(tags) <= FEW:
        subjects = tuple(Subject(one, os.urandom(SALT)) for one in tags)
        commitment = commit([one.tag for one in subjects], [one.salt for one in subjects])
    else:
        chunks = chunks_of(await desk.side_rows.ordinals(coop, tags), randomness=os.urandom)
        commitment = commitment_of(chunks)
    digest = sha256(as_csv(codes)).digest()
    said = Access(
        coop=coop,
        time=instant(desk.clock()),  # after what takes long for many members: the entry is to be committed at once
        look_up="incident",
        view=dossier.id,
        digest=rfc4648.encode(digest),
        members=len(codes),
        commitment=rfc4648.encode(commitment),
        by=by,
        reason=reason,
    )
    return await note(desk.log, coop, said, subjects=subjects, chunks=chunks)
