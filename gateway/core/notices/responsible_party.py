"""Who answers for jointly used data, published otherwise than before (法27条6項).

Another legal person is announced before; another name, address or representative of the same one without delay. The
corporate number (法人番号) tells which; without it another name is presumed to be another person, the stricter of the two.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from gateway.core.days import jst_day
from gateway.core.legal_parameters import WITHOUT_DELAY_DAYS, days_after, on
from gateway.core.notices.matters import DatedWord, NoticeChange, Party, State, Task
from gateway.core.policy import Notice

SOURCE: Final = "法27条6項"
DETAILS: Final = ("name", "address", "representative")


def parties_changed(
    old: Sequence[Party], new: Sequence[Party], *, notice: Notice, earlier: str, same_text: bool, today: date
) -> Iterator[NoticeChange]:
    """Yield what `notice` says otherwise than the version `earlier` of who is responsible; nothing where either says nothing.

    `same_text`: the archived text is the one that had been published, so that only its transcription was mended.
    """
    if not old or not new:
        return
    edited = earlier == notice.version
    for was, now in zip(old, new, strict=False):
        another = another_person(was, now)
        if another is not None:
            yield _another(was, now, notice, earlier, presumed=another, same_text=same_text, today=today)
            continue
        for word in DETAILS:
            before: DatedWord | None = getattr(was, word)
            after: DatedWord | None = getattr(now, word)
            # What was missing before is no change: it is one of the matters that completeness asks for.
            if before is not None and after is not None and before.text != after.text:
                yield _detail(word, before, after, notice, earlier, edited=edited, same_text=same_text, today=today)
    if len(old) != len(new):
        yield _another(old[-1], new[-1], notice, earlier, presumed=False, same_text=same_text, today=today)


def another_person(was: Party, now: Party) -> bool | None:
    """Tell whether it is another legal person: True where that is presumed, False where it is known; None: the same."""
    if was.corporate_number is not None and now.corporate_number is not None:
        return None if was.corporate_number == now.corporate_number else False
    if was.name is None or now.name is None or _letters(was.name.text) == _letters(now.name.text):
        return None
    return True


def _letters(name: str) -> str:
    """Return a name without its blanks: 「生活協同組合 共立社」 is 「生活協同組合共立社」."""
    return "".join(name.split())


def _another(
    was: Party, now: Party, notice: Notice, earlier: str, *, presumed: bool, same_text: bool, today: date
) -> NoticeChange:
    published, effective = notice.published.start, notice.effective.start
    begins = [jst_day(effective)] if effective is not None else []
    begins += [now.name.start] if now.name is not None else []
    until = min(begins, default=None)
    day = jst_day(published) if published is not None else None
    waits: State = "open" if day is not None and day > today else "done"
    state, task = _edited(waits, "announce_before", edited=earlier == notice.version, same_text=same_text)
    late = day is not None and until is not None and day > until
    return NoticeChange(
        kind="responsible_party_changed",
        notice=notice.version,
        earlier=earlier,
        subjects=("name",),
        before=was.name.text if was.name is not None else "",
        after=now.name.text if now.name is not None else "",
        source=SOURCE,
        grade="K",
        task=task,
        state=state,
        until=until,
        late=task != "same_text" and (late or task == "new_version"),
        presumed=presumed,
    )


def _detail(
    word: str,
    before: DatedWord,
    after: DatedWord,
    notice: Notice,
    earlier: str,
    *,
    edited: bool,
    same_text: bool,
    today: date,
) -> NoticeChange:
    published = jst_day(notice.published.start) if notice.published.start is not None else after.start
    waits: State = "open" if published > today else "done"
    state, task = _edited(waits, "announce_without_delay", edited=edited, same_text=same_text)
    # An edited version was published before it said this: the days are counted until somebody publishes a new one.
    told = today if task == "new_version" else published
    days = max((told - after.start).days, 0)
    limit = on(WITHOUT_DELAY_DAYS, after.start)
    return NoticeChange(
        kind="responsible_party_details",
        notice=notice.version,
        earlier=earlier,
        subjects=(word,),
        before=before.text,
        after=after.text,
        source=SOURCE,
        grade="K",
        task=task,
        state=state,
        until=days_after(WITHOUT_DELAY_DAYS, after.start),
        days=days,
        late=task != "same_text" and limit is not None and days > limit.value,
    )


def _edited(state: State, task: Task, *, edited: bool, same_text: bool) -> tuple[State, Task]:
    if not edited:
        return state, task
    return ("done", "same_text") if same_text else ("open", "new_version")
