"""What is said of a map to the member system that reads nothing, or that grants ask more of."""

from gateway.adapters.policy_files.finding import Words

_PS = "policy-semantics"

SOURCE: dict[str, Words] = {
    "unread_column": Words(
        _PS,
        "列 `{subject}` を読むものがありません",
        "nothing reads the column `{subject}`",
        "列名のつづりを確かめるか、除く",
        "mind the column's name, or remove it",
    ),
    "no_such_column": Words(
        _PS,
        "列 `{subject}` は読まれますが、ファイルの列の並びにありません",
        "the column `{subject}` is read, and is not among the file's columns",
        "`file` の列に加えるか、`columns`・`facts`・`constants` で対応を直す",
        "list it in `file`, or mend `columns`, `facts` or `constants`",
    ),
    "product_unmapped": Words(
        _PS,
        "提供範囲 `{other}` が商品・サービスの範囲 `{subject}` を使いますが、基幹システムのどの列か分かりません",
        "the grant `{other}` uses the product class `{subject}`, and no column of the member system is named for it",
        "source.yaml の `sql` か `file` の `products` に `{subject}` の列を書く",
        "name the column of `{subject}` under `products` of `sql` or `file` in source.yaml",
    ),
    "filter_unmapped": Words(
        _PS,
        "提供範囲 `{other}` が `{subject}` で絞り込みますが、基幹システムのどの列か分かりません",
        "the grant `{other}` filters by `{subject}`, and no column of the member system is named for it",
        "source.yaml の `sql` か `file` の `filters` に `{subject}` の列を書く",
        "name the column of `{subject}` under `filters` of `sql` or `file` in source.yaml",
    ),
}
