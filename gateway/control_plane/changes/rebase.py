"""A proposal's files brought onto the version published last, so that saving one never undoes what others published.

File by file: what the proposal left as it was follows the version of now, what it changed stays. A file that both
changed is nobody's to decide for a person: it is refused by name.
"""

from gateway.control_plane.office import Office
from gateway.core.changes.proposal import Proposal
from gateway.core.refused import Refused
from gateway.ports import Files


async def rebased(office: Office, proposal: Proposal, files: Files, *, onto: str | None) -> Files:
    """Return `files`, which say what `proposal` wants, on the version `onto`. Raises Refused, Unavailable."""
    if onto == proposal.base:
        return files
    old = await _files_of(office, proposal.coop, proposal.base)
    new = await _files_of(office, proposal.coop, onto)
    merged, both = {}, []
    for path in sorted(old.keys() | new.keys() | files.keys()):
        was, now, mine = old.get(path), new.get(path), files.get(path)
        if mine not in {was, now} and was != now:
            both.append(path)
        said = now if mine == was else mine
        if said is not None:
            merged[path] = said
    if both:
        raise _both_changed(both)
    return merged


async def _files_of(office: Office, coop: str, version: str | None) -> Files:
    if version is None:
        return {}
    files = await office.proposals.files_of_version(coop, version)
    if files is None:
        raise Refused(
            "base",
            "元にした版のファイルが保管されていないため、今の版に合わせられません。新しい申請を作ってください",
            "the files of the version it changes were not kept, so it cannot follow the version of now; begin another",
        )
    return files


def _both_changed(paths: list[str]) -> Refused:
    names = ", ".join(paths)
    return Refused(
        "base",
        f"この申請も、後から公布された版も、同じファイルを変えています({names})。新しい申請を作り、今の版で変え直してください",
        f"both this proposal and a version published since change {names}; begin another and change it there",
    )
