"""Act 3: each partner pulls the same members, then everybody it may have."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from rich.progress import Progress

from gateway.client import Transfer
from gateway.demo.acts.fields import View, show_fields
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import Member
from gateway.demo.screen import Screen, both, legible
from gateway.demo.stage import Stage
from gateway.tlog.entries import Release

VIEWS = (
    View("sunnet", "P4", "お届け", "delivery"),
    View("coop-kyosai", "P4", "共済", "kyosai"),
    View("jccu", "P5", "斡旋", "introduction"),
)
NAMES = ("takasaki", "yoshino", "watanabe", "gaiji", "half_width_kana", "leading_zeros")
PAGE = 100

_SENSITIVE = ("receivable_yen", "child_birth_date", "inquiry_text", "care_level", "email", "phone")


async def pull_the_same(stage: Stage, screen: Screen) -> None:
    """Let three partners pull the same seven members; show who receives whom, and one of them field by field."""
    screen.act("同じ組合員を、3つの提供先が受け取る", "Three partners pull the same members")
    shared = shared_member(stage.people)
    codes = [shared["member_code"], *(AWKWARD[name] for name in NAMES)]
    pulled = {view: await stage.pull(view.partner, view.purpose, codes) for view in VIEWS}
    _show_members(stage, screen, codes, pulled)
    sunnet, kyosai, jccu = pulled.values()
    survived = all(sunnet.released[code]["name"] == stage.people[code]["name"] for code in codes)
    screen.claim(
        survived and sunnet.released[AWKWARD["half_width_kana"]]["name_kana"] == "ﾃﾞﾜ ﾂｷｺ",
        "髙・﨑・𠮷・邊・外字・半角カナ・先頭のゼロは、暗号化して届いた先でも1文字も変わらない",
        "rare characters, half-width kana and leading zeros arrive unchanged",
    )
    screen.claim(
        set(kyosai.released) == {shared["member_code"]}
        and set(jccu.released) == {*codes}
        and all("name" not in data and data["member_code"] != code for code, data in jccu.released.items()),
        "共済連には共済の加入者だけが届く。日本生協連には全員が、氏名なし、提供先別の番号で届く",
        "the kyosai federation receives its own; 日本生協連 everybody, nameless, under ids of its own",
    )
    for transfer in pulled.values():
        entry = await stage.entry(transfer.receipt.index)
        assert isinstance(entry, Release)
        same = (entry.transfer, entry.counts.released) == (transfer.id, len(transfer.released))
        screen.check(same, "受領証の番号の記録が、その提供のものである", "each receipt names its entry")
    await show_fields(stage, screen, shared, pulled)
    await walk_everybody(stage, screen)


def shared_member(people: Mapping[str, Member]) -> Member:
    """Return the member about whom most is known among those whom all three partners may have."""
    newest = max(member["as_of"][:10] for member in people.values())
    eligible = [
        member
        for member in people.values()
        if member["status"] == "active"
        and member["programmes"]
        and not member["stops"]
        and member["as_of"][:10] == newest
        and {"G1", "G2"} <= {*member["product_classes"]}
        and member["kyosai_enrolled"]
        and member["municipality_code"].startswith("06")
    ]
    return max(eligible, key=lambda member: sum(bool(member[column]) for column in _SENSITIVE))


def _show_members(stage: Stage, screen: Screen, codes: Sequence[str], pulled: Mapping[View, Transfer]) -> None:
    headers = [(f"{stage.short_name(view.partner)} {view.purpose} {view.ja}", view.en) for view in VIEWS]
    table = screen.table(("組合員", "Member"), *headers, widths=(18, 24, 24, 24))
    for code in codes:
        cells = []
        for transfer in pulled.values():
            data = transfer.released.get(code)
            if data is None:
                cells.append(both("提供できません", "not_available"))
            elif "name" in data:
                cells.append(both(legible(data["name"]), legible(data["name_kana"])))
            else:
                cells.append(both(legible(data["member_code"]), f"{data['birth_date']}, sex {data['sex']}"))
        table.add_row(both(legible(stage.people[code]["name"]), code), *cells)
    screen.show(table)


async def walk_everybody(stage: Stage, screen: Screen) -> None:
    """Let the three walk their whole populations at the same time, a page at a time, within their daily quotas."""
    screen.gap()
    screen.say(
        f"つづいて3つの提供先が同時に、受け取れる全員を{PAGE}人ずつ受け取る。",
        f"Then all three walk everybody they may have, {PAGE} members a page, at the same time.",
    )
    screen.gap()
    began = time.monotonic()
    with screen.progress() as bars:
        walks = [_walk(stage, bars, view) for view in VIEWS]
        received = await asyncio.gather(*walks)
    seconds = time.monotonic() - began
    table = screen.table(
        ("提供先", "Partner"),
        ("目的", "For"),
        ("回数", "Transfers"),
        ("読んだ人", "Read"),
        ("提供", "Released"),
        ("提供できない", "Unavailable"),
        ("不備", "Malformed"),
        widths=(28, 4, 9, 9, 9, 12, 9),
    )
    for column in table.columns[2:]:
        column.justify = "right"
    pages = 0
    for view, members in zip(VIEWS, received, strict=True):
        entries = [one for one in await stage.entries() if isinstance(one, Release) and one.page]
        counts = [one.counts for one in entries if one.partner == view.partner]
        pages += len(counts)
        read, released = sum(one.asked for one in counts), sum(one.released for one in counts)
        away, refused = sum(one.not_available for one in counts), sum(one.refused for one in counts)
        numbers = (f"{number:,}" for number in (len(counts), read, released, away, refused))
        table.add_row(stage.short_name(view.partner), view.purpose, *numbers)
        screen.check(released == members, "ログの人数と届いた人数が同じである", "the log counts what arrived")
    screen.show(table)
    screen.claim(
        sum(received) > 0,
        f"{pages}回の提供、延べ{sum(received):,}人。1回ごとにログへ確定してから送り出した({seconds:.1f}秒)",
        f"{pages} transfers, each durable in the log before its first byte left; counts agree with what arrived",
    )


async def _walk(stage: Stage, bars: Progress, view: View) -> int:
    """Return how many members a partner received."""
    system = stage.partners[view.partner]
    product = system.config.ask(view.purpose).product
    grants = await system.client.grants()
    (left,) = [one.members_left for one in grants if one.purpose == view.purpose and product in one.products]
    task = bars.add_task(f"{stage.short_name(view.partner)} {view.purpose}", total=len(stage.people))
    received = 0
    async for page in stage.walk(view.partner, view.purpose, limit=PAGE):
        received += len(page)
        bars.update(task, completed=received)
        if left is not None and received + 2 * PAGE > left:
            break  # what is left of the day's quota is for the acts to come
    bars.update(task, total=received, completed=received)
    return received
