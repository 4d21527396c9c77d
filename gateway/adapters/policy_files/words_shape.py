"""What is said of a file that is not read, or whose members are not of their shape."""

from gateway.adapters.policy_files.finding import Words

_RULE = "policy-semantics"
_QUOTE = ('引用符で囲む: "{subject}"', 'quote it: `"{subject}"`')


def _words(ja: str, en: str, mend: tuple[str, str]) -> Words:
    return Words(_RULE, ja, en, *mend)


SHAPE: dict[str, Words] = {
    "unreadable": _words(
        "UTF-8 の本文として読めません",
        "the file cannot be read as UTF-8 text",
        ("UTF-8 で保存する", "save it as UTF-8"),
    ),
    "missing_file": _words("`{subject}` がありません", "`{subject}` is missing", ("ファイルを置く", "add the file")),
    "foreign_file": _words(
        "`{subject}` は方針のファイルではありません",
        "`{subject}` is no policy file",
        ("名前と置き場所を確かめるか、除く", "mind its name and folder, or remove it"),
    ),
    "no_archive": Words(
        "D-00",
        "公表文の保管 `{subject}` が読めません",
        "the archived text `{subject}` cannot be read",
        "公表した本文を UTF-8 のまま置く",
        "add the text as published, in UTF-8",
    ),
    "archive_changed": Words(
        "D-00",
        "保管した公表文 `{subject}` が記録した SHA-256 と違います",
        "the archived text `{subject}` differs from the recorded SHA-256",
        "本文を公表時のものに戻す。新しい本文なら新しい版とする",
        "restore the text as published; a new text is a new version",
    ),
    "misfiled": _words(
        "`{subject}` がファイルの置き場所 `{other}` と合いません",
        "`{subject}` does not agree with where the file stands, `{other}`",
        ("どちらかを直す", "correct one of the two"),
    ),
    "syntax": _words(
        "YAML として読めません: `{subject}`", "not YAML: `{subject}`", ("書き方を直す", "mend the syntax")
    ),
    "empty_file": _words("ファイルが空です", "the file is empty", ("内容を書くか、除く", "fill it or remove it")),
    "second_document": _words(
        "文書が二つあります", "a second document follows", ("一つのファイルに一つの文書", "keep one document in a file")
    ),
    "reference": _words(
        "参照 `{subject}` は使えません",
        "the reference `{subject}` is not read",
        ("書かれるべき内容をその場所に書く", "write out what it stands for"),
    ),
    "tag": _words("タグ `{subject}` は使えません", "the tag `{subject}` is not read", ("タグを除く", "remove the tag")),
    "too_deep": _words(
        "入れ子が {subject} 段を超えています", "nested deeper than {subject}", ("浅くする", "flatten it")
    ),
    "key_not_text": _words("キー `{subject}` が文字列ではありません", "the key `{subject}` is not text", _QUOTE),
    "duplicate_key": _words(
        "キー `{subject}` が二度あります", "the key `{subject}` stands twice", ("一つを除く", "remove one of them")
    ),
    "say_null": _words("値がありません", "the value is empty", ("null と書く", "write `null`")),
    "no_such_day": _words(
        "`{subject}` という日はありません", "`{subject}` is no day", ("日付を直す", "correct the date")
    ),
    "leading_zero": _words(
        "`{subject}` は 0 で始まるため数として読まれます",
        "`{subject}` begins with a zero and would be read as a number",
        _QUOTE,
    ),
    "bare_word": _words("`{subject}` は真偽値として読まれます", "`{subject}` would be read as true or false", _QUOTE),
    "bare_value": _words("`{subject}` は文字列として読まれません", "`{subject}` would not be read as text", _QUOTE),
    "text_meant": _words(
        "`{subject}` は文字列ですが、`{other}` と書かれています",
        "`{subject}` is text, but stands as bare `{other}`",
        ('引用符で囲む: "{other}"', 'quote it: `"{other}"`'),
    ),
    "unknown_key": _words(
        "キー `{subject}` は知られていません",
        "unknown key `{subject}`",
        ("つづりを確かめるか、除く", "mind its spelling, or remove it"),
    ),
    "missing_key": _words(
        "`{subject}` がありません", "`{subject}` is missing", ("`{subject}` を書く", "add `{subject}`")
    ),
    "wrong_type": _words("`{subject}` の型が違います", "`{subject}` has the wrong type", ("{other}", "write {other}")),
    "not_one_of": _words(
        "`{subject}` の値が選択肢にありません",
        "`{subject}` is none of its choices",
        ("次のいずれか: {other}", "choose one of {other}"),
    ),
    "wrong_form": _words(
        "`{subject}` の形式が違います", "`{subject}` has the wrong form", ("形式: {other}", "its form is {other}")
    ),
    "check_digit": _words(
        "`{subject}` は法人番号の検査数字に合いません",
        "`{subject}` fails the check digit of corporate numbers",
        ("番号を確かめる。不明なら null", "look the number up, or write `null`"),
    ),
    "no_such_instant": _words(
        "`{subject}` という時刻はありません", "`{subject}` is no instant", ("時刻を直す", "correct it")
    ),
    "days_reversed": _words(
        "`{subject}` の最後の日が最初の日より前です",
        "`{subject}` ends before it begins",
        ("日付を直す", "correct the dates"),
    ),
    "days_many": _words(
        "`{subject}` は{other}日までです",
        "`{subject}` is longer than {other} days",
        ("期間を短くする", "make it shorter"),
    ),
    "era_needed": _words(
        "`{subject}` の年号が要ります (wareki_yymmdd のときに限る)",
        "`{subject}` needs an era, with `wareki_yymmdd` alone",
        (
            "`form: wareki_yymmdd` には `era` を書き、ほかの書き方からは除く",
            "write `era` with `form: wareki_yymmdd`, and with no other form",
        ),
    ),
    "yes_and_no": _words(
        "`{subject}` の「はい」と「いいえ」が分かれていません",
        "`{subject}` does not tell yes from no",
        ("`true` と `false` の両方を、重ならないように書く", "write both `true` and `false`, with no value in both"),
    ),
    "fixed_columns": _words(
        "固定長の列 (`fixed`) と1件の長さ (`record`) は、`format: fixed` のときに、両方書きます",
        "`fixed` and `record` belong to `format: fixed`, both of them",
        ("二つとも書くか、二つとも除く", "write both, or remove both"),
    ),
    "fixed_outside": _words(
        "固定長の列が1件の長さ (`record`) を超えています",
        "a column lies beyond the length of a record (`record`)",
        ("`at` と `length` を、バイトで確かめる", "mind `at` and `length`, in bytes"),
    ),
    "csv_columns": _words(
        "列名は、見出しの行か `columns` のどちらか一方が決めます",
        "a file's columns are named by its first record or by `columns`, not by both or neither",
        (
            "見出しがあれば `columns` を除き、なければ `header: false` として `columns` を書く",
            "remove `columns`, or write them with `header: false`",
        ),
    ),
    "no_such_fact": _words(
        "`{subject}` に、その確認事項が取りえない値があります",
        "`{subject}` holds a value that its gate fact cannot have",
        (
            "docs/source-http.md の5.の形で書く。ないことは [] か null と書く",
            "write it as docs/source-http.md section 5 has it; none is `[]` or null",
        ),
    ),
    "two_places": _words(
        "`sql` と `file` の両方があります",
        "both `sql` and `file` are given",
        ("組合員を読むほうの一つを残す", "keep the one that members are read from"),
    ),
}
