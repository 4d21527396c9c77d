"""A preview as a person reads it before a signature: sentences, differences, who newly receives what, and what is next.

Every sign stands as a character (`+` new, `~` otherwise, `-` gone), colour only beside it: the same is read in black and
white, and where no colour is seen. The digest stands last, in the command that it is for.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.office import shown
from gateway.cli.output import WIDE, Language, out
from gateway.control_plane.changes.preview import ChangedGrant, Preview
from gateway.control_plane.notices.change_words import say
from gateway.core.changes.comparison import Difference, Plain
from gateway.core.changes.proposal import Proposal, State
from gateway.core.changes.replay import FieldEffect, Outcome, Turned
from gateway.core.days import JST
from gateway.core.notices.matters import NoticeChange

Words = tuple[str, str]
_COLOUR = {"+": "green", "~": "yellow", "-": "red"}
_OUTCOME: dict[Outcome, tuple[str, Words]] = {
    "released": ("+", ("新たに提供", "newly released")),
    "withheld": ("-", ("提供されなくなる", "newly withheld")),
    "changed": ("~", ("加工が変わる", "another transform")),
    "unchanged": ("=", ("変わらない", "as before")),
}
_NEXT: dict[State, str] = {
    "draft": "gateway policy submit {coop} {id} --preview {digest} --by <{who}>",
    "submitted": "gateway policy approve {coop} {id} --preview {digest} --by <{who}>",
    "approved": "gateway policy publish {coop} {id} --by <{who}>",
}


def tell(proposal: Proposal, seen: Preview, digest: str, *, lang: Language) -> None:
    """Print a preview, and as its last lines what to do with it."""
    at = lang == "en"
    _heading(proposal, seen, at)
    _differences(seen.differences, at)
    _grants(seen.grants, at)
    _effects(seen, at)
    _turned(seen.replayed.turned, at)
    _receives(seen, at)
    _notices(seen.notices, at)
    _findings(seen, at)
    _say(("\nプレビューの番号", "\npreview")[at] + f": {digest}")
    if proposal.state in _NEXT:
        who = ("担当者ID", "your id")[at]
        following = _NEXT[proposal.state].format(coop=proposal.coop, id=proposal.id, digest=digest, who=who)
        _say(("内容を確かめたら、次に", "if this is what is meant, next")[at] + f":\n{following}")


def _heading(proposal: Proposal, seen: Preview, at: bool) -> None:
    when = _jst(seen.at)
    begins = when if proposal.effective is not None else ("公布と同時", "when it is published")[at]
    before = seen.before[:8] if seen.before else ("なし(最初の版)", "none: this is the first version")[at]
    new, made = seen.policy[:8], _jst(seen.made)
    _say(f"{proposal.id} 「{shown(proposal.title)}」 {proposal.coop} {shown(proposal.department)}")
    _say(
        (
            f"施行: {begins} ・ 比べる版: {before} ・ 提案する版: {new} ・ {made} 時点",
            f"in force: {begins} · compared with: {before} · proposed: {new} · as of {made}",
        )[at]
    )


def _differences(found: Sequence[Difference], at: bool) -> None:
    signs = Counter(one.sign for one in found)
    total = " ".join(f"{sign}{signs[sign]}" for sign in ("+", "~", "-"))
    _title(("違い", "differences")[at], total)
    if not found:
        _say(("  違いはありません", "  there is none")[at])
        return
    rows = (
        (one.sign, " › ".join(one.path), _value(one.before), _value(one.after), (_WIDER, ("", ""))[not one.wider][at])
        for one in found
    )
    _table((("", "場所", "前", "後", "範囲"), ("", "where", "before", "after", "reach"))[at], rows)


_WIDER: Words = ("広がりうる", "may widen")


def _grants(grants: Sequence[ChangedGrant], at: bool) -> None:
    if not grants:
        return
    _title(("提供範囲を文にすると", "the grants in words")[at])
    for one in grants:
        _say(f"  {one.partner} › {one.agreement} › {one.grant}")
        for sign, words in (("-", one.before), ("+", one.after)):
            if words is not None:
                out.print(Text(f"  {sign} {shown(words[at])}", style=_COLOUR[sign]))


def _effects(seen: Preview, at: bool) -> None:
    looked, past = seen.log, seen.replayed
    _title(
        ("実際の要求に当てはめると", "the real requests, asked again")[at],
        (
            f"{_jst(looked.reached)} 以降の {past.requests:,}件・延べ{past.members:,}人",
            f"{past.requests:,} requests since {_jst(looked.reached)}, {past.members:,} members counted once a request",
        )[at],
    )
    if looked.cut or looked.left_out:
        _say(
            (
                f"  記録が多いので、途中までしか調べていません(省いた問い {looked.left_out:,})",
                f"  there was more than is looked at; questions left out: {looked.left_out:,}",
            )[at]
        )
    counts = Counter[Outcome]()
    for one in past.fields:
        counts[one.outcome] += one.members
    _say("  " + " ・ ".join(f"{sign} {words[at]} {counts[outcome]:,}" for outcome, (sign, words) in _OUTCOME.items()))
    if past.other_rule:
        _say(
            (
                f"  対象者や件数の条件が変わる要求: {past.other_rule:,}件(だれが変わるかは組合員ごとには出ません)",
                f"  requests of which other members may be released: {past.other_rule:,} (not told member by member)",
            )[at]
        )
    changed = [one for one in past.fields if one.outcome != "unchanged"]
    if changed:
        heads = ("", "提供先", "利用目的", "項目", "加工", "要求", "延べ人数")
        en = ("", "partner", "purpose", "field", "transform", "requests", "members")
        _table((heads, en)[at], (_effect(one, at) for one in changed))


def _effect(one: FieldEffect, at: bool) -> tuple[str, ...]:
    none = ("なし", "none")[at]
    how = f"{one.before or none} → {one.after or none}"
    sign = _OUTCOME[one.outcome][0]
    return (sign, one.partner, one.purpose, one.field, how, f"{one.requests:,}", f"{one.members:,}")


def _turned(turned: Sequence[Turned], at: bool) -> None:
    if not turned:
        return
    _title(("答えが変わる要求", "requests answered otherwise")[at])
    rows = (
        (
            "+" if one.allowed else "-",
            one.question.partner,
            one.question.purpose,
            ", ".join(one.question.fields),
            f"{one.question.requests:,}",
            ", ".join(one.reasons),
        )
        for one in turned
    )
    heads = ("", "提供先", "利用目的", "項目", "要求", "拒否の理由")
    _table((heads, ("", "partner", "purpose", "fields", "requests", "refused for"))[at], rows)


def _receives(seen: Preview, at: bool) -> None:
    if not seen.receives:
        return
    _title(("新たに項目を受け取る提供先", "partners that would newly receive fields")[at])
    rows = (("+", one.partner, one.purpose, ", ".join(one.fields), f"{one.held:,}") for one in seen.receives)
    heads = ("", "提供先", "利用目的", "項目", "いま保有する人数")
    _table((heads, ("", "partner", "purpose", "fields", "persons held now"))[at], rows)


def _notices(changes: Sequence[NoticeChange], at: bool) -> None:
    """Print what the notice changes, and what is to be done about it; nothing where it does not change."""
    if not changes:
        return
    _title(("公表事項の変更(法27条6項)", "changes of the notice (Art. 27(6))")[at], str(len(changes)))
    for one in (say(change, english=at) for change in changes):
        style = {"bad": "red", "wait": "yellow"}.get(one.tone, "")
        out.print(Text(f"  {one.kind} {one.versions} [{one.state}]: {shown(one.what)}", style=style))
        for note in (one.task, *one.notes, one.source):
            _say(f"    {shown(note)}")


def _findings(seen: Preview, at: bool) -> None:
    _title(("点検の結果", "findings")[at], str(len(seen.findings)))
    for one in seen.findings:
        text = f"  {one.file}:{one.line} [{one.rule}] {one.severity}: {shown((one.ja, one.en)[at])}"
        out.print(Text(text, style="red" if one.severity == "error" else "yellow"))


def _title(text: str, more: str = "") -> None:
    out.print(Text(f"\n■ {text}", style="bold").append(f"  {more}" if more else "", style="not bold"))


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False)


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose first column is a sign; nothing in it is taken for markup, and in a pipe nothing is cut."""
    table = Table()
    for head in heads:
        table.add_column(head, no_wrap=not out.is_terminal)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row), style=_COLOUR[row[0]])
    where = out if out.is_terminal else Console(soft_wrap=True, width=WIDE)
    where.print(table)


def _value(plain: Plain) -> str:
    if isinstance(plain, tuple):
        return ", ".join(plain)
    return "" if plain is None else str(plain)


def _jst(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(JST):%Y-%m-%d %H:%M}"
