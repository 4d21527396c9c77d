"""What a change of the notice is in law (法27条6項, ガイドライン通則編3-6-3): every one typed, with what is to be done.

    items or users added      in principle not for members acquired before: gate 4 keeps them out (core/member_gate.py)
                              unless a cohort decision stands
    another name of a user    no new user
    purposes, another party   announced before it takes effect
    name, address or          announced without delay: the days are counted
    representative of a party

A version is compared with the one before it whose text is held (`between_versions`), and a version that had been
published with what it says after an edit (`within_versions`). Where the archived text is the same one, the notice did
not change: a reading of it was mended. All words are optional; without them what only words tell is not told.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

import msgspec

from gateway.core.days import jst_day
from gateway.core.notices.cohorts import coverage
from gateway.core.notices.matters import Kind, NoticeChange, NoticeWords, State, Task
from gateway.core.notices.responsible_party import parties_changed
from gateway.core.policy import Notice, Policy

Words = Mapping[str, NoticeWords]
"""Version of the notice → its words."""

GUIDELINE: Final = "ガイドライン通則編3-6-3(3)"
ARTICLE: Final = "法27条6項"
JOINT_PURPOSE: Final = "J1"
_ORDER: Final = ("no", "review", "yes")
_NONE: Final = NoticeWords()


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A version and what it is compared with."""

    old: Policy
    was: Notice
    said: NoticeWords
    new: Policy
    now: Notice
    says: NoticeWords
    today: date

    @property
    def in_place(self) -> bool:
        return self.was.version == self.now.version

    @property
    def same_text(self) -> bool:
        return self.in_place and self.says.text is not None and self.said.text == self.says.text


def of_proposal(old: Policy | None, new: Policy, *, said: Words, says: Words, today: date) -> tuple[NoticeChange, ...]:
    """Return what a proposed policy changes of the notice: versions that it edits, and those that it adds.

    `said` are the words of `old`, `says` those of `new`. Before the first version nothing changes.
    """
    if old is None:
        return ()
    known = {notice.version for notice in old.notices if notice.held}
    added = {notice.version for notice in new.notices if notice.held} - known
    return (
        *within_versions(old, new, said=said, says=says, today=today),
        *between_versions(new, words=says, today=today, only=added),
    )


def between_versions(
    policy: Policy, *, words: Words, today: date, only: Collection[str] | None = None
) -> tuple[NoticeChange, ...]:
    """Return what each version of the notice (`only` these) changes of the one before it whose text is held."""
    pairs: list[tuple[Notice, Notice]] = []
    for at, now in enumerate(policy.notices):
        was = next((one for one in reversed(policy.notices[:at]) if one.held and _of_one(one, now)), None)
        if was is not None:
            pairs.append((was, now))
    return _compared(policy, policy, pairs, said=words, says=words, today=today, only=only)


def within_versions(
    old: Policy, new: Policy, *, said: Words, says: Words, today: date, only: Collection[str] | None = None
) -> tuple[NoticeChange, ...]:
    """Return what `new` says otherwise of versions (`only` these) that `old` had published already."""
    were = {notice.version: notice for notice in old.notices if notice.held}
    pairs = [(were[now.version], now) for now in new.notices if now.version in were]
    return _compared(old, new, pairs, said=said, says=says, today=today, only=only)


def _compared(
    old: Policy,
    new: Policy,
    pairs: Iterable[tuple[Notice, Notice]],
    *,
    said: Words,
    says: Words,
    today: date,
    only: Collection[str] | None,
) -> tuple[NoticeChange, ...]:
    found: list[NoticeChange] = []
    for was, now in pairs:
        if not now.held or (only is not None and now.version not in only):
            continue
        of_was, of_now = said.get(was.version, _NONE), says.get(now.version, _NONE)
        found += _changes(_Pair(old=old, was=was, said=of_was, new=new, now=now, says=of_now, today=today))
    return tuple(found)


def _of_one(one: Notice, other: Notice) -> bool:
    """Tell whether two versions are for a programme of both."""
    return one.programmes is None or other.programmes is None or bool(one.programmes & other.programmes)


def _changes(pair: _Pair) -> Iterator[NoticeChange]:
    yield from _items(pair)
    yield from _users(pair)
    yield from _purposes(pair)
    yield from parties_changed(
        pair.said.parties,
        pair.says.parties,
        notice=pair.now,
        earlier=pair.was.version,
        same_text=pair.same_text,
        today=pair.today,
    )


# ── items and users: not for those acquired before ────────────────────────────────────────────────────────────────


def _items(pair: _Pair) -> Iterator[NoticeChange]:
    were, are, said, says = pair.was.items, pair.now.items, pair.said.items, pair.says.items
    added = [name for name, item in are.items() if name not in were or (item.open and not were[name].open)]
    if added:
        named = [one.version for one in pair.new.notices if one.held and set(added) <= one.items.keys()]
        yield _widened(pair, "items_widened", added, themselves=named, grounds={"consent"})
    labels = [
        name for name in are if name in were and said.get(name) != says.get(name) and {name} <= said.keys() & says
    ]
    if labels:
        state, task = _edited(pair, _until_published(pair), "judge_wording")
        yield _change(pair, "items_reworded", labels, task, state, source=GUIDELINE, **_texts(labels, said, says))


