"""Acts 8 and 9: a member's stop, and a partner suspended and resumed, each from the next pull on."""

from datetime import datetime

from rich.text import Text

from gateway.control_plane.partners.acts import set_state
from gateway.core.days import JST
from gateway.demo.acts.fields import words
from gateway.demo.acts.refusals import refused, show_refusal
from gateway.demo.awkward import AWKWARD
from gateway.demo.enrol import OPERATOR
from gateway.demo.screen import Screen, inline
from gateway.demo.stage import Stage
from gateway.demo.state import COOP
from gateway.tlog.entries import Access, Ack, Denial, Entry, FollowUp, Partner, Release, Restrict

_KINDS = {
    "release": "提供",
    "denial": "拒否",
    "publish": "公布",
    "partner": "提供先",
    "restrict": "停止等",
    "key": "鍵",
    "access": "照会",
    "follow_up": "通知",
    "ack": "応答",
}


async def stop_member(stage: Stage, screen: Screen) -> None:
    """Let a member ask that provision stop, and later take that back; pull before, between and after."""
    screen.act("組合員が「提供を止めて」と申し出る", "A member asks that provision stop")
    member, other = AWKWARD["takasaki"], AWKWARD["yoshino"]
    before = await stage.pull("sunnet", "P4", [member, other])
    stopped = await stage.stop(member, reason="【見本】申し出")
    between = await stage.pull("sunnet", "P4", [member, other])
    lifted = await stage.stop(member, reason="【見本】取り下げ", lifted=True)
    after = await stage.pull("sunnet", "P4", [member, other])
    await excerpt(stage, screen, before.receipt.index)
    both_of_them = {member, other}
    screen.claim(
        (set(before.released), set(between.released), set(after.released)) == (both_of_them, {other}, both_of_them)
        and before.receipt.index < stopped < between.receipt.index < lifted < after.receipt.index,
        f"#{stopped}の申し出は、次の提供#{between.receipt.index}から効く。取り下げ#{lifted}のあとは、また届く",
        f"the stop, entry {stopped}, holds from the next pull on, receipt {between.receipt.index}; lifted, it ends",
    )
    entry = await stage.entry(between.receipt.index)
    screen.claim(
        isinstance(entry, Release) and entry.gov == stopped,
        f"#{between.receipt.index}は#{stopped}を知ったうえで決めた、とログにある。だれの申し出かは書かれていない",
        f"entry {between.receipt.index} was decided knowing entry {stopped}; who asked is not in the log",
    )


async def suspend_partner(stage: Stage, screen: Screen) -> None:
    """Suspend a partner, let it ask, resume it, and let it ask again."""
    screen.act("提供先を止める、そして再開する", "A partner suspended, and resumed")
    codes = [AWKWARD["yoshino"]]

    async def become(*, active: bool, reason: str) -> int:
        log, clock = stage.office.log, stage.office.clock
        return await set_state(log, COOP, "jccu", active=active, by=OPERATOR, reason=reason, clock=clock)

    suspended = await become(active=False, reason="【見本】事故の疑い")
    refusal = await refused(stage, stage.partners["jccu"], stage.pull("jccu", "P5", codes))
    resumed = await become(active=True, reason="【見本】確認が済んだ")
    after = await stage.pull("jccu", "P5", codes)
    show_refusal(screen, refusal)
    await excerpt(stage, screen, suspended)
    screen.claim(
        refusal.entry is not None
        and refusal.entry.reasons == ["agreement:jccu:inactive"]
        and refusal.entry.gov == suspended,
        f"#{suspended}の停止から#{resumed}の再開まで、手元のトークンが有効でも、1件も届かない",
        "from suspension to resumption nothing was released, though its access token was still valid",
    )
    screen.claim(
        len(after.released) == 1,
        f"再開のあと、#{after.receipt.index}でまた届く",
        "resumed, it receives again",
    )


async def excerpt(stage: Stage, screen: Screen, first: int) -> None:
    """Show the log of the co-op from an index on, a line for each entry."""
    table = screen.table(
        ("ログ", "Entry"),
        ("時刻", "Time, JST"),
        ("種類", "Kind"),
        ("内容", "What"),
        ("もとの状態", "gov"),
        widths=(5, 9, 17, 46, 10),
    )
    for index, entry in enumerate((await stage.entries())[first:], first):
        what, style = _told(entry)
        gov = getattr(entry, "gov", None)
        table.add_row(
            f"#{index}",
            _clock(entry.time),
            inline(_KINDS[entry.kind], entry.kind),
            Text(what, style=style, overflow="ellipsis", no_wrap=True),
            "" if gov is None else f"#{gov}",
        )
    screen.show(table)


def _told(entry: Entry) -> tuple[str, str]:
    match entry:
        case Release():
            counts = entry.counts
            return f"{entry.partner} {entry.purpose}: 照会{counts.asked}人、提供{counts.released}人", "green"
        case Denial():
            return f"{entry.partner} {entry.purpose}: {'、'.join(words(one)[0] for one in entry.reasons)}", "red"
        case Restrict(event="imported"):
            return (
                f"{entry.members}人: {'、'.join(f'{what} {count}' for what, count in entry.events.items())}",
                "yellow",
            )
        case Restrict():
            return f"{entry.restriction} {entry.event}: {entry.members}人、{entry.reason}", "yellow"
        case Partner():
            return f"{entry.partner} {entry.event}: {entry.reason}", "yellow"
        case Access():
            return f"{entry.by}: {entry.reason}", ""
        case FollowUp():
            return f"{entry.partner} {entry.duty}: {entry.members}人、{entry.due}まで", "yellow"
        case Ack():
            return f"{entry.partner} {entry.event}", "green"
        case _:
            return "", ""


def _clock(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(JST).strftime("%H:%M:%S")
