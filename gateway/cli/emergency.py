"""gateway emergency ask | show | approve | refuse | withdraw | close | list: what must leave at once, by two people.

Exit codes: 0 done · 1 refused, with the rule and the mend · 2 the command line itself · 3 no answer.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from gateway.cli.acting import By, Reason, line
from gateway.cli.office import digest_of, on, shown
from gateway.cli.output import USAGE, Json, Lang, Language, err, fail, out, show as table
from gateway.control_plane.changes.preview import Preview as Foreseen
from gateway.control_plane.drafting.grant import HOW, Condition
from gateway.control_plane.emergencies import acts
from gateway.control_plane.emergencies.asking import ask as asked_for
from gateway.control_plane.emergencies.files import Asked
from gateway.control_plane.emergencies.record import Kept, Standing
from gateway.control_plane.office import Office
from gateway.core.bases import REQUIRED
from gateway.core.days import JST
from gateway.settings import Settings

app = typer.Typer(help="緊急提供 / urgent provisions", no_args_is_help=True)

STANDING: dict[Standing, str] = {
    "asked": "承認待ち",
    "lapsed": "承認前に失効",
    "approved": "承認済み・公布前",
    "in_force": "提供できる状態",
    "to_review": "事後の確認待ち",
    "refused": "差戻し",
    "withdrawn": "取下げ",
    "closed": "確認済み",
}
_NEXT: dict[Standing, str] = {
    "asked": "gateway emergency show {coop} {id}",
    "approved": "gateway emergency approve {coop} {id} --preview <プレビューの番号> --by <承認した担当者ID> --reason <理由>",
    "to_review": "gateway emergency close {coop} {id} --by <担当者ID> --looked <確認した内容>",
}

Id = Annotated[str, typer.Argument(help="緊急提供の番号 / its number")]
Where = Annotated[
    list[str],
    typer.Option("--where", help="対象者の条件 `項目 in|prefix_in|from|to 値,…` / a condition on whom"),
]


@app.command("ask")
def ask(
    coop: str,
    by: By,
    reason: Reason,
    partner: Annotated[str, typer.Option(help="提供先 / partner", callback=line)],
    basis: Annotated[str, typer.Option(help="根拠 life | public_health | law | gov_cooperation / legal basis")],
    department: Annotated[str, typer.Option(help="所管部署 / the owning department", callback=line)],
    purpose: Annotated[str, typer.Option(help="利用目的 / purpose", callback=line)],
    field: Annotated[list[str], typer.Option("--field", help="データ項目(繰り返せます) / fields, repeated")],
    members: Annotated[int, typer.Option(help="1日の人数の上限 / members a day at most")],
    hours: Annotated[int, typer.Option(help="続ける時間 / hours that it lasts")],
    product: Annotated[list[str], typer.Option("--product", help="商品・サービスの範囲 / product classes")] = [],  # noqa: B006  # typer reads it
    where: Where = [],  # noqa: B006  # as above
    case: Annotated[str, typer.Option(help="案件番号 / case number")] = "",
    retention_days: Annotated[int, typer.Option(help="提供先での保管日数 / days that it may be kept")] = 30,
    protects: Annotated[str, typer.Option(help="だれの何を、何から守るか / what is protected")] = "",
    decided_by: Annotated[str, typer.Option(help="判断した人 / who decided")] = "",
    why_consent_is_difficult: Annotated[str, typer.Option(help="同意が困難な理由 / why consent is difficult")] = "",
    subjects: Annotated[str, typer.Option(help="対象となる人 / whose data")] = "",
    law: Annotated[str, typer.Option(help="根拠法令 / the law")] = "",
    document_number: Annotated[str, typer.Option(help="照会文書の番号 / number of the inquiry")] = "",
    received_on: Annotated[str, typer.Option(help="受領日 2026-11-22 / received on")] = "",
    agency: Annotated[str, typer.Option(help="国の機関等 / the agency")] = "",
    why_consent_would_hinder: Annotated[str, typer.Option(help="同意で支障が出る理由 / why it would hinder")] = "",
    as_json: Json = False,
) -> None:
    """緊急提供を申請する(承認されるまで何も出ない) / Ask; nothing leaves before the approval. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    evidence = {
        "protects": protects,
        "decided_by": decided_by,
        "why_consent_is_difficult": why_consent_is_difficult,
        "subjects": subjects,
        "law": law,
        "document_number": document_number,
        "received_on": received_on,
        "agency": agency,
        "why_consent_would_hinder": why_consent_would_hinder,
    }
    said = Asked(
        partner=partner,
        basis=basis,
        department=department,
        purpose=purpose,
        products=tuple(product),
        fields=tuple(field),
        population=tuple(_condition(one) for one in where),
        case=case,
        members=str(members),
        hours=str(hours),
        retention_days=str(retention_days),
        evidence=evidence,
        reason=reason,
    )

    async def work(office: Office, _: Settings) -> Kept:
        made = await asked_for(office, coop, said, by=by)
        return await _one(office, coop, made.id)

    _told(on(coop, work), as_json=as_json)


