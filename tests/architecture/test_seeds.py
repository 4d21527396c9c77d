"""docs/seeds.md says what the tests show, and every clause that is kept here is shown by one."""

from gateway.core.reviews.clauses import CLAUSES
from tests.seeds import PAGE, page, shown_by


def test_every_clause_that_is_kept_or_evidenced_here_has_a_test():
    shown = shown_by()
    assert [one.id for one in CLAUSES if one.reach != "outside" and not shown.get(one.id)] == []


def test_every_clause_has_its_row_in_the_audit_pack_and_no_two_are_one():
    assert [one.id for one in CLAUSES if not one.evidence] == []
    assert len({one.id for one in CLAUSES}) == len(CLAUSES)


def test_the_page_is_made_of_the_tests_there_are():
    assert PAGE.read_text(encoding="utf-8") == page(shown_by()), "run `python -m tests.seeds`"


def test_quotations_are_those_of_the_archived_texts():
    folder = PAGE.parent.parent / "policies"
    texts = {
        "D-": (folder / "coopdeli/source/2017-06-21.txt").read_text(encoding="utf-8"),
        "K-": (folder / "kyoritsusha/source/2022-04-01.txt").read_text(encoding="utf-8"),
    }
    plain = {prefix: "".join(text.split()) for prefix, text in texts.items()}
    wrong = [
        (one.id, part)
        for one in CLAUSES
        for part in one.quote.split("…")
        if "".join(part.split()).lstrip("①②③④⑤") not in plain[one.policy]
    ]
    assert wrong == []
