"""One command at the second door: the office opened, the proposal found, what was refused told, what was done told."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from gateway.app.office import office_of
from gateway.app.storage import stores
from gateway.cli.acting import known
from gateway.cli.output import USAGE, err, fail, out, run, settings
from gateway.control_plane.office import Office
from gateway.control_plane.refusals import FilesRefused
from gateway.core.changes.proposal import Proposal, State
from gateway.core.days import JST
from gateway.core.refused import Refused
from gateway.ports import Told
from gateway.settings import Settings

_T = TypeVar("_T")
_DIGEST = re.compile(r"[0-9a-f]{64}")

STATE: dict[State, tuple[str, str]] = {
    "draft": ("起案中", "draft"),
    "submitted": ("承認待ち", "submitted"),
    "approved": ("承認済み", "approved"),
    "withdrawn": ("取下げ", "withdrawn"),
    "published": ("公布済み", "published"),
}
_NEXT: dict[State, str] = {
    "draft": "gateway policy preview {coop} {id}",
    "submitted": "gateway policy preview {coop} {id}",
    "approved": "gateway policy publish {coop} {id} --by <担当者ID>",
    "published": "gateway policy history {coop}",
}


def on(coop: str, work: Callable[[Office, Settings], Awaitable[_T]]) -> _T:
    """Do some work in the office of a co-op that there is, to the end or to a sentence and an exit code."""

    async def opened() -> _T:
        configured = settings()
        known(configured, coop)
        async with stores(configured) as made:
            with refusals_told():
                return await work(office_of(configured, made), configured)

    return run(opened())


def step(coop: str, proposal: str, act: Callable[[Office, Proposal], Awaitable[Proposal]], *, as_json: bool) -> None:
    """Do one act on a proposal that there is, and tell how it stands then."""

    async def work(office: Office, _: Settings) -> Proposal:
        return await act(office, await proposal_of(office, coop, proposal))

    told(on(coop, work), as_json=as_json)


async def proposal_of(office: Office, coop: str, proposal: str) -> Proposal:
    """Return the proposal of an id; or end where there is none."""
    found = await office.proposals.get(coop, proposal) if proposal.isascii() and proposal.isalnum() else None
    if found is None:
        raise fail(
            f"`{shown(proposal)}` という申請はありません。`gateway policy proposals {coop}` で確かめてください\n"
            f"there is no proposal `{shown(proposal)}`; `gateway policy proposals {coop}` lists them",
            USAGE,
        )
    return found


def digest_of(preview: str) -> str:
    """Return the digest of a preview as a person gave it; or end where it is none."""
    if _DIGEST.fullmatch(preview) is None:
        raise fail(
            "--preview には、`gateway policy preview` が最後に示す64字の番号を書いてください\n"
            "--preview takes the 64 characters that `gateway policy preview` ends with",
            USAGE,
        )
    return preview


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turn what the second door refuses into its rule and its mend, in both languages, and the exit code 1."""
    from gateway.adapters.policy_files.folder import FileRefused

    try:
        yield
    except FilesRefused as refused:
        findings_told(refused.findings)
        raise _refused(refused) from None
    except Refused as refused:
        raise _refused(refused) from None
    except FileRefused as refused:
        raise fail(f"{refused.ja}\n{refused.en}") from None


def findings_told(findings: Iterable[Told]) -> None:
    """Print findings on standard error: file, line and rule, then what is wrong and the mend in both languages."""
    for one in findings:
        style = "red" if one.severity == "error" else "yellow"
        text = f"{one.file}:{one.line} [{one.rule}] {one.severity}\n  {one.ja}\n  {one.en}"
        err.print(text, style=style, markup=False, highlight=False)


def facts(one: Proposal) -> dict[str, object]:
    """Return how a proposal stands, for a table or as JSON."""
    return {
        "proposal": one.id,
        "state": one.state,
        "title": one.title,
        "department": one.department,
        "author": one.author,
        "editor": one.editor,
        "approver": one.approver,
        "revision": one.revision,
        "effective": None if one.effective is None else one.effective.astimezone(JST).isoformat(),
        "preview": one.preview,
        "base": one.base,
        "entry": one.published,
    }


def told(one: Proposal, *, as_json: bool) -> None:
    """Print how a proposal stands now; the command that follows is no output and goes to standard error."""
    if as_json:
        print(json.dumps(facts(one), ensure_ascii=False))
        return
    text = f"{one.id}: {one.state} {STATE[one.state][0]} 「{shown(one.title)}」"
    out.print(text, markup=False, highlight=False)
    if one.state in _NEXT:
        following = _NEXT[one.state].format(coop=one.coop, id=one.id)
        err.print(f"次に / next: {following}", markup=False, highlight=False)


def shown(text: str) -> str:
    """Return a text as a terminal may show it (log/words.py)."""
    from gateway.cli.log.words import printable  # this module stands below the commands of the log

    return printable(text)


def _refused(refused: Refused) -> typer.Exit:
    return fail(f"{refused.ja} [{refused.rule}]\n{refused.en} [{refused.rule}]")
