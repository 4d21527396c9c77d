"""gateway policy propose | amend | preview | diff | submit | approve | reject | withdraw | roll-back | proposals | export.

Exit codes: 0 done · 1 refused, with the rule and the mend, nothing done · 2 the command line itself · 3 no answer.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.app.office import files_of, write_files
from gateway.cli.acting import By, Reason, line
from gateway.cli.office import digest_of, facts, on, proposal_of, shown, step, told
from gateway.cli.output import USAGE, Json, Lang, err, fail, say, show
from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.file_diff import changed_files
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import Office
from gateway.core.changes.proposal import Proposal
from gateway.core.days import JST
from gateway.ports import Files
from gateway.settings import Settings

Id = Annotated[str, typer.Argument(help="申請の番号 / the proposal's id")]
Title = Annotated[str, typer.Option(help="件名 / what it is, in a few words", callback=line)]
NewTitle = Annotated[str | None, typer.Option(help="件名(省けば元のまま) / as before if left out", callback=line)]
Department = Annotated[str, typer.Option(help="所管部署 / the owning department", callback=line)]
Effective = Annotated[
    str | None, typer.Option(help="施行日時(日本時間。省けば公布と同時) / when, in Japan time unless it says otherwise")
]
Preview = Annotated[str, typer.Option(help="確認したプレビューの番号 / the digest of the preview that was seen")]


def propose(
    coop: str,
    title: Title,
    department: Department,
    by: By,
    reason: Reason,
    effective: Effective = None,
    as_json: Json = False,
) -> None:
    """今のファイルの内容を変更案にする / Make a draft of what the files say now. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(office: Office, configured: Settings) -> Proposal:
        wish = _wish(configured, coop, title, department, effective, reason)
        return await steps.begin(office, coop, wish, by=by)

    told(on(coop, work), as_json=as_json)


def amend(
    coop: str,
    proposal: Id,
    by: By,
    reason: Reason,
    title: NewTitle = None,
    effective: Effective = None,
    as_json: Json = False,
) -> None:
    """変更案を今のファイルの内容に改める(承認は取り消される) / Make a draft say what the files say now; approvals are void."""

    async def work(office: Office, configured: Settings) -> Proposal:
        known = await proposal_of(office, coop, proposal)
        wish = _wish(configured, coop, title or known.title, known.department, effective, reason)
        return await steps.amend(office, known, wish, by=by)

    told(on(coop, work), as_json=as_json)


def preview(coop: str, proposal: Id, as_json: Json = False, lang: Lang = "ja") -> None:
    """公布すると何が変わるかを確かめる / See what publishing it would change; the last lines say what to do next."""
    from gateway.cli.preview_words import tell
    from gateway.control_plane.changes.preview import Preview as Foreseen

    async def work(office: Office, _: Settings) -> tuple[Proposal, tuple[str, bytes]]:
        known = await proposal_of(office, coop, proposal)
        return known, await steps.foreseen(office, known)

    known, (digest, body) = on(coop, work)
    if as_json:
        print(json.dumps({"digest": digest, "preview": json.loads(body)}, ensure_ascii=False, indent=1))
    else:
        tell(known, Foreseen.from_bytes(body), digest, lang=lang)


def diff(coop: str, proposal: Id, as_json: Json = False) -> None:
    """元にした版のファイルとの違いを出す / Print how a proposal's files differ from those of the version that it changes."""

    async def work(office: Office, _: Settings) -> tuple[str | None, dict[str, str]]:
        known = await proposal_of(office, coop, proposal)
        files = await _files(office, known)
        base = {} if known.base is None else await office.proposals.files_of_version(coop, known.base)
        if base is None:
            raise fail(
                "元にした版のファイルは保管されていません。`gateway policy preview` で違いを確かめてください\n"
                "the files of the version that it changes were not kept; see what differs with `gateway policy preview`"
            )
        return known.base, changed_files(base, files)

    base, changed = on(coop, work)
    if as_json:
        print(json.dumps({"base": base, "changed": changed}, ensure_ascii=False, indent=1))
        return
    for text in changed.values():
        print("\n".join("\t".join(map(shown, each.split("\t"))) for each in text.split("\n")), end="")
    if not changed:
        err.print("ファイルに違いはありません / no file differs", highlight=False)


