"""What a diagnostic of a member system means and how to mend it, in Japanese; the diagnostics themselves are English.

They are those of docs/source-sql.md §7, docs/source-files.md and docs/source-http.md; no text here or there has a value.
"""

from typing import Final

_MENDS: Final[tuple[tuple[str, str], ...]] = (
    ("has no view", "ビューがないか、見る権限がありません。ビューの名前、スキーマの USAGE、検索パスを確かめてください"),
    ("holds values that are no text", "組合員コードの列が文字ではありません。ビューで文字の型にしてください"),
    ("holds no text: a code", "組合員コードの列が文字ではありません。ビューで文字の型にしてください"),
    (
        "cast it in the view",
        "列の型が違います。ビューで型を直す(CAST)か、source.yaml の values に読み方を書いてください",
    ),
    ("out of order", "組合員コードの順序が違います。列を文字コードの順の照合順序にしてください"),
    ("source.yaml has no `sql`", "source.yaml に sql がありません。ビューの名前を書いてください"),
    ("source.yaml has no `file`", "source.yaml に file がありません。ファイルの形を書いてください"),
    ("has no column", "列がありません。ビューかファイル、または source.yaml の列名を直してください"),
    ("there is no file", "フォルダにファイルがありません。名前が source.yaml の pattern に合うか確かめてください"),
    ("cannot be read", "フォルダかファイルを読めません。場所と権限を確かめてください"),
    ("changes while", "読む間にファイルが変わりました。別の場所に書き終えてから、名前を変えて置いてください"),
    ("in time", "時間内に答えがありません。索引と、組合員システムの負荷を確かめてください"),
    ("cannot be reached", "データベースにつながりません。アドレス、起動の状態、接続の権限を確かめてください"),
    ("database failed", "データベースが答えません。ファイルやビューがあるか、読む権限があるか確かめてください"),
    (
        "refused the question",
        "データベースが問いを断りました。読取りの権限と、ビューが値を変換できるかを確かめてください",
    ),
    ("the member system", "組合員システムが約束どおりに答えません。動いているか、答えの形を確かめてください"),
)
"""Part of a diagnostic → what it means; the first that is found counts."""


def mend(diagnostic: str) -> str | None:
    """Return what a diagnostic means, in Japanese; None for one that is not of a member system."""
    return next((ja for part, ja in _MENDS if part in diagnostic), None)
