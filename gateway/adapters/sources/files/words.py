"""What is wrong with a refused file and how to mend it, in both languages; `text` is the whole sentence."""

from collections.abc import Mapping
from typing import Final, Literal

from gateway.adapters.sources.files.refusal import Kind, Refusal

_WORDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "bom": (
        "UTF-8のBOMで始まっていますが、`encoding` は cp932 です。書き出しの文字コードか `encoding` を合わせてください",
        "it begins with UTF-8's BOM, but `encoding` is cp932; make the export or `encoding` agree",
    ),
    "changing": (
        "読む間に変わりました。別の場所に書き終えてから、名前を変えて置いてください",
        "it changed while it was read; write it elsewhere, then rename it into the folder",
    ),
    "characters": (
        "宣言された文字コードでは読めないバイトがあります。書き出しの文字コードを確かめてください",
        "there are bytes that the declared encoding does not have; check the encoding of the export",
    ),
    "columns_missing": (
        "必要な列がありません: {columns}。列名が変わったなら、書き出しか source.yaml を直してください",
        "columns that are needed are not in it: {columns}; where one was renamed, mend the export or source.yaml",
    ),
    "columns_twice": (
        "見出しに、同じ列名か空の列名があります(左から{expected}列目)。列名を一つずつにしてください",
        "a column's name stands twice in the header, or is empty (number {expected} from the left); name each one once",
    ),
    "count": (
        "トレーラーの件数は{expected}件ですが、組合員の記録は{found}件です。書き出しをやり直してください",
        "the trailer says {expected} records, there are {found}; export it again",
    ),
    "cut": (
        "列の境目が文字の途中にあります。`fixed` の位置と長さは、文字コードのバイト数です",
        "a column cuts a character in two; places and lengths in `fixed` are bytes of the encoding",
    ),
    "code_empty": ("組合員コードが空です", "the member code is empty"),
    "code_long": ("組合員コードが64バイトを超えています", "the member code is longer than 64 bytes"),
    "code_twice": (
        "同じ組合員コードが2件あります。どちらが正しいか分からないので、1件にしてください",
        "two records have the same member code; nobody can tell which is true, keep one",
    ),
    "code_unreadable": (
        "組合員コードを読めません。文字列で、source.yaml の書き方のとおりに書き出してください",
        "the member code cannot be read; export it as text, and as source.yaml says",
    ),
    "empty": (
        "組合員の記録がありません。書き出しが始めで止まっていないか確かめてください",
        "there is no member's record in it; check whether the export stopped at its beginning",
    ),
    "end": (
        "最後の行が改行で終わっていません。途中で切れたものと区別できないので、改行まで書くか、トレーラーを付けてください",
        "the last line does not end with a line end, so that nobody can tell whether it was cut; write one, or a trailer",
    ),
    "end_missing": (
        "トレーラーの後にエンドレコードがありません。途中で切れていないか確かめてください",
        "the record behind the trailer is missing; check whether it was cut",
    ),
    "fields": (
        "列の数が違います({expected}列のはずが{found}列)。区切りや引用符を確かめてください",
        "it has {found} columns rather than {expected}; check delimiters and quotation marks",
    ),
    "heading_again": (
        "見出しのレコードが先頭以外にもあります。ファイルをつなげていないか確かめてください",
        "there is a heading record that is not the first; check whether files were joined",
    ),
    "heading_missing": ("先頭が見出しのレコードではありません", "the first record is no heading record"),
    "length": (
        "レコードの長さが{expected}バイトではありません。途中で切れていないか確かめてください",
        "a record is not {expected} bytes long; check whether it was cut",
    ),
    "lied": (
        "ファイル自身は{expected}行と言いますが、{found}行です。書き出しをやり直してください",
        "the file says of itself that it has {expected} rows, it has {found}; export it again",
    ),
    "long": (
        "1件が長すぎます(1 MiBまで。CSVの1項目は131,072字まで)",
        "a record is too long (1 MiB at most; one field of CSV 131,072 characters)",
    ),
    "nul": ("NUL(0のバイト)があります", "there is a NUL byte"),
    "parquet": (
        "Parquetとして読めません。途中で切れたか、壊れています。書き出しをやり直してください",
        "it cannot be read as Parquet; it was cut or is broken, export it again",
    ),
    "quotes": (
        "引用符か改行の使い方が正しくありません(RFC 4180)",
        "a quotation mark or a line break stands where RFC 4180 has none",
    ),
    "row_group": (
        "行グループが大きすぎます(広げて{expected} MiBまで)。10万行ほどに分けて書き出してください",
        "a row group is too large (at most {expected} MiB unpacked); write groups of about 100,000 rows",
    ),
    "sum": (
        "トレーラーの合計が合いません: {columns}。書き出しをやり直してください",
        "a total in the trailer does not agree: {columns}; export it again",
    ),
    "sum_unreadable": (
        "合計する列が整数ではありません: {columns}",
        "a column that is summed up is no whole number: {columns}",
    ),
    "total_unreadable": (
        "トレーラーの件数か合計が数字ではありません。位置を確かめてください",
        "the count or a total in the trailer is no number; check where it stands",
    ),
    "trailer_after": (
        "トレーラーの後に記録があります。ファイルをつなげていないか確かめてください",
        "there are records after the trailer; check whether files were joined",
    ),
    "trailer_missing": (
        "トレーラーで終わっていません。途中で切れていないか確かめてください",
        "it does not end with a trailer; check whether it was cut",
    ),
    "trailer_parquet": (
        "Parquetにトレーラーはありません。source.yaml の `trailer` を除いてください",
        "Parquet has no trailer; take `trailer` out of source.yaml",
    ),
    "utf8_inside": (
        "`encoding` は cp932 ですが、UTF-8の行が混ざっています",
        "`encoding` is cp932, but there is a line of UTF-8",
    ),
}
_SHOWN: Final = 10


def text(refusal: Refusal, lang: Literal["ja", "en"]) -> str:
    """Return the sentence for a person: the file, the records, what is wrong, how to mend it."""
    ja, en = _WORDS[refusal.kind]
    said = (en if lang == "en" else ja).format(
        columns=", ".join(refusal.columns), expected=refusal.expected, found=refusal.found
    )
    return f"{refusal.file}{_where(refusal.records, lang)}: {said}"


def _where(records: tuple[int, ...], lang: Literal["ja", "en"]) -> str:
    if not records:
        return ""
    numbers = ", ".join(map(str, records[:_SHOWN])) + (", …" if len(records) > _SHOWN else "")
    return f" {numbers}件目" if lang == "ja" else f", record {numbers}"
