"""Act 10: a member asks who received her data; the partners that hold it are told of her stop, and answer; the month."""

from datetime import datetime

from rich.text import Text

from gateway.app.oversight import oversight_of
from gateway.control_plane.restrict import restrict
from gateway.core.days import JST, jst_day, midnight, midnight_after
from gateway.demo.acts.stops import excerpt
from gateway.demo.awkward import AWKWARD
from gateway.demo.screen import Screen, both
from gateway.demo.stage import Stage
from gateway.demo.state import COOP
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups import arising
from gateway.oversight.follow_ups.told import DUTY_WORDS
from gateway.oversight.members.access import note_access
from gateway.oversight.members.history import Provision, history
from gateway.oversight.reports.month import month
from gateway.oversight.reviews.periods import month_of
from gateway.tlog.entries import Ack, Denial, FollowUp, Release, encode, instant

COMPLIANCE = "mori"
_HELD_BY = ("jccu", "sunnet")
"""The partners that received her data so far."""
_PAGES = (
    ("組合員の照会", "look at a member", "members"),
    ("通知と応答", "notices to partners", "follow-ups"),
)


async def answer_member(stage: Stage, screen: Screen) -> None:
    """Let compliance answer who received a member's data, let her stop reach who holds it, and count the month."""
    screen.act("「わたしの情報は、だれに渡りましたか」", "A member asks: who received my data?")
    await stage.snapshot()
    desk = oversight_of(stage.settings, stage.office)
    code = AWKWARD["watanabe"]
    look = await _tell_history(stage, screen, desk, code)
    screen.gap()
    await _follow_up(stage, screen, desk, code)
    screen.gap()
    await excerpt(stage, screen, look)
    screen.gap()
    await _month(stage, screen, desk)
    screen.gap()
    screen.say(
        f"同じことを画面で({COMPLIANCE}のアカウントは13幕で)", f"the same in the console, as `{COMPLIANCE}` of act 13"
    )
    this = month_of(jst_day(desk.clock()))
    for ja, en, path in (*_PAGES, ("提供実績月報", "report of the month", f"reports/month?month={this.first:%Y-%m}")):
        shown = Text.assemble((f"   {stage.settings.console}/{COOP}/{path}", "cyan"), f"  {ja}", (f"  {en}", "dim"))
        screen.console.print(shown, soft_wrap=True)


async def _tell_history(stage: Stage, screen: Screen, desk: OversightDesk, code: str) -> int:
    """Show every release of a member's data, once the look itself is in the log; return that entry's index."""
    secrets = desk.secrets(COOP)
    words = {"by": COMPLIANCE, "reason": "【見本】本人からの開示の請求"}
    look = await note_access(desk.log, COOP, code, "history", secrets=secrets, clock=desk.clock, **words)
    found = await history(desk.side_rows, COOP, code, secrets=secrets)
    table = screen.table(
        ("ログ", "Entry"),
        ("時刻", "Time, JST"),
        ("提供先", "Partner"),
        ("目的と根拠", "Purpose, basis"),
        ("渡した項目、~は変換して", "Fields, ~ transformed"),
        widths=(5, 9, 28, 15, 30),
    )
    for one in found:
        table.add_row(
            f"#{one.index}",
            datetime.fromisoformat(one.time).astimezone(JST).strftime("%H:%M:%S"),
            both(stage.short_name(one.partner), one.partner),
            both(one.purpose, one.article),
            _fields(stage, one),
        )
    screen.show(table)
    given = {receipt.index for receipt in stage.receipts}
    screen.claim(
        {one.partner for one in found} == {*_HELD_BY} and {one.index for one in found} <= given,
        f"{stage.people[code]['name']}さんの情報を受け取ったのは、この{len(found)}回の提供だけ。どれにも提供先の受領証がある",
        f"her data left {len(found)} times, no more; for each the partner holds a receipt",
    )
    entry = await stage.entry(look)
    screen.claim(
        code.encode() not in encode(entry),
        f"調べたこと自体が、理由とともに先にログに載る(#{look})。だれを調べたかは、ログからはわからない",
        f"the look itself is entry {look}, with its reason, before anything is shown; whom it was at is not",
    )
    return look


