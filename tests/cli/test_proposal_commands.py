"""gateway policy propose | amend | preview | diff | submit | approve | … | export, as their users type them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.adapters.policy_files.folder import files_of
from gateway.control_plane.changes.file_diff import changed_files
from gateway.control_plane.changes.publish import publish as publish_without_files
from gateway.core.days import JST
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Counts, Release, encode, instant
from gateway.tlog.merkle import leaf_hash
from tests.cli.proposal_desk import DAY, ELSEWHERE, HERE, SUNNET, TWO_NAMES, Desk, desk, employed, gateway
from tests.cli.test_retention_commands import COOP
from tests.house import ROOT, document_of

__all__ = ["desk", "employed", "gateway"]

NOBODYS = "0" * 64
REAL = files_of(ROOT / "policies", ROOT / "partners", COOP)


# ── the whole life of a change ────────────────────────────────────────────────────────────────────────────────────


def test_a_change_from_files_to_force_narrowed_rolled_back_and_exported(desk: Desk, tmp_path: Path) -> None:
    first = desk.published()
    [initial] = desk.policy("history")
    assert desk.kinds() == ["amend", "submit", "approve", "publish"]

    desk.write(DAY, "")
    narrow = desk.draft()
    [removed] = desk.policy("preview", narrow)["preview"]["differences"]
    assert (removed["sign"], removed["path"][-1], removed["wider"]) == ("-", "delivery_day", False)
    changed = desk.policy("diff", narrow)
    assert changed["base"] == initial["digest"]
    assert list(changed["changed"]) == [SUNNET]
    assert f"-{DAY}" in desk.run("policy", "diff", COOP, narrow)
    digest = desk.seen(narrow)
    desk.policy("submit", narrow, "--preview", digest, by="sato")
    assert desk.seen(narrow) == digest, "who approves sees what was submitted"
    desk.policy("approve", narrow, "--preview", digest, by="ito")
    desk.policy("publish", narrow, by="ito")
    assert len({one["digest"] for one in desk.policy("history")}) == 2

    back = desk.policy("roll-back", initial["digest"][:8], "--department", HERE, by="kato", reason="誤り")["proposal"]
    digest = desk.seen(back)
    desk.policy("submit", back, "--preview", digest, by="kato")
    desk.policy("approve", back, "--preview", digest, by="ito")
    desk.policy("publish", back, by="sato")
    assert [one["digest"] for one in desk.policy("history")][::2] == [initial["digest"]] * 2

    for proposal, expected in ((first, REAL), (back, REAL), (narrow, {**REAL, SUNNET: REAL[SUNNET].replace(DAY, "")})):
        policies, partners = tmp_path / proposal / "policies", tmp_path / proposal / "partners"
        assert desk.policy("export", proposal, str(policies), str(partners)) == {"files": sorted(expected)}
        assert files_of(policies, partners, COOP) == expected
    listed = desk.policy("proposals")
    assert [(one["proposal"], one["state"]) for one in listed] == [(one, "published") for one in (back, narrow, first)]
    assert [one["title"] for one in listed] == [f"巻き戻し {initial['digest'][:8]}", "お届け曜日", "お届け曜日"]


def test_what_is_sent_back_is_amended_by_another_and_withdrawn(desk: Desk) -> None:
    proposal, _ = desk.submitted()
    assert desk.policy("reject", proposal, by="ito", reason="電話番号は不要")["preview"] is None
    when = (datetime.now(JST) + timedelta(days=3)).replace(microsecond=0)
    local = when.replace(tzinfo=None).isoformat()
    amended = desk.policy("amend", proposal, "--effective", local, by="kato", reason="施行日を決めた")
    assert (amended["state"], amended["editor"], amended["title"]) == ("draft", "kato", "お届け曜日")
    assert datetime.fromisoformat(amended["effective"]) == when
    renamed = desk.policy("amend", proposal, "--title", "配達日", by="kato", reason="件名")
    assert (renamed["title"], renamed["effective"]) == ("配達日", None)
    assert desk.policy("withdraw", proposal, by="sato", reason="取りやめ")["state"] == "withdrawn"
    assert desk.kinds() == ["amend", "submit", "reject", "amend", "amend", "withdraw"]
    desk.refused("state", "amend", COOP, proposal, "--by", "sato", "--reason", "再開")


def test_a_version_of_two_names_is_the_base_of_the_first_proposal_and_can_be_returned_to(gateway: Desk) -> None:
    gateway.run("policy", "publish", COOP, *TWO_NAMES)
    [initial] = gateway.policy("history")
    gateway.employ()
    gateway.write(DAY, "")
    changed = gateway.policy("diff", gateway.draft())
    assert (changed["base"], list(changed["changed"])) == (initial["digest"], [SUNNET])
    gateway.published()
    back = gateway.policy("roll-back", initial["digest"], "--department", HERE, by="sato", reason="誤り")
    assert list(gateway.policy("diff", back["proposal"])["changed"]) == [SUNNET]
    before = gateway.size()
    told = gateway.run("policy", "publish", COOP, *TWO_NAMES, code=1)
    assert "担当者に役割がある" in told
    assert "gateway policy propose" in told
    assert gateway.size() == before


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_may_not_approve_is_told_why(desk: Desk) -> None:
    desk.run("staff", "role", COOP, "sato", "manager", "--department", HERE, "--by", "ito", "--reason", "兼務")
    proposal, digest = desk.submitted()
    for by, rule in (("sato", "own"), ("mori", "department"), ("kato", "role"), ("abe", "role"), ("nobody", "role")):
        desk.refused(rule, "approve", COOP, proposal, "--preview", digest, "--by", by)
    desk.refused("preview", "approve", COOP, proposal, "--preview", NOBODYS, "--by", "ito", mend="open it again")
    desk.refused("state", "publish", COOP, proposal, "--by", "ito")
    desk.refused("department", "reject", COOP, proposal, "--by", "mori", "--reason", "反対")
    assert desk.kinds() == ["amend", "submit"]


def test_who_may_not_submit_or_draft_is_told_why(desk: Desk) -> None:
    proposal = desk.draft()
    digest = desk.seen(proposal)
    desk.refused("author", "submit", COOP, proposal, "--preview", digest, "--by", "kato", mend="amend it")
    desk.refused("role", "submit", COOP, proposal, "--preview", digest, "--by", "ito")
    desk.refused("preview", "submit", COOP, proposal, "--preview", NOBODYS, "--by", "sato")
    desk.refused("state", "approve", COOP, proposal, "--preview", digest, "--by", "ito")
    new = ("propose", COOP, "--title", "新", "--reason", "試験")
    desk.refused("department", *new, "--department", "無人部", "--by", "sato", mend="無人部")
    desk.refused("department", *new, "--department", ELSEWHERE, "--by", "sato")
    desk.refused("role", *new, "--department", HERE, "--by", "abe")


def test_a_stale_base_is_refused_and_mended(desk: Desk) -> None:
    stale = desk.approved()
    waiting, digest = desk.submitted(title="別")
    desk.published(title="先のもの")
    desk.refused("base", "publish", COOP, stale, "--by", "sato", mend="amend this on the version of now")
    desk.refused("base", "approve", COOP, waiting, "--preview", digest, "--by", "ito")
    assert desk.policy("amend", stale, by="sato", reason="今の版へ")["base"] == desk.policy("history")[0]["digest"]


def test_a_time_that_has_passed_is_refused(desk: Desk) -> None:
    about = ("--title", "昔", "--department", HERE, "--by", "sato", "--reason", "試験")
    for past in ("2020-04-01", "2020-04-01T00:00", "2020-04-01T00:00Z", "0001-01-01T00:00"):
        desk.refused("effective", "propose", COOP, *about, "--effective", past, mend="name a later one")


def test_files_with_an_error_are_named_by_file_and_line(desk: Desk) -> None:
    desk.write("name: as_is", "no_such_field: as_is")
    line = (desk.folder / SUNNET).read_text(encoding="utf-8").partition("no_such_field")[0].count("\n") + 1
    about = ("--title", "誤り", "--department", HERE, "--by", "sato", "--reason", "試験")
    before = desk.size()
    told = desk.run("policy", "propose", COOP, *about, code=1)
    assert f"{SUNNET}:{line} [" in told
    assert "誤りが" in told
    assert "nothing was saved" in told
    assert desk.size() == before
    assert desk.policy("proposals") == []


def test_files_that_cannot_be_taken_in_are_named(desk: Desk) -> None:
    about = ("--title", "誤り", "--department", HERE, "--by", "sato", "--reason", "試験")
    path = desk.folder / SUNNET
    path.write_bytes(path.read_bytes() + "# 宅配".encode("cp932"))
    for mend in ("UTF-8 で保存", "save it as UTF-8"):
        assert mend in desk.run("policy", "propose", COOP, *about, code=1)
    path.unlink()
    path.symlink_to(ROOT / SUNNET)
    for mend in ("リンクは実体に", "put the file where a link stands"):
        assert mend in desk.run("policy", "propose", COOP, *about, code=1)
    assert desk.kinds() == []


def test_two_names_publish_no_file_with_an_error_and_never_one_name(gateway: Desk) -> None:
    one_name = ("--proposer", "佐藤", "--approver", " 佐藤", "--reason", "初版")
    told = gateway.run("policy", "publish", COOP, *one_name, code=1)
    assert "別の人が承認してください / " in told
    gateway.write("name: as_is", "no_such_field: as_is")
    told = gateway.run("policy", "publish", COOP, *TWO_NAMES, code=1)
    assert f"{SUNNET}:" in told
    assert "nothing was published" in told
    assert "何も公布していません" in told
    assert gateway.size() == 0


def test_a_return_to_no_version_or_to_one_whose_files_were_not_kept(gateway: Desk) -> None:
    async def published(stores: Any) -> int:
        snapshot, clock = stores.snapshots.current(COOP), stores.clock
        people: dict[str, Any] = {"proposer": "佐藤", "approver": "鈴木", "reason": "初版", "effective": None}
        return await publish_without_files(stores.log, snapshot, document_of(COOP), **people, clock=clock)

    gateway.inside(published)
    gateway.employ()
    [only] = gateway.policy("history")
    about = ("--department", HERE, "--by", "sato", "--reason", "誤り")
    for version in (only["digest"], only["digest"][:8], only["digest"][:7], NOBODYS, "", "x" * 8, "[/b]"):
        gateway.refused("version", "roll-back", COOP, version, *about)
    told = gateway.run("policy", "diff", COOP, gateway.draft(), code=1)
    assert "保管されていません" in told
    assert "were not kept" in told


@pytest.mark.parametrize(
    "proposal", ["0123456789abcdef", "", "x", "../..", "[/b]", "'; --", "\x1b[2J", "申請", "\udcff"]
)
def test_a_proposal_that_there_is_not(employed: Desk, tmp_path: Path, proposal: str) -> None:
    about, why = ("--by", "sato"), ("--reason", "試験")
    for command in (
        ("preview", COOP, proposal),
        ("diff", COOP, proposal),
        ("amend", COOP, proposal, *about, *why),
        ("submit", COOP, proposal, "--preview", NOBODYS, *about),
        ("approve", COOP, proposal, "--preview", NOBODYS, *about),
        ("reject", COOP, proposal, *about, *why),
        ("withdraw", COOP, proposal, *about, *why),
        ("publish", COOP, proposal, *about),
        ("export", COOP, proposal, str(tmp_path / "a"), str(tmp_path / "b")),
    ):
        told = employed.wrong(*command)
        assert f"gateway policy proposals {COOP}" in told
        assert "という申請はありません" in told
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("command", ["submit", "approve"])
@pytest.mark.parametrize("preview", ["", "9c", NOBODYS[:-1], NOBODYS.replace("0", "G"), NOBODYS + "\n"])
def test_a_preview_that_is_no_digest(employed: Desk, command: str, preview: str) -> None:
    told = employed.wrong(command, COOP, "0123456789abcdef", "--preview", preview, "--by", "sato")
    assert "64" in told


@pytest.mark.parametrize("empty", ["", " ", "\t", "a\x1b[2Jb", "a\nb", "a\x00b", "a\u202eb", "\udcff"])
def test_words_that_say_nothing_or_hide_something(employed: Desk, empty: str) -> None:
    good = {"--title": "件名", "--department": HERE, "--by": "sato", "--reason": "理由"}
    for option in good:
        words = [word for pair in (good | {option: empty}).items() for word in pair]
        told = employed.wrong("propose", COOP, *words)
        assert option in told
    for option in ("--proposer", "--approver", "--reason"):
        employed.wrong("publish", COOP, *TWO_NAMES, option, empty)
    for command in (("reject", "--reason"), ("withdraw", "--reason"), ("amend", "--title")):
        employed.wrong(command[0], COOP, "0123456789abcdef", "--by", "sato", "--reason", "理由", command[1], empty)
    for noun in (("partner", "suspend", COOP, "sunnet"), ("partner", "end-key", COOP, "sunnet", "k")):
        employed.run(*noun, "--by", empty, "--reason", "理由", code=2)
        employed.run(*noun, "--by", "運用", "--reason", empty, code=2)
    employed.run("keys", "renew", COOP, "--subject", "--by", "運用", "--reason", empty, code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("proposals", "nowhere"),
        ("preview", "nowhere", "x"),
        ("publish", "nowhere", *TWO_NAMES),
        ("publish", COOP),
        ("publish", COOP, "0123456789abcdef"),
        ("publish", COOP, "0123456789abcdef", "--by", "sato", "--reason", "x"),
        ("publish", COOP, "0123456789abcdef", *TWO_NAMES),
        ("publish", COOP, "0123456789abcdef", "--by", "sato", "--effective", "2030-01-01"),
        ("publish", COOP, "--by", "sato"),
        ("publish", COOP, *TWO_NAMES, "--by", "sato"),
        ("publish", COOP, *TWO_NAMES, "--effective", "tomorrow"),
        ("propose", COOP, "--title", "x", "--department", HERE, "--by", "sato", "--reason", "x", "--effective", "1月"),
        ("propose", COOP, "--title", "x", "--department", HERE, "--by", "sato", "--reason", "x", "--effective", "\x1b"),
        ("preview", COOP, "x", "--lang", "fr"),
    ],
)
def test_a_command_line_that_says_nothing_sensible(employed: Desk, arguments: tuple[str, ...]) -> None:
    told = employed.wrong(*arguments)
    assert re.search("[ぁ-ん]", told), "it is said in both languages"
    assert re.search("[a-z]{3} [a-z]", told)


# ── what people read ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "ja",
            ("なし(最初の版)", "渡す。", "提供範囲を文にすると", "点検の結果", "広がりうる", "新たに項目を受け取る"),
        ),
        (
            "en",
            ("the first version", "receives, for ", "the grants in words", "findings", "may widen", "newly receive"),
        ),
    ],
)
def test_a_preview_is_read_by_people_and_ends_with_the_next_command(
    desk: Desk, lang: str, words: tuple[str, ...]
) -> None:
    proposal = desk.draft(title="[/b] 初版 [red]")
    told = desk.run("policy", "preview", COOP, proposal, "--lang", lang)
    assert all(word in told for word in words)
    assert "[/b] 初版 [red]" in told
    assert "\x1b" not in told
    assert "│ + │ agreements › sunnet" in told
    digest, command = _ending(told)
    assert command[:6] == ["gateway", "policy", "submit", COOP, proposal, "--preview"]
    assert command[6] == digest
    submitted = desk.policy("submit", proposal, "--preview", digest, by="sato")
    assert submitted["preview"] == digest, "the command that is shown is the one that works"
    for state, verb in (("submitted", "approve"), ("approved", "publish")):
        again, command = _ending(desk.run("policy", "preview", COOP, proposal, "--lang", lang))
        assert (again, command[2]) == (digest, verb)
        options = ("--preview", digest) if state == "submitted" else ()
        desk.policy(verb, proposal, *options, by="ito")
    assert desk.run("policy", "preview", COOP, proposal).splitlines()[-1].endswith(digest)


def _ending(told: str) -> tuple[str, list[str]]:
    *_, digest, _, command = told.splitlines()
    return digest.rpartition(" ")[2], command.split(" ")


def test_a_preview_counts_what_real_requests_would_lose(desk: Desk) -> None:
    desk.published()
    desk.run("client", "register", str(desk.folder / "sunnet"))
    proof = [str(desk.folder / name) for name in ("challenge.json", "answer.json")]
    keys = (COOP, "sunnet", "sunnet-demo", str(desk.folder / "sunnet" / "public.jwks.json"))
    Path(proof[0]).write_text(desk.run("partner", "challenge", *keys))
    Path(proof[1]).write_text(desk.run("client", "prove", proof[0], "--keys", str(desk.folder / "sunnet")))
    two = ("--by", "sato", "--approver", "ito", "--reason", "試験")
    desk.run("partner", "add-key", *keys, "--challenge", proof[0], "--answer", proof[1], *two)
    desk.run("partner", "resume", COOP, "sunnet", "--by", "sato", "--approver", "ito", "--reason", "試験")

    async def pulled(stores: Any) -> None:
        now = stores.clock()
        asked = dict.fromkeys(("member_code", "name", "delivery_day"), "as_is")
        said: dict[str, Any] = {"client": "sunnet-demo", "purpose": "P4", "product": "G1", "fields": asked}
        said |= dict.fromkeys(("commitment", "request", "body", "proof", "transfer"), "x") | {"encryption": {}}
        said |= {"basis": "joint_use", "article": "x", "grant": "x", "notice": "x", "policy": NOBODYS, "gov": 0}
        entry = encode(
            Release(
                coop=COOP,
                time=instant(now),
                valid_until=instant(now),
                partner="sunnet",
                agreement="kyoritsusha-sunnet-01",
                counts=Counts(asked=1300, released=1234, not_available=66),
                **said,
            )
        )
        submission = Submission(entry=entry, leaf=leaf_hash(entry), kind="release", time=now)
        assert isinstance(await stores.log.append(COOP, submission), Committed)

    desk.inside(pulled)
    desk.write(DAY, "")
    proposal = desk.draft()
    told = desk.run("policy", "preview", COOP, proposal)
    assert "1件・延べ1,234人" in told
    # What was asked for unchanged is refused as a whole: fields are asked for by name.
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told.splitlines() if line.startswith("│")]
    assert ["-", "sunnet", "P4", "delivery_day", "as_is → なし", "1", "1,234"] in cells
    assert ["-", "sunnet", "P4", "delivery_day, member_code, name", "1"] in [row[:5] for row in cells]
    assert "- 提供されなくなる 3,702" in told
    desk.write("phone: phone_last4", "phone: mask")
    desk.policy("amend", proposal, by="sato", reason="伏せる")
    told = desk.run("policy", "preview", COOP, proposal, "--lang", "en")
    assert re.search(r"│ ~ │ .* › phone +│ phone_last4 │ mask +│ +│", told)


def test_titles_and_names_are_shown_as_they_were_written(desk: Desk) -> None:
    proposal = desk.draft(title="[/b] [red]赤[/red]")
    assert "[/b] [red]赤[/red]" in desk.run("policy", "proposals", COOP)
    done = desk.end("policy", "withdraw", COOP, proposal, "--by", "sato", "--reason", "試験")
    assert f"{proposal}: withdrawn" in done.stdout
    assert "[/b] [red]赤[/red]" in done.stdout


def test_each_step_says_what_comes_next_beside_its_output(desk: Desk) -> None:
    about = ("--title", "初版", "--department", HERE, "--by", "sato", "--reason", "試験")
    done = desk.end("policy", "propose", COOP, *about)
    assert re.fullmatch(r"[0-9a-f]{16}: draft 起案中 「初版」\n", done.stdout)
    assert f"gateway policy preview {COOP} {done.stdout[:16]}" in done.stderr


def test_a_diff_shows_new_files_and_none_where_nothing_differs(desk: Desk) -> None:
    first = desk.draft()
    changed = desk.policy("diff", first)
    assert changed["base"] is None
    assert set(changed["changed"]) == set(REAL)
    assert changed["changed"][SUNNET].startswith(f"--- /dev/null\n+++ b/{SUNNET}\n")
    desk.published()
    same = desk.end("policy", "diff", COOP, desk.draft())
    assert (same.exit_code, same.stdout) == (0, "")
    assert "no file differs" in same.stderr
    note = desk.folder / "policies" / COOP / "note.md"
    note.write_text("\x1b[2Jnote\ttab\r\n", encoding="utf-8")
    told = desk.run("policy", "diff", COOP, desk.draft())
    assert "note\ttab" in told
    assert "\x1b" not in told


LINES = st.lists(st.text(st.sampled_from("ab \r\t-+@\\\x85\u2028"), max_size=3), max_size=30).map("\n".join)


@given(before=st.none() | LINES, after=st.none() | LINES)
def test_a_diff_leads_from_one_text_to_the_other(before: str | None, after: str | None) -> None:
    old = {} if before is None else {"f": before}
    new = {} if after is None else {"f": after}
    changed = changed_files(old, new)
    assert bool(changed) == (before != after)
    if changed:
        assert _applied(before or "", changed["f"]) == (after or "")


def _applied(text: str, diff: str) -> str:
    """Apply a unified diff as `patch` does, every line of it checked."""
    lines, done, at, last = re.findall(r"[^\n]*\n|[^\n]+\Z", text), [], 0, ""
    for one in re.findall(r"[^\n]*\n", diff)[2:]:
        if one.startswith("@@"):
            start, count = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\S+ @@\n", one).groups()  # type: ignore[union-attr]
            first = int(start) - (count != "0")
            done += lines[at:first]
            at = first
        elif one.startswith("\\"):
            if last != "-":
                done[-1] = done[-1].removesuffix("\n")
        else:
            last = one[0]
            if last != "+":
                assert lines[at].removesuffix("\n") == one[1:].removesuffix("\n")
                at += 1
            if last != "-":
                done.append(one[1:])
    return "".join(done + lines[at:])


def test_the_clock_of_a_proposal_is_that_of_japan(desk: Desk) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).astimezone(JST).date()
    done = desk.policy(
        *("propose", "--title", "x", "--department", HERE, "--effective", tomorrow.isoformat()), by="sato", reason="x"
    )
    assert done["effective"] == f"{tomorrow.isoformat()}T00:00:00+09:00"
