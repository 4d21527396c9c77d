"""The fonts that documents are set in: found in the usual folders, and known by the characters that they have.

A file says in its table `cmap` which characters it has a shape for (ISO/IEC 14496-22 §5.2.1: formats 4 and 12). Whoever
sets a text asks here first, so that no character becomes an empty box.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import typst

from gateway.core.refused import Refused

PROBE: Final = "あア亜髙﨑邊"
"""What a Japanese font has; cp932 has it too. 𠮷 and its like are in fewer fonts, and a second font may help out."""
USUAL: Final = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)
PREFERRED: Final = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "BIZ UDGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
)
"""Sans serif and upright, the one with the most characters first."""
AT_MOST: Final = 3
_REGULAR: Final = 400


class FontsMissing(Refused):
    """No font with Japanese characters is there: no document is made, rather than one of empty boxes."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        named = ", ".join(map(str, folders))
        super().__init__(
            "fonts",
            f"日本語の書体が見つかりません({named})。"
            "サーバーに fonts-noto-cjk を入れる(apt-get install fonts-noto-cjk)か、"
            "書体のあるフォルダーを GATEWAY_FONTS に指定してください",
            f"no Japanese font was found ({named}); install fonts-noto-cjk on the server "
            "(apt-get install fonts-noto-cjk), or name the folder with the fonts in GATEWAY_FONTS",
        )


class Coverage:
    """The characters that a font has, as sorted ranges."""

    def __init__(self, ranges: Iterator[tuple[int, int]]) -> None:
        found = sorted(ranges)
        self._starts = [start for start, _ in found]
        self._ends = [end for _, end in found]

    def __contains__(self, character: str) -> bool:
        """Tell whether a character has a shape."""
        code = ord(character)
        at = bisect_right(self._starts, code) - 1
        return at >= 0 and code <= self._ends[at]


class Lettering:
    """The fonts of a document, the first for whatever it has, the others for what it lacks."""

    def __init__(self, loaded: typst.Fonts, families: tuple[str, ...], coverages: tuple[Coverage, ...]) -> None:
        self.loaded = loaded
        self.families = families
        self._coverages = coverages

    def covers(self, character: str) -> bool:
        """Tell whether one of the fonts has a character."""
        return any(character in one for one in self._coverages)


@cache
def lettering(folder: Path | None = None) -> Lettering:
    """Return the fonts of a folder, None: of the usual ones. Reads font files, once. Raises FontsMissing."""
    folders = tuple(one.expanduser() for one in (USUAL if folder is None else (folder,)))
    loaded = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(one) for one in folders if one.is_dir()],
    )
    upright = {
        font.family: font
        for font in sorted(loaded.fonts(), key=lambda font: (font.path or "", font.index), reverse=True)
        if font.style == "normal" and font.weight == _REGULAR and font.path is not None
    }
    known = [family for family in PREFERRED if family in upright]
    chosen: list[tuple[str, Coverage]] = []
    for family in (*known, *sorted(set(upright) - set(known))):
        if len(chosen) == AT_MOST or (chosen and family not in known):
            break
        font = upright[family]
        coverage = coverage_of(Path(font.path or ""), font.index)
        if all(character in coverage for character in PROBE):
            chosen.append((family, coverage))
    if not chosen:
        raise FontsMissing(folders)
    return Lettering(loaded, tuple(family for family, _ in chosen), tuple(coverage for _, coverage in chosen))


def coverage_of(path: Path, index: int = 0) -> Coverage:
    """Return the characters that a font file has; none where it cannot be read as one. `index`: of a collection."""
    try:
        with path.open("rb") as file:

            def read(at: int, size: int) -> bytes:
                file.seek(at)
                return file.read(size)

            start = 0
            if read(0, 4) == b"ttcf":
                (start,) = struct.unpack(">I", read(12 + 4 * index, 4))
            (count,) = struct.unpack(">H", read(start + 4, 2))
            tables = read(start + 12, 16 * count)
            for at in range(0, len(tables), 16):
                tag, _, offset, length = struct.unpack(">4sIII", tables[at : at + 16])
                if tag == b"cmap":
                    return Coverage(_characters(read(offset, length)))
    except (OSError, struct.error):
        pass
    return Coverage(iter(()))


def _characters(cmap: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges of the widest Unicode table of a `cmap`."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    offsets = [struct.unpack_from(">HHI", cmap, 4 + 8 * at) for at in range(count)]
    by_format = {
        struct.unpack_from(">H", cmap, offset)[0]: offset
        for platform, _, offset in offsets
        if platform in {0, 3}  # Unicode, and Windows
    }
    if 12 in by_format:
        at = by_format[12]
        (groups,) = struct.unpack_from(">I", cmap, at + 12)
        for start, end, glyph in struct.iter_unpack(">III", cmap[at + 16 : at + 16 + 12 * groups]):
            yield start + (glyph == 0), end
    elif 4 in by_format:
        yield from _format_4(cmap, by_format[4])


def _format_4(cmap: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield a range for each character of segments: some of them may have no glyph."""
    double = struct.unpack_from(">H", cmap, at + 6)[0]
    for segment in range(0, double, 2):
        (end,) = struct.unpack_from(">H", cmap, at + 14 + segment)
        (start,) = struct.unpack_from(">H", cmap, at + 16 + double + segment)
        (delta,) = struct.unpack_from(">H", cmap, at + 16 + 2 * double + segment)
        place = at + 16 + 3 * double + segment
        (offset,) = struct.unpack_from(">H", cmap, place)
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", cmap, place + offset + 2 * (code - start))
            if glyph and (glyph + delta) & 0xFFFF:
                yield code, code
