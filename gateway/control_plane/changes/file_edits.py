"""One file of a draft edited as text, added or taken out; what nobody edited stays byte for byte.

A form sends every line's end as CRLF and no mark at the beginning, so a line that stands as it stood keeps its own end,
the others take the end that most lines of the file have, and the mark (BOM) stays where it was.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Final

from gateway.core.refused import Refused
from gateway.ports import Files, PolicyFiles

MOST: Final = 256 * 1024
"""Bytes of a file, in UTF-8, that may be edited in a form: percent-encoded it stays within the form's limit."""
LONGEST_NAME: Final = 150
"""Characters of a file's name: percent-encoded it fits into a URL."""

_BOM: Final = "\ufeff"
_END: Final = re.compile(r"\r\n|\r|\n")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def typed_text(text: str) -> str:
    """Return a file's text as an input field shows it: without the mark, lines ended by line feeds."""
    return _END.sub("\n", text.removeprefix(_BOM))


def in_a_form(text: str) -> bool:
    """Tell whether a file can be edited in a form: not too long, and no control character that a form cannot send."""
    return len(text.encode()) <= MOST and not _CONTROLS.search(text)


def edited(files: Files, name: str, typed: str) -> Files:
    """Return the files with one that says what was typed. Raises Refused where that is too long, KeyError for no such."""
    _check_length(typed)
    return {**files, name: kept_ends(files[name], typed)}


def added(files: Files, name: str, typed: str, *, policy_files: PolicyFiles, coop: str) -> Files:
    """Return the files with one more, its lines ended by line feeds. Raises Refused for a name that cannot stand there."""
    if len(name) > LONGEST_NAME or not policy_files.belongs(name, coop):
        raise Refused(
            "file:name",
            f"`{name[:LONGEST_NAME]}` という名前のファイルは置けません。policies/{coop}/ か partners/ の中の名前を{LONGEST_NAME}字"
            "までで入れてください(隠しファイル、控え、.. は使えません)",
            f"no file can be called `{name[:LONGEST_NAME]}`: name one within policies/{coop}/ or partners/, in at most "
            f"{LONGEST_NAME} characters, neither hidden nor an editor's copy, without `..`",
        )
    if name in files:
        raise Refused(
            "file:exists",
            f"{name} はもうあります。一覧から開いて編集してください",
            f"there is {name} already; open it from the list and edit it",
        )
    within = {parent.as_posix() for parent in PurePosixPath(name).parents}
    if within & files.keys() or any(
        name == parent.as_posix() for one in files for parent in PurePosixPath(one).parents
    ):
        raise Refused(
            "file:folder",
            f"{name} は置けません。同じ名前のフォルダーかファイルがあります。別の名前にしてください",
            f"{name} cannot stand there, for a folder and a file would have one name; choose another",
        )
    _check_length(typed)
    return {**files, name: _END.sub("\n", typed)}


def removed(files: Files, name: str) -> Files:
    """Return the files without one. Raises KeyError for no such."""
    if name not in files:
        raise KeyError(name)
    return {other: text for other, text in files.items() if other != name}


def kept_ends(before: str, typed: str) -> str:
    """Return what was typed with the line ends of the text before: what was not edited is what it was, byte for byte."""
    mark = _BOM if before.startswith(_BOM) else ""
    old, new = list(_lines(before.removeprefix(_BOM))), list(_lines(typed))
    usual = Counter(end for _, end in old[:-1] or [("", "\n")]).most_common(1)[0][0]
    stood = _same([line for line, _ in old], [line for line, _ in new])
    # The last line has no end. Where it stands on one side alone, its end is typed or taken out.
    ends = [end and ((old[stood[at]][1] if at in stood else "") or usual) for at, (_, end) in enumerate(new)]
    return mark + "".join(line + end for (line, _), end in zip(new, ends, strict=True))


def _same(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Return which new lines are which old ones, or are typed in their place; one to one, by their positions."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    found = {at: at for at in range(head)} | {len(new) - 1 - at: len(old) - 1 - at for at in range(tail)}
    between = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    for _, start, stop, at, end in between.get_opcodes():
        if stop - start == end - at:
            found |= {head + at + step: head + start + step for step in range(end - at)}
    return found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield every line and its end; the last one has none."""
    at = 0
    for found in _END.finditer(text):
        yield text[at : found.start()], found[0]
        at = found.end()
    yield text[at:], ""


def _check_length(typed: str) -> None:
    # A form's CRLF is one byte of the file again.
    if len(typed_text(typed).encode()) > MOST:
        raise Refused(
            "file:too_long",
            f"ファイルが長すぎます(画面で編集できるのは{MOST // 1024} KiB まで)。分けるか、コマンドの gateway policy amend を使ってください",
            f"the file is too long, for at most {MOST // 1024} KiB are edited here; divide it, or use gateway policy amend",
        )
