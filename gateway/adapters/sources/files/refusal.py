"""Why a file is refused whole: the file, the kind of fault, and where; never what stands there."""

from typing import Literal

import msgspec

Kind = Literal[
    "bom",
    "changing",
    "characters",
    "columns_missing",
    "columns_twice",
    "count",
    "cut",
    "code_empty",
    "code_long",
    "code_twice",
    "code_unreadable",
    "empty",
    "end",
    "end_missing",
    "fields",
    "heading_again",
    "heading_missing",
    "length",
    "lied",
    "long",
    "nul",
    "parquet",
    "quotes",
    "row_group",
    "sum",
    "sum_unreadable",
    "total_unreadable",
    "trailer_after",
    "trailer_missing",
    "trailer_parquet",
    "utf8_inside",
]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was refused, with what a person needs to mend it."""

    file: str
    """Its name, without the folder."""
    kind: Kind
    records: tuple[int, ...] = ()
    """The records at fault, from 1 as an editor counts lines; of Parquet the rows. Those known, not necessarily all."""
    columns: tuple[str, ...] = ()
    """Columns that were asked for or configured; never a name that stands in the file alone."""
    expected: int | None = None
    found: int | None = None


class FileRefused(Exception):
    """A file that is not as the interface has it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"`{refusal.file}`: {refusal.kind}")
        self.refusal = refusal
