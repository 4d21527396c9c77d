"""Act 7: a narrower grant, published by two people, holds from the next pull on."""

from difflib import unified_diff

from rich.text import Text

from gateway.control_plane.changes.publish import NotTwoPeople
from gateway.demo.acts.refusals import refused, show_refusal
from gateway.demo.awkward import AWKWARD
from gateway.demo.enrol import APPROVER, PROPOSER, put_in_force, read, write_client
from gateway.demo.screen import Screen, both
from gateway.demo.stage import PartnerSystem, Stage
from gateway.demo.state import COOP
from gateway.tlog.entries import Release

REASON = "【見本】伝票にフリガナは使わず、電話番号は下4桁で足りる"
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


async def change_policy(stage: Stage, screen: Screen) -> None:
    """Narrow a grant in the office's files; one person may not publish it, two may; pull again."""
    screen.act("提供範囲の変更は、2人で", "A change of a grant takes two people")
    before = await stage.pull("sunnet", "P4", [AWKWARD["takasaki"]])
    _edit(stage, screen)
    document = read(stage.settings, COOP)
    try:
        await put_in_force(stage.settings, stage.office, document, reason=REASON, approver=PROPOSER)
    except NotTwoPeople as refused_self:
        screen.point("✘", both("起案した人が自分で承認しようとすると、断られる", str(refused_self)), style="red")
    else:
        screen.check(None, "1人では公布できない", "one person cannot publish")
    index = await put_in_force(stage.settings, stage.office, document, reason=REASON)
    stage.documents[COOP] = document
    digest = (await stage.policy()).digest
    screen.claim(
        digest == document.digest,
        f"{PROPOSER}が起案し、{APPROVER}が承認して公布。提供ログの#{index}に残り、その瞬間から効く",
        f"published by two people as entry {index}, in force from that instant (digest {digest[:12]}…)",
    )
    screen.gap()
    screen.say(
        "サンネットが、さっきと同じ要求をもう一度送ると、", "The partner sends the same request as a moment ago:"
    )
    screen.gap()
    refusal = await refused(stage, stage.partners["sunnet"], stage.pull("sunnet", "P4", [AWKWARD["takasaki"]]))
    show_refusal(screen, refusal)
    screen.check(
        refusal.entry is not None and refusal.entry.reasons == ["grant:name_kana:not_granted"],
        "フリガナは提供範囲に含まれない",
        "the kana is not granted any more",
    )
    await _adapt(stage)
    after = await stage.pull("sunnet", "P4", [AWKWARD["takasaki"]])
    then, now = (next(iter(one.released.values())) for one in (before, after))
    table = screen.table(
        ("髙﨑 花子さんの", "Of the same member"),
        (f"変更の前 #{before.receipt.index}", "before"),
        (f"フリガナを求めずに #{after.receipt.index}", "after, asking no kana"),
        widths=(22, 34, 37),
    )
    for name in ("name", "name_kana", "phone"):
        table.add_row(document.fields[name].ja, str(then[name]), str(now.get(name, "-")))
    screen.show(table)
    entry = await stage.entry(after.receipt.index)
    screen.claim(
        isinstance(entry, Release)
        and (entry.gov, entry.policy) == (index, digest)
        and now["phone"] == "".join(filter(str.isdecimal, then["phone"]))[-4:]
        and "name_kana" not in now,
        f"狭くした範囲は次の提供から効く。#{after.receipt.index}には、#{index}の公布にもとづいたことが残る",
        f"the narrower grant holds from the next pull on; entry {after.receipt.index} was decided under entry {index}",
    )


def _edit(stage: Stage, screen: Screen) -> None:
    file = stage.state / "office" / "policies" / COOP / "agreements" / "sunnet.yaml"
    before = file.read_text(encoding="utf-8")
    # The first grant of the file is the delivery.
    after = before.replace("          name_kana: as_is\n", "", 1)
    after = after.replace("          phone: as_is\n", "          phone: phone_last4\n", 1)
    file.write_text(after, encoding="utf-8")
    changed = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))
    screen.say(str(file))
    for line in changed[2:]:
        screen.show(Text(f"  {line}", style=_COLOURS.get(line[0], "")))
    screen.gap()


async def _adapt(stage: Stage) -> None:
    """Let the partner set its client up for what it is granted now."""
    old = stage.partners["sunnet"]
    write_client(stage.settings, stage.documents[COOP], "sunnet", old.config.client_id, old.folder)
    stage.partners["sunnet"] = PartnerSystem(old.folder)
    await old.close()
