"""A PDF as a reader of it has it: its text, where each letter stands, and which fonts it brings along."""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from pdfminer.converter import PDFPageAggregator
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1


class Letter(NamedTuple):
    """One glyph as drawn: its text, its number in the font (0: there is none), and its box in points."""

    text: str
    glyph: int
    left: float
    bottom: float
    right: float
    top: float


class Sheet(NamedTuple):
    """One page."""

    width: float
    height: float
    letters: list[Letter]

    @property
    def text(self) -> str:
        """Its letters in the order in which they were written, without spaces: however the lines were broken."""
        return "".join("".join(letter.text.split()) for letter in self.letters)


class _Device(PDFPageAggregator):
    def __init__(self, resources: PDFResourceManager) -> None:
        super().__init__(resources, laparams=None)
        self.letters: list[Letter] = []

    def render_char(self, matrix: Any, font: Any, *args: Any, **more: Any) -> float:
        cid = args[3] if len(args) > 3 else more["cid"]
        advance = super().render_char(matrix, font, *args, **more)
        drawn: Any = self.cur_item._objs[-1]
        # A mark that is written with the letter before it has no text of its own: it is in that letter's.
        text = "" if drawn.get_text().startswith("(cid:") else drawn.get_text().replace("\u200b", "")
        self.letters.append(Letter(text, cid, *drawn.bbox))
        return advance


def sheets(pdf: bytes) -> list[Sheet]:
    """The pages of a document."""
    found = []
    resources = PDFResourceManager()
    for page in PDFPage.get_pages(io.BytesIO(pdf)):
        device = _Device(resources)
        PDFPageInterpreter(resources, device).process_page(page)
        _, _, width, height = page.mediabox
        found.append(Sheet(float(width), float(height), device.letters))
    return found


def text_of(pdf: bytes) -> str:
    """Everything a document says, in the order in which it was written, without spaces."""
    return "".join(page.text for page in sheets(pdf))


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Font → whether its shapes are in the document."""
    return dict(_fonts(pdf))


def _fonts(pdf: bytes) -> Iterator[tuple[str, bool]]:
    for page in PDFPage.create_pages(PDFDocument(PDFParser(io.BytesIO(pdf)))):
        for reference in (resolve1(page.resources.get("Font")) or {}).values():
            font = resolve1(reference)
            for each in resolve1(font.get("DescendantFonts")) or [font]:
                described = resolve1(resolve1(each)["FontDescriptor"])
                embedded = any(f"FontFile{ending}" in described for ending in ("", "2", "3"))
                yield str(resolve1(font["BaseFont"]).name), embedded
