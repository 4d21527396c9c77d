"""The published words of notices as they are compared, and what is said of a change: in both languages, every kind."""

from datetime import date, timedelta
from typing import Any, get_args

import msgspec
import pytest

from gateway.control_plane.changes.preview import Preview
from gateway.control_plane.notices.change_words import KINDS, STATES, TASKS, say
from gateway.control_plane.notices.changes import changes_published, purpose_names, words_of, words_published
from gateway.core.notices.change import Words
from gateway.core.notices.matters import Covered, Kind, NoticeChange, State, Task
from gateway.core.policy import Policy
from gateway.core.state import Snapshot, Version
from tests import factories as make
from tests.control_plane.matrix_files import CHECKED, COOP, files
from tests.control_plane.notice_versions import ADDED, FIRST, RENAMED, SECOND, two_versions
from tests.control_plane.test_preview import log, previewed

__all__ = ["log"]

CHANGE = NoticeChange(
    kind="items_widened",
    notice=SECOND,
    earlier=FIRST,
    subjects=("I12",),
    labels=("勤務先",),
    source="ガイドライン通則編3-6-3(3)",
    grade="K",
    task="cohort",
    state="kept_out",
)


def test_the_words_of_the_real_notice_are_read() -> None:
    words = words_of(CHECKED.check(COOP, files()).document)[FIRST]
    assert words.text is not None
    assert words.items["I5"] == "住所"
    assert words.users["jccu"] == "日本生活協同組合連合会"
    assert words.joint_purpose.startswith("個人情報の利用目的で定める")
    (party,) = words.parties
    assert party.representative is not None
    assert (party.representative.text, party.representative.start) == ("代表理事 渡邊 一弥", date(2022, 4, 1))
    assert words_of(None) == {}


def test_purposes_have_their_published_names_and_uses_their_own() -> None:
    names = purpose_names(words_of(CHECKED.check(COOP, files()).document))
    assert names["P4"] == ("商品のお届けまたはサービス提供(アフターサービスを含む)のため",) * 2
    assert purpose_names({}) == {}


class Kept:
    """Published files, by digest."""

    def __init__(self, *versions: dict[str, str]) -> None:
        self.versions = {CHECKED.check(COOP, one).digest: one for one in versions}

    async def files_of_version(self, coop: str, policy: str) -> dict[str, str] | None:
        return self.versions.get(policy)


def published(*versions: dict[str, str]) -> tuple[Snapshot, list[Policy]]:
    policies = []
    for one in versions:
        checked = CHECKED.check(COOP, one)
        assert checked.policy is not None, [told for told in checked.findings if told.severity == "error"]
        policies.append(checked.policy)
    timeline = tuple(
        Version(effective=make.PAST + timedelta(days=at), index=at, policy=policy) for at, policy in enumerate(policies)
    )
    return Snapshot(coop=COOP, gov=1, versions=timeline), policies


async def changes(*versions: dict[str, str], kept: Kept | None = None) -> tuple[NoticeChange, ...]:
    snapshot, policies = published(*versions)

    async def worded(policy: Policy) -> Words:
        return await words_published(kept or Kept(*versions), CHECKED, policy)  # type: ignore[arg-type]  # what is asked of it

    return await changes_published(snapshot, policies[-1], worded=worded, now=make.NOON)


async def test_versions_of_one_policy_are_compared() -> None:
    found = await changes(two_versions(files(), RENAMED, ADDED))
    assert [(one.kind, one.notice, one.state) for one in found] == [
        ("items_widened", SECOND, "open"),
        ("responsible_party_details", SECOND, "done"),
    ]
    assert (found[1].days, found[1].until) == (19, date(2026, 12, 1))
    assert found[0].covered[0].earlier