@app.command("show")
def show(coop: str, emergency: Id, as_json: Json = False, lang: Lang = "ja") -> None:
    """内容とプレビューの番号を示す / Show what it would let leave, and the digest of its preview."""

    async def work(office: Office, _: Settings) -> tuple[Kept, bytes | None]:
        one = await _one(office, coop, emergency)
        digest = None if one.proposal is None else one.proposal.preview
        return one, None if digest is None else await office.proposals.preview(coop, digest)

    one, body = on(coop, work)
    if as_json:
        print(json.dumps(_facts(one), ensure_ascii=False, indent=1))
        return
    out.print(f"{one.dossier.id}: {_standing(one.standing, lang)}", markup=False, highlight=False)
    for grant in () if body is None else Foreseen.from_bytes(body).grants:
        if grant.agreement == one.said.agreement and grant.after is not None:
            out.print(shown(grant.after[lang != "ja"]), markup=False, highlight=False)
    for fact, text in one.said.evidence:
        out.print(f"  {fact}: {shown(text)}", markup=False, highlight=False)
    if one.standing == "asked" and one.proposal is not None:
        following = f"gateway emergency approve {coop} {one.dossier.id} --preview {one.proposal.preview} --by <担当者ID> --reason <理由>"
        err.print(f"次に / next: {following}", markup=False, highlight=False)


@app.command("approve")
def approve(
    coop: str,
    emergency: Id,
    preview: Annotated[str, typer.Option(help="`show` が示すプレビューの番号 / the digest that `show` ends with")],
    by: By,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """承認し、直ちに始める(申請した人以外の承認者) / Approve, as another person: it begins at once. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    seen = digest_of(preview)
    _step(coop, emergency, lambda office, one: acts.approve(office, one, preview=seen, reason=reason, by=by), as_json)


@app.command("refuse")
def refuse(coop: str, emergency: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """差し戻す / Send it back. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    _step(coop, emergency, lambda office, one: acts.refuse(office, one, reason=reason, by=by), as_json)


@app.command("withdraw")
def withdraw(coop: str, emergency: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """取り下げる / Take it back before it is in force. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    _step(coop, emergency, lambda office, one: acts.withdraw(office, one, reason=reason, by=by), as_json)


@app.command("close")
def close(
    coop: str,
    emergency: Id,
    by: By,
    looked: Annotated[str, typer.Option(help="確認した内容 / what was looked at", callback=line)],
    finding: Annotated[str, typer.Option(help="指摘(なければ省く) / the finding; left out: none")] = "",
    as_json: Json = False,
) -> None:
    """期限の後に三人目が確かめる / Look at it after its end, as a third person. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    _step(coop, emergency, lambda office, one: acts.close(office, one, looked=looked, finding=finding, by=by), as_json)


@app.command("list")
def list_emergencies(coop: str, as_json: Json = False) -> None:
    """一覧する / List them, the one asked for last first."""

    async def work(office: Office, _: Settings) -> list[Kept]:
        return await acts.all_kept(office, coop)

    rows = [_facts(one) for one in on(coop, work)]
    if not as_json:
        kept = ("emergency", "state", "partner", "basis", "expires", "author", "approver", "closed_by")
        rows = [{name: row[name] for name in kept} for row in rows]
    table(rows, as_json=as_json)


def _step(coop: str, emergency: str, act: Callable[[Office, Kept], Awaitable[Kept]], as_json: bool) -> None:
    async def work(office: Office, _: Settings) -> Kept:
        return await act(office, await _one(office, coop, emergency))

    _told(on(coop, work), as_json=as_json)


async def _one(office: Office, coop: str, emergency: str) -> Kept:
    found = await acts.kept(office, coop, emergency)
    if found is None:
        raise fail(
            f"`{shown(emergency)}` という緊急提供はありません。`gateway emergency list {coop}` で確かめてください\n"
            f"there is no urgent provision `{shown(emergency)}`; `gateway emergency list {coop}` lists them",
            USAGE,
        )
    return found


def _condition(text: str) -> Condition:
    field, how, values = [*text.split(maxsplit=2), "", "", ""][:3]
    if how not in HOW or not values:
        raise fail(
            f"`{shown(text)}` は条件ではありません。--where 'municipality_code prefix_in 06' のように書いてください\n"
            f"`{shown(text)}` is no condition; write --where 'municipality_code prefix_in 06'",
            USAGE,
        )
    return Condition(field=field, how=how, values=values)


def _standing(standing: Standing, lang: Language) -> str:
    return STANDING[standing] if lang == "ja" else standing


def _facts(one: Kept) -> dict[str, object]:
    said = one.said
    return {
        "emergency": one.dossier.id,
        "state": one.standing,
        "partner": said.partner,
        "basis": said.basis.value,
        "article": REQUIRED[said.basis].article,
        "purpose": said.purpose,
        "fields": list(said.fields),
        "members": said.members,
        "case": said.case,
        "expires": said.expires.astimezone(JST).isoformat(),
        "author": one.dossier.author,
        "approver": said.approver,
        "closed_by": said.closed_by,
        "finding": said.finding,
        "proposal": said.proposal,
        "preview": None if one.proposal is None else one.proposal.preview,
    }


def _told(one: Kept, *, as_json: bool) -> None:
    """Print how it stands now; the command that follows is no output and goes to standard error."""
    if as_json:
        print(json.dumps(_facts(one), ensure_ascii=False))
        return
    ends = f"{one.said.expires.astimezone(JST):%Y-%m-%d %H:%M}"
    text = f"{one.dossier.id}: {one.standing} {STANDING[one.standing]} (期限 / ends {ends})"
    out.print(text, markup=False, highlight=False)
    if one.standing in _NEXT:
        following = _NEXT[one.standing].format(coop=one.dossier.coop, id=one.dossier.id)
        err.print(f"次に / next: {following}", markup=False, highlight=False)