def _fields(stage: Stage, one: Provision) -> Text:
    labels = stage.documents[COOP].fields
    given = ((name, transform) for name, transform in one.fields.items() if transform != "drop")
    return Text("・".join(f"{'' if how == 'as_is' else '~'}{labels[name].ja}" for name, how in given))


async def _follow_up(stage: Stage, screen: Screen, desk: OversightDesk, code: str) -> None:
    """Stop the use of a member's data, and let each partner that holds it open its notice, and answer that."""
    stopped = await restrict(
        desk.log,
        COOP,
        [code],
        kind="stop_use",
        partner=None,
        purpose=None,
        ground="offer",
        by=COMPLIANCE,
        reason="【見本】本人の申出",
        secrets=desk.secrets(COOP),
        clock=desk.clock,
    )
    # The gateway does so by itself every few seconds; nobody waits for that here, and nothing is opened twice.
    await arising.arise(desk, (COOP,))
    told = {one.partner: one for one in await stage.entries() if isinstance(one, FollowUp) and one.source == stopped}
    table = screen.table(
        ("提供先", "Partner"),
        ("すること", "Duty"),
        ("期限", "Due"),
        ("だれのことか", "About whom"),
        ("署名つきの応答", "Answer, signed"),
        widths=(28, 20, 10, 12, 18),
    )
    members: dict[str, tuple[str, ...]] = {}
    for partner, entry in sorted(told.items()):
        client = stage.partners[partner].client
        one = next(one for one in await client.follow_ups() if one.id == entry.follow_up)
        answered = await client.acknowledge(one.id)
        if partner == "sunnet":
            answered = await client.certify(one.id, "【見本】配送名簿から除き、印刷物を細断しました。物流課")
        members[partner] = one.members
        table.add_row(
            both(stage.short_name(partner), partner),
            both(*DUTY_WORDS[one.duty]),
            one.due,
            "、".join(one.members),
            both("実施の証明" if answered.state == "certified" else "受領", answered.state),
        )
    screen.show(table)
    screen.claim(
        members == dict.fromkeys(_HELD_BY, (code,)),
        f"停止(#{stopped})の通知は、いま持っている提供先へだけ、その提供先の鍵で封をして届く",
        "notice of the stop reaches those who hold her data and nobody else, sealed to their keys",
    )
    other = AWKWARD["takasaki"]
    after = await stage.pull("sunnet", "P4", [code, other])
    signed = [one for one in await stage.entries() if isinstance(one, Ack)]
    ids = {one.follow_up: partner for partner, one in told.items()}
    events = {(ids[one.follow_up], one.event) for one in signed if one.follow_up in ids}
    screen.claim(
        set(after.released) == {other}
        and events == {("sunnet", "acknowledged"), ("sunnet", "certified"), ("jccu", "acknowledged")},
        "受領も、実施の証明も、提供先の署名つきでログに残る。次の提供から、この人は届かない",
        "what they sign, receipt and certificate, is in the log; from the next pull on she is in none",
    )


async def _month(stage: Stage, screen: Screen, desk: OversightDesk) -> None:
    """Show the figures of this month so far, and count them again from the log."""
    this = month_of(jst_day(desk.clock()))
    made = await month(desk, COOP, this)
    counted = made.counting
    figures = (
        f"{counted.releases} releases, {counted.persons:,} distinct members, {counted.denials} refused; "
        f"{made.restricted[0]} stops; {made.follow_ups.opened} notices, {made.follow_ups.open} open"
    )
    screen.show(
        Text.assemble(
            (f"今月の実績 {this.first:%Y-%m}", "bold"),
            ("  this month so far\n", "dim"),
            f"提供 {counted.releases}回、実人数 {counted.persons:,}人 ・ 提供しなかった要求 {counted.denials}件 ・ ",
            f"停止等 {made.restricted[0]}人 ・ 通知 {made.follow_ups.opened}件、うち未了 {made.follow_ups.open}件\n",
            (figures, "dim"),
        )
    )
    within = [
        one
        for one in await stage.entries()
        if instant(midnight(this.first)) <= one.time < instant(midnight_after(this.last))
    ]
    kinds = (Release, Denial, FollowUp)
    screen.claim(
        [sum(isinstance(one, kind) for one in within) for kind in kinds]
        == [counted.releases, counted.denials, made.follow_ups.opened],
        "月報の数は、書き出したログからだれでも数え直せる",
        "anybody can count the report again from the exported log",
    )