async def test_a_version_is_compared_with_what_it_was_first_published_with() -> None:
    first = files()
    notice = f"policies/{COOP}/notices/{FIRST}.yaml"
    second = {
        **first,
        notice: first[notice].replace(
            "P2: {text: 商品・サービス情報を提供するため, joint: review",
            'P2: {text: 商品・サービス情報を提供するため, joint: "yes", reading: {by: 甲, approved_by: 乙, date: 2026-11-01, reason: 試験}',
        ),
    }
    assert second != first
    third = {
        **second,
        "partners/sunnet.yaml": first["partners/sunnet.yaml"].replace(
            "name: 生活協同組合連合会コープ東北", "name: コープ東北"
        ),
    }
    (mapped, renamed) = sorted(await changes(first, second, third), key=lambda one: one.kind)
    assert (mapped.kind, mapped.task, mapped.in_place) == ("mapping_widened", "same_text", True)
    assert (renamed.kind, renamed.subjects) == ("user_renamed", ("sunnet",))


async def test_without_the_files_what_only_words_tell_is_not_told() -> None:
    found = await changes(two_versions(files(), RENAMED, ADDED), kept=Kept())
    assert [(one.kind, one.labels) for one in found] == [("items_widened", ("I12",))]


async def test_the_preview_keeps_what_the_notice_changes_and_reads_it_again(log: Any) -> None:
    snapshot, (old,) = published(files())
    checked = CHECKED.check(COOP, two_versions(files(), RENAMED))
    assert checked.policy is not None
    both = {old.digest: CHECKED.check(COOP, files()).document, checked.digest: checked.document}

    async def worded(policy: Policy) -> Words:
        return words_of(both[policy.digest])

    made = await previewed(log, checked.policy, snapshot=snapshot, worded=worded)
    assert [one.kind for one in made.notices] == ["responsible_party_details"]
    assert Preview.from_bytes(made.canonical()) == made
    unchanged = await previewed(log, old, snapshot=snapshot, worded=worded)
    assert unchanged.notices == ()


async def test_a_preview_from_before_this_was_told_is_still_read(log: Any) -> None:
    made = await previewed(log)
    said = msgspec.json.decode(made.canonical())
    del said["notices"]
    assert Preview.from_bytes(msgspec.json.encode(said)).notices == ()


def test_every_kind_task_and_state_has_words_in_both_languages() -> None:
    assert (set(KINDS), set(TASKS), set(STATES)) == tuple(set(get_args(one)) for one in (Kind, Task, State))
    for words in (*KINDS.values(), *TASKS.values(), *STATES.values()):
        assert all(words)
        assert words[0] != words[1]


@pytest.mark.parametrize("english", [False, True])
def test_a_change_in_words(english: bool) -> None:
    covered = Covered(decision="d-1", versions=(FIRST,), ground="consent", partly=True, fits=False, earlier=True)
    change = msgspec.structs.replace(
        CHANGE, covered=(covered,), uncovered=(FIRST,), until=date(2026, 12, 1), days=3, late=True, presumed=True
    )
    said = say(change, english=english)
    assert said.what == "勤務先 (I12)"
    assert said.versions == f"{FIRST} → {SECOND}"
    assert said.tone == "bad"
    assert ("late" if english else "遅れ") in said.state
    notes = "\n".join(said.notes)
    assert all(text in notes for text in ("2026-12-01", "d-1", FIRST, "3"))
    assert ("corporate number" if english else "法人番号") in notes
    assert said.source == "ガイドライン通則編3-6-3(3) [K]"


def test_an_edited_version_and_a_single_text_are_said_so() -> None:
    edited = msgspec.structs.replace(CHANGE, notice=FIRST, task="new_version", state="open")
    assert say(edited, english=False).versions == f"{FIRST} の版の中"
    assert say(edited, english=False).tone == "wait"
    worded = msgspec.structs.replace(CHANGE, kind="items_reworded", before="住所", after="住所及び勤務先")
    assert say(worded, english=True).what == "勤務先 (I12): 住所 → 住所及び勤務先"
    party = msgspec.structs.replace(
        CHANGE, kind="responsible_party_details", subjects=("address",), labels=(), before="甲", after="乙"
    )
    assert say(party, english=False).what == "住所: 甲 → 乙"
