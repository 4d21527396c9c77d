"""What one answer of a walk gives: the members available, or of them those that an earlier walk did not give so."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gateway.core.days import Moment
from gateway.core.request import DataRequest
from gateway.core.walk import MOST_REMOVED, Walked, digester
from gateway.data_plane.cursors import Ended, Mark, context_of, seal_token
from gateway.data_plane.desk import Coop
from gateway.data_plane.gathering import Gathered, Released, gathered, given_after, written
from gateway.data_plane.passing import Asking, Fetched
from gateway.data_plane.walks import seal_given, seen_by, stride_after, upper_end


class Results(msgspec.Struct, kw_only=True):
    """The results of an answer as JSON, and what the log and the next answer need to know of them."""

    results: bytes
    tags: list[bytes]
    asked: int
    refused: int
    paging: dict[str, Any] = {}
    standing: bytes = b""
    walked: Walked | None = None
    removed: int = 0

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Results {len(self.tags)}>"


def page_of(
    coop: Coop,
    asking: Asking,
    mark: Mark,
    fetched: Fetched,
    released: Released,
    *,
    shown: Callable[[str], str] | None,
    moment: Moment,
) -> Results:
    """Return one answer of a walk; `shown` is the partner's name for a code, None where that is the code itself."""
    if fetched.unchanged and mark.since is not None:
        said = {"since": _token(coop, asking, "since", mark.since), "removals": []}
        return Results(results=b"[]", tags=[], asked=0, refused=0, paging=said, standing=b"unchanged")
    before = fetched.before
    lost = before is not None and before.lost
    found = gathered(asking, fetched, released, digester(coop.secrets.cursors), shown, compared=not lost)
    pages = fetched.pages[: found.pages]
    ends = pages[-1].next is None
    last = upper_end(asking, pages, mark)
    gone: list[str] = []
    if before is not None and not lost:
        gone = before.gone(frozenset(found.codes), after=mark.last, upto=None if ends else last)
    removed = _named(gone, shown)
    resync = mark.resync or lost
    onward = msgspec.structs.replace(
        mark,
        nth=mark.nth + 1,
        after=pages[-1].next,
        last=last,
        ordered=fetched.ordered,
        removing=mark.removing + len(removed),
        read=before.at(last) if before is not None and not lost else 0,
        stride=stride_after(
            mark, all_of_it=found.pages == len(fetched.pages), given=len(found.results), limit=asking.limit
        ),
        resync=resync,
        seen=seen_by(mark, pages[0].high_water, fetched.permit, min(fetched.permit.valid_until, moment.until)),
    )
    if ends:
        paging, told = _end(coop, asking, onward, _all_removed(asking, fetched, found, gone, shown), moment)
    else:
        paging, told = {"next": _token(coop, asking, "cursor", onward)}, 0
    refused = sum(len(page.refused) for page in pages)
    return Results(
        results=written(found, fetched, asking.part),
        tags=found.tags,
        asked=sum(len(page.rows) for page in pages) + refused - found.unchanged,
        refused=refused,
        paging=paging,
        standing=msgspec.msgpack.encode((onward, removed)),
        walked=seal_given(coop, mark.walk, mark.nth, given_after(found, asking.part, gone, shown, ends=ends)),
        removed=told,
    )


def _named(codes: Iterable[str], shown: Callable[[str], str] | None) -> list[str]:
    return [*codes] if shown is None else [shown(code) for code in codes]


def _all_removed(
    asking: Asking, fetched: Fetched, found: Gathered, gone: list[str], shown: Callable[[str], str] | None
) -> list[str]:
    """Return who is to be removed by all of a walk, as the partner knows them."""
    if asking.part is not None:
        return [*asking.part.removed, *_named(gone, shown)]
    given = frozenset(found.codes)
    return _named(dict.fromkeys(code for code in (*fetched.removed, *gone) if code not in given), shown)


def _end(coop: Coop, asking: Asking, mark: Mark, removed: list[str], moment: Moment) -> tuple[dict[str, Any], int]:
    """Return what the last answer of a walk says beyond its results, and how many removals that tells."""
    ordered, seen = mark.ordered, None if mark.resync else mark.seen
    if len(removed) > MOST_REMOVED:
        # Whoever has not changed was left out, so this walk is nobody's new beginning; the next one is.
        ordered, seen, removed = False, None, removed[:MOST_REMOVED]
    duty = coop.duties.removal
    due = coop.duties.due(duty, moment.today).isoformat()
    ended = Ended(
        issued=mark.issued,
        walk=mark.walk,
        answers=mark.nth,
        ordered=ordered,
        seen=seen,
    )
    told = [{"member": member, "duty": duty, "due": due} for member in removed]
    said = {"since": _token(coop, asking, "since", ended), "removals": told}
    return said | ({"resync": True} if mark.resync else {}), len(told)


def _token(coop: Coop, asking: Asking, kind: str, token: Mark | Ended) -> str:
    assert isinstance(asking.request, DataRequest)
    return seal_token(coop.secrets.cursors, token, context_of(kind, asking.client, asking.request))