def _users(pair: _Pair) -> Iterator[NoticeChange]:
    were, are = {user.partner for user in pair.was.users}, {user.partner for user in pair.now.users}
    gone = {number for name in were - are if (number := _number(pair.old, name)) is not None}
    renamed: list[str] = []
    added: list[str] = []
    another: list[str] = []
    for name in sorted(are):
        number, before = _number(pair.new, name), _number(pair.old, name)
        if name not in were:
            (renamed if number in gone else added).append(name)
        elif number is not None and before is not None and number != before:
            another.append(name)
        elif _names(pair.old, pair.said, name) != _names(pair.new, pair.says, name):
            renamed.append(name)
    if added:
        named = [
            one.version for one in pair.new.notices if one.held and set(added) <= {user.partner for user in one.users}
        ]
        yield _widened(pair, "users_widened", added, themselves=named, grounds={"consent", "succession"})
    if another:
        # The notice names another legal entity under an id that stood for one before: whatever version, it is a new user.
        yield _change(pair, "users_widened", another, "new_version", "open", source=GUIDELINE)
    if renamed:
        yield _change(pair, "user_renamed", renamed, "update_name", "done", source=GUIDELINE)


def _number(policy: Policy, partner: str) -> str | None:
    found = policy.partners.get(partner)
    return None if found is None else found.corporate_number


def _names(policy: Policy, words: NoticeWords, partner: str) -> tuple[str, str]:
    found = policy.partners.get(partner)
    return "" if found is None else found.name, words.users.get(partner, "")


def _widened(
    pair: _Pair, kind: Kind, subjects: Iterable[str], *, themselves: Collection[str], grounds: Collection[str]
) -> NoticeChange:
    state, task = _edited(pair, "done", "cohort")
    if pair.in_place:
        return _change(pair, kind, subjects, task, state, source=GUIDELINE)
    covered, uncovered = coverage(pair.new, pair.now, themselves=themselves, grounds=grounds)
    if any(not one.fits or one.earlier for one in covered):
        state, task = "open", "confirm_cohort"
    elif uncovered:
        state = "kept_out"
    changed = _change(pair, kind, subjects, task, state, source=GUIDELINE)
    return msgspec.structs.replace(changed, covered=covered, uncovered=uncovered)


# ── purposes: announced before ────────────────────────────────────────────────────────────────────────────────────


def _purposes(pair: _Pair) -> Iterator[NoticeChange]:
    were, are = pair.was.purposes, pair.now.purposes
    said = {JOINT_PURPOSE: pair.said.joint_purpose, **pair.said.purposes}
    says = {JOINT_PURPOSE: pair.says.joint_purpose, **pair.says.purposes}
    joint = [name for name, one in are.items() if one.joint != "no"]
    changed = [name for name in joint if name not in were]
    changed += [
        name for name in (JOINT_PURPOSE, *joint) if said.get(name) and said[name] != (says.get(name) or said[name])
    ]
    if changed:
        yield _before(pair, "purposes_changed", changed, **_texts(changed, said, says))
    removed = [name for name, one in were.items() if one.joint != "no" and name not in are]
    if removed:
        yield _before(pair, "purposes_removed", removed)
    mapped = [
        name for name, one in are.items() if name in were and _ORDER.index(one.joint) > _ORDER.index(were[name].joint)
    ]
    if mapped:
        yield _before(pair, "mapping_widened", mapped)


def _before(pair: _Pair, kind: Kind, subjects: Iterable[str], **texts: str) -> NoticeChange:
    """Return a change that is announced before it takes effect, on the version's first day at the latest."""
    published, until = _first_day(pair.now.published.start), _first_day(pair.now.effective.start)
    late = published is not None and until is not None and published > until
    state, task = _edited(pair, _until_published(pair), "announce_before")
    changed = _change(pair, kind, subjects, task, state, **texts)
    return msgspec.structs.replace(changed, until=until, late=late or task == "new_version")


def _texts(names: Iterable[str], said: Mapping[str, str], says: Mapping[str, str]) -> dict[str, str]:
    """Return what a single text said before and says now; nothing for several."""
    one, *more = names
    return {} if more or one not in said else {"before": said[one], "after": says.get(one, "")}


# ── what they share ───────────────────────────────────────────────────────────────────────────────────────────────


def _until_published(pair: _Pair) -> State:
    published = _first_day(pair.now.published.start)
    return "open" if published is not None and published > pair.today else "done"


def _edited(pair: _Pair, state: State, task: Task) -> tuple[State, Task]:
    """Return state and task; of a published version that was edited, that its text stands as it was, or must not."""
    if not pair.in_place:
        return state, task
    return ("done", "same_text") if pair.same_text else ("open", "new_version")


def _change(
    pair: _Pair,
    kind: Kind,
    subjects: Iterable[str],
    task: Task,
    state: State,
    *,
    source: str = ARTICLE,
    before: str = "",
    after: str = "",
) -> NoticeChange:
    named = tuple(dict.fromkeys(subjects))
    return NoticeChange(
        kind=kind,
        notice=pair.now.version,
        earlier=pair.was.version,
        subjects=named,
        labels=tuple(_label(pair, name) for name in named),
        before=before,
        after=after,
        source=source,
        grade="K",
        task=task,
        state=state,
    )


def _label(pair: _Pair, name: str) -> str:
    """Return a subject as it is published: items, partners and purposes have no id in common."""
    if name == JOINT_PURPOSE:
        return pair.says.joint_purpose or name
    partner = pair.new.partners.get(name)
    words = pair.says.items.get(name) or pair.says.purposes.get(name) or pair.said.purposes.get(name)
    return words or (partner.name if partner is not None else name)


def _first_day(start: datetime | None) -> date | None:
    return None if start is None else jst_day(start)
