"""共立社's files with a second version of its notice: its archived text, its words, and what a test changes in it."""

import hashlib
from datetime import date

FIRST, SECOND = "2022-04-01", "2026-12-01"
FOLDER = "policies/kyoritsusha"
NOTICE, TEXT = f"{FOLDER}/notices/{SECOND}.yaml", f"{FOLDER}/source/{SECOND}.txt"
PUBLISHED = "published: {from: 2022-04-01, to: null}"
RENAMED = ("text: 代表理事 渡邊 一弥, from: 2022-04-01", "text: 代表理事 佐藤 次, from: 2026-11-01")
ADDED = ("    I8: {label: その他の属性情報", "    I12: {label: 勤務先}\n    I8: {label: その他の属性情報")


def two_versions(
    files: dict[str, str], *changes: tuple[str, str], published: date = date(2026, 11, 20)
) -> dict[str, str]:
    """Return the files with a version that takes effect on 1 December; each change replaces a text of its file.

    Whatever the changes say is added to the archived text, so that it is quoted from there.
    """
    old, text = files[f"{FOLDER}/notices/{FIRST}.yaml"], files[f"{FOLDER}/source/{FIRST}.txt"]
    text += "2026年 12月 1日 改訂\n" + "\n".join(new for _, new in changes) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    new = old
    for was, now in (
        (f'version: "{FIRST}"\nclause', f'version: "{SECOND}"\nclause'),
        ("effective: {from: 2022-04-01", f"effective: {{from: {SECOND}"),
        (PUBLISHED, f"published: {{from: {published}, to: null}}"),
        (f"source/{FIRST}.txt\n  url", f"source/{SECOND}.txt\n  url"),
        ("sha256: fdbbfa61d0ddac41b10c14afde8238c18a694c5556d439e857c48bf3a56d2cca", f"sha256: {digest}"),
        (
            "applies_to:\n",
            f'  - {{version: "{SECOND}", act: 改訂, quote: "2026年 12月 1日 改訂", text: held}}\n\napplies_to:\n',
        ),
        *changes,
    ):
        assert new.count(was) == 1, was
        new = new.replace(was, now)
    return {**files, NOTICE: new, TEXT: text}
