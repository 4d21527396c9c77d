"""A delta laid on the file of an earlier pull: the result is what a full pull gives now.

Who is removed goes, who changed is replaced where they stand, who is new is put where they belong: by code where the
file's members ascend, at the end otherwise (under pairwise ids there is no order to keep). Memory grows with the delta,
never with the file.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gateway.client.errors import AnswerRejected, FileError
from gateway.client.formats import Format, Row
from gateway.client.staging import Record, Staging, State


def whole(staging: Staging, state: State, form: Format) -> Iterator[Row]:
    """The rows of all parts, in their order. Raises AnswerRejected where two parts have the same member."""
    for member, data in _records(staging, state):
        yield form.row(member, data)


def merged(target: Path, staging: Staging, state: State, form: Format) -> Iterator[Row]:
    """The rows of a file with the delta's changes and removals in it. Raises FileError."""
    ascending = _ascends(target, form)
    changed = {member: form.row(member, data) for member, data in _records(staging, state)}
    removed = {removal.member for removal in staging.removals(state)}
    for member in removed:
        changed.pop(member, None)  # the end of the walk is later than any of its parts
    new = dict.fromkeys(sorted(changed) if ascending else changed)
    for member, _ in form.read(target):
        new.pop(member, None)
    waiting = iter([*new])
    following = next(waiting, None)
    for member, row in form.read(target):
        while ascending and following is not None and following < member:
            yield changed[following]
            following = next(waiting, None)
        if member not in removed:
            yield changed.get(member, row)
    while following is not None:
        yield changed[following]
        following = next(waiting, None)


def _records(staging: Staging, state: State) -> Iterator[Record]:
    """Every member once. As long as they ascend nothing need be remembered to know that."""
    last, seen = "", None
    for number, (member, data) in enumerate(_all(staging, state)):
        if seen is None and member <= last:
            seen = {member for member, _ in islice(_all(staging, state), number)}
        if seen is not None:
            if member in seen:
                raise AnswerRejected("results", "two parts have the same member")
            seen.add(member)
        last = member
        yield member, data


def _all(staging: Staging, state: State) -> Iterator[Record]:
    for part in state.parts:
        yield from staging.records(part)


def _ascends(target: Path, form: Format) -> bool:
    """Whether a file's members ascend; refused where the file is not of this form, or has a member twice in a row."""
    last, ascends = "", True
    for member, _ in form.read(target):
        if member == last:
            raise FileError(str(target), "has a member twice")
        ascends, last = ascends and last < member, member
    return ascends
