"""What a form sends of a file becomes the file again: byte for byte where nothing was edited, with its own ends elsewhere."""

import pytest
from hypothesis import given, strategies as st

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.changes.file_diff import signs
from gateway.control_plane.changes.file_edits import MOST, added, edited, in_a_form, kept_ends, removed, typed_text
from gateway.core.refused import Refused

COOP = "kyoritsusha"
NAME = f"policies/{COOP}/notes/a.md"
LINES = st.lists(st.tuples(st.sampled_from(["", "a", "b", "語"]), st.sampled_from(["\n", "\r\n", "\r"])), max_size=12)


def as_sent(shown: str) -> str:
    """What a browser sends of what a text area shows."""
    return shown.replace("\n", "\r\n")


def together(lines: list[tuple[str, str]], last: str) -> str:
    return "".join(line + end for line, end in lines) + last


@given(lines=LINES, last=st.sampled_from(["", "z"]), mark=st.sampled_from(["", "\ufeff"]))
def test_what_is_sent_as_it_was_shown_is_the_file_byte_for_byte(lines, last, mark):
    text = mark + together(lines, last)
    assert kept_ends(text, as_sent(typed_text(text))) == text


@given(before=LINES, after=LINES, edit=st.lists(st.sampled_from(["x", "y"]), max_size=3))
def test_lines_around_an_edit_keep_their_ends_and_the_edit_says_what_was_typed(before, after, edit):
    # CR and LF of two lines would be one end.
    head, tail = together(before, "") + "head\n", together([("tail", "\r\n"), *after], "")
    typed = typed_text(head) + "".join(f"{line}\n" for line in edit) + typed_text(tail)
    now = kept_ends(f"{head}middle\n{tail}", as_sent(typed))
    assert now.startswith(head)
    assert now.endswith(tail)
    assert typed_text(now) == typed


def test_the_end_of_the_last_line_is_typed_and_taken_out():
    assert kept_ends("a\r\nb", "a\r\nb\r\n") == "a\r\nb\r\n"
    assert kept_ends("a\r\nb\r\n", "a\r\nb") == "a\r\nb"
    assert kept_ends("a\nb\r\n", "a\r\nb") == "a\nb"
    assert kept_ends("", "a\r\n") == "a\n"
    assert kept_ends("a\n", "") == ""


def test_a_long_file_of_equal_lines_is_edited_in_good_time():
    text = "\r\n" + "\n" * (MOST - 2)
    assert kept_ends(text, as_sent("\n" * (MOST // 2) + "a" + "\n" * (MOST // 3))).startswith("\r\n\n")


def test_what_a_form_cannot_carry_is_told():
    assert in_a_form("語\t\r\n" * 10)
    assert not in_a_form("a\x00")
    assert not in_a_form("語" * (MOST // 3 + 1))
    with pytest.raises(Refused) as refused:
        edited({NAME: ""}, NAME, "a" * (MOST + 1))
    assert "256 KiB" in refused.value.ja
    assert "256 KiB" in refused.value.en
    assert edited({NAME: ""}, NAME, as_sent("\n" * MOST))[NAME] == "\n" * MOST


def test_files_come_and_go():
    files = {NAME: "a\r\n"}
    more = added(files, "partners/b.yaml", "b\r\n", policy_files=CheckedFiles(samples=True), coop=COOP)
    assert more == {**files, "partners/b.yaml": "b\n"}
    assert removed(more, "partners/b.yaml") == files
    assert signs(files, {**more, NAME: "c"}) == {"partners/b.yaml": "+", NAME: "~"}
    assert signs(more, files) == {"partners/b.yaml": "-", NAME: ""}
    with pytest.raises(KeyError):
        removed(files, "partners/b.yaml")
    with pytest.raises(KeyError):
        edited(files, "partners/b.yaml", "")


@pytest.mark.parametrize(
    "name", ["", "a.md", f"policies/{COOP}", "policies/other/a.md", "partners/../a", "partners/é\n"]
)
def test_a_name_that_does_not_belong_is_refused_by_name(name):
    with pytest.raises(Refused) as refused:
        added({}, name, "", policy_files=CheckedFiles(samples=True), coop=COOP)
    assert refused.value.rule == "file:name"
