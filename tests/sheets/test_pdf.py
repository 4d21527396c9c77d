"""Documents on paper: every character has its shape, nothing is cut off, nothing said is code, the same bytes twice."""

import itertools
import shutil
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.core.refused import Refused
from gateway.sheets.fonts import PROBE, FontsMissing, coverage_of, lettering
from gateway.sheets.pdf import MOST_CELLS, Document, Facts, Heading, Paragraph, as_pdf, printed
from gateway.sheets.tables import Column, Note, Said, Table
from tests.paper import Letter, fonts_of, sheets, text_of

NAMES = "髙﨑𠮷邊 渡邊 ㈱① ﾃﾞﾘ Ōta"
HOSTILE = (
    '#panic("x")',
    "$x^2$ *bold* _it_ `raw` @ref <label> // note /* note */",
    '#import "/etc/passwd": x',
    '#read("/etc/hostname")',
    "]) #sys.inputs (\\u{41} \\ ~ -- --- ... ' \" = heading",
    "=1+1",
)
DIGEST = "0123456789abcdef" * 4
IPA = Path("/usr/share/fonts/opentype/ipafont-gothic")


def said(text: str) -> Said:
    return Said(text, text)


def table(*rows: tuple[str | int | date | None, ...], titles: tuple[str, ...] = (), title: str = "一覧") -> Table:
    columns = titles or tuple(f"列{at}" for at in range(len(rows[0])))
    return Table(
        key="list",
        title=said(title),
        columns=tuple(
            Column(key=str(at), title=said(one), kind="number" if isinstance(rows[0][at], int) else "text")
            for at, one in enumerate(columns)
        ),
        rows=rows,
    )


def test_names_come_back_as_they_were_written_and_every_character_has_its_shape():
    made = as_pdf([table((NAMES, 1234567), ("公", 0))])
    assert NAMES.replace(" ", "") in text_of(made)
    assert "1,234,567" in text_of(made)
    assert {letter.glyph for page in sheets(made) for letter in page.letters} & {0} == set()
    assert fonts_of(made)
    assert all(fonts_of(made).values())


def test_whatever_a_cell_says_is_text():
    made = as_pdf([table(*((one, 1) for one in HOSTILE), title=HOSTILE[0])])
    found = text_of(made)
    for one in HOSTILE:
        assert "".join(one.split()) in found


def test_a_character_of_no_font_is_written_as_its_number():
    made = as_pdf([table(("外字\ue001と\u202e逆\u0007",))])
    assert "外字[U+E001]と[U+202E]逆[U+0007]" in text_of(made)
    assert all(letter.glyph for page in sheets(made) for letter in page.letters)


@pytest.mark.parametrize("count", [2, 9])
def test_no_letter_leaves_its_page_or_its_column(count: int):
    signs = (
        "W" * 90,
        DIGEST,
        "ー" * 90,
        "長い説明が続きます。" * 20,
        "。、」" * 40,
        "@%&M" * 20,
        "kyoritsusha-sunnet-01",
    )
    rows = tuple(tuple(signs[(at + down) % len(signs)] for at in range(count)) for down in range(9))
    made = as_pdf(
        [table(*rows, titles=tuple("WWWWWWWWWWWWWWWWWWWW" if at % 2 else f"見出し{at}" for at in range(count)))]
    )
    pages = sheets(made)
    for page in pages:
        assert sorted((page.width, page.height)) == pytest.approx([595.28, 841.89], abs=1)
        assert all(
            letter.left >= 40
            and letter.right <= page.width - 40
            and letter.bottom >= 20
            and letter.top <= page.height - 20
            for letter in page.letters
        )
        assert not overlapping(page.letters)
    # Whatever is said is there, however it was broken.
    assert all(one in "".join(page.text for page in pages) for one in ("W" * 20, "kyoritsusha-sunnet-01"))


def overlapping(letters) -> list[tuple[str, str]]:
    """Letters of one line that stand on one another by more than a hair."""
    found = []
    lines: dict[float, list[Letter]] = {}
    for one in letters:
        lines.setdefault(round(one.bottom, 1), []).append(one)
    for line in lines.values():
        line.sort(key=lambda one: one.left)
        found += [
            (one.text, after.text)
            for one, after in itertools.pairwise(line)
            if after.left < one.right - 1.5 and one.text.strip() and after.text.strip()
        ]
    return found