def submit(coop: str, proposal: Id, preview: Preview, by: By, as_json: Json = False) -> None:
    """承認を申請する / Ask for approval, having seen the preview. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    seen = digest_of(preview)
    step(coop, proposal, lambda office, known: steps.submit(office, known, preview=seen, by=by), as_json=as_json)


def approve(coop: str, proposal: Id, preview: Preview, by: By, as_json: Json = False) -> None:
    """承認する(作成者・最終編集者以外の承認者) / Approve, as another person. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    seen = digest_of(preview)
    step(coop, proposal, lambda office, known: steps.approve(office, known, preview=seen, by=by), as_json=as_json)


def reject(coop: str, proposal: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """差し戻す / Send it back to its author. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    step(coop, proposal, lambda office, known: steps.reject(office, known, reason=reason, by=by), as_json=as_json)


def withdraw(coop: str, proposal: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """取り下げる / End it unpublished. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    step(coop, proposal, lambda office, known: steps.withdraw(office, known, reason=reason, by=by), as_json=as_json)


def publish_proposal(coop: str, proposal: str, *, by: str, as_json: bool) -> None:
    """Publish an approved proposal; called by `policy publish`."""
    step(coop, proposal, lambda office, known: steps.publish(office, known, by=by), as_json=as_json)


def roll_back(
    coop: str,
    version: Annotated[
        str, typer.Argument(help="戻す版のdigest(先頭8字から) / the version's digest, its first 8 characters or more")
    ],
    department: Department,
    by: By,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """以前の版の内容で変更案を作る(巻き戻しも新しい版になる) / Draft a return to an earlier version; it will be a new one."""

    async def work(office: Office, _: Settings) -> Proposal:
        return await steps.begin_return(office, coop, version, department=department, reason=reason, by=by)

    told(on(coop, work), as_json=as_json)


def proposals(coop: str, as_json: Json = False) -> None:
    """変更案を一覧する / List the proposals, the one changed last first."""

    async def work(office: Office, _: Settings) -> list[Proposal]:
        return await office.proposals.all(coop)

    rows = [facts(one) for one in on(coop, work)]
    if not as_json:  # what people wrote is shown as they wrote it
        rows = [{name: shown(one) if isinstance(one, str) else one for name, one in row.items()} for row in rows]
    show(rows, as_json=as_json)


def export(coop: str, proposal: Id, policies: Path, partners: Path, as_json: Json = False) -> None:
    """変更案のファイルを書き出す / Write a proposal's files to two folders, byte for byte as they were proposed."""

    async def work(office: Office, _: Settings) -> list[str]:
        files = await _files(office, await proposal_of(office, coop, proposal))
        write_files(files, policies, partners)
        return sorted(files)

    written = on(coop, work)
    say(f"{len(written)} 件のファイル / files", as_json=as_json, files=written)


COMMANDS: dict[str, Callable[..., None]] = {
    "propose": propose,
    "amend": amend,
    "preview": preview,
    "diff": diff,
    "submit": submit,
    "approve": approve,
    "reject": reject,
    "withdraw": withdraw,
    "roll-back": roll_back,
    "proposals": proposals,
    "export": export,
}


async def _files(office: Office, known: Proposal) -> Files:
    files = await office.proposals.files(known.coop, known.content)
    if files is None:
        raise fail("変更案のファイルが保管されていません / the proposal's files are not in the store")
    return files


def _wish(configured: Settings, coop: str, title: str, department: str, effective: str | None, reason: str) -> Wish:
    return Wish(
        files=files_of(configured.policies, configured.partners, coop),
        title=title,
        department=department,
        effective=None if effective is None else instant_of(effective),
        reason=reason,
    )


def instant_of(text: str) -> datetime:
    """Return an instant that a person wrote, in Japan time unless it says otherwise; or end with how to write one."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise fail(
            f"`{shown(text)}` は日時ではありません。2026-12-01T00:00 のように書いてください\n"
            f"`{shown(text)}` is no date and time; write 2026-12-01T00:00 for Japan time, or add an offset",
            USAGE,
        ) from None
    return when if when.tzinfo is not None else when.replace(tzinfo=JST)