def test_a_long_table_repeats_its_headings_and_counts_its_pages():
    made = as_pdf([table(*((f"行{at}", at) for at in range(200)), titles=("名称の見出し", "件数"))])
    pages = sheets(made)
    assert len(pages) > 2
    for at, page in enumerate(pages, 1):
        assert "名称の見出し" in page.text
        assert page.text.endswith(f"{at}/{len(pages)}")
        assert "一覧" in page.text


def test_a_page_lies_across_where_its_table_is_wide():
    narrow, wide = as_pdf([table(("甲", 1))]), as_pdf([table(tuple("長い言葉が並ぶ列" for _ in range(12)))])
    assert sheets(narrow)[0].width < sheets(narrow)[0].height
    assert sheets(wide)[0].width > sheets(wide)[0].height
    upright = printed(Document(title=said("題"), blocks=(table(("甲",) * 9),), wide=False))
    assert sheets(upright)[0].width < sheets(upright)[0].height


def test_test_data_is_marked_on_every_page():
    rows = tuple((f"行{at}", at) for at in range(120))
    made = as_pdf([replace(table(*rows), trial=True)])
    assert all("【試験】" in page.text for page in sheets(made))
    assert "【試験】" not in text_of(as_pdf([table(*rows)]))


def test_a_document_says_its_blocks_in_their_order_and_its_language():
    document = Document(
        title=Said("回答書", "Answer"),
        blocks=(
            Paragraph(said=Said("一行目\n二行目", "first line\nsecond line")),
            Heading(said=Said("提供の記録", "Provisions")),
            Facts(rows=(Note(key="at", title=Said("時点", "as of"), said=date(2026, 11, 22)),)),
            replace(table(("甲", 1)), rows=()),
        ),
    )
    japanese = text_of(printed(document))
    places = [japanese.index(one) for one in ("回答書", "一行目二行目", "提供の記録", "時点2026-11-22", "(該当なし)")]
    assert places == sorted(places)
    english = text_of(printed(document, lang="en"))
    assert "firstline" in english
    assert "(none)" in english


def test_the_same_document_makes_the_same_bytes_and_says_no_time():
    made = [as_pdf([table((NAMES, DIGEST, 1))]) for _ in range(2)]
    assert made[0] == made[1]
    assert b"CreationDate" not in made[0]
    assert b"ModDate" not in made[0]
    assert as_pdf([table((NAMES, DIGEST, 2))]) != made[0]


def test_more_cells_than_a_document_takes_are_refused_with_another_way():
    with pytest.raises(Refused, match="CSV"):
        as_pdf([table(*((at, at) for at in range(MOST_CELLS // 2 + 1)))])


def test_a_folder_without_japanese_fonts_is_refused_with_what_to_install(tmp_path: Path):
    with pytest.raises(FontsMissing, match="fonts-noto-cjk") as refusal:
        as_pdf([table(("甲",))], fonts=tmp_path)
    assert str(tmp_path) in str(refusal.value)
    (tmp_path / "broken.ttf").write_bytes(b"\x00\x01\x00\x00 no font")
    with pytest.raises(FontsMissing):
        lettering(tmp_path / "nowhere")


def test_the_fonts_of_a_folder_alone_are_used_and_what_they_lack_is_spelt(tmp_path: Path):
    shutil.copy(IPA / "ipag.ttf", tmp_path)
    made = as_pdf([table(("髙﨑𠮷邊",))], fonts=tmp_path)
    assert "髙﨑[U+20BB7]邊" in text_of(made)
    assert all("IPAGothic" in name for name in fonts_of(made))


def test_what_a_font_has_is_read_from_its_own_table():
    japanese = coverage_of(IPA / "ipag.ttf")
    assert all(one in japanese for one in PROBE)
    assert "𠮷" not in japanese
    assert "\ue001" not in japanese
    western = coverage_of(Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"))
    assert "あ" not in western
