"""点検項目: what a reviewer asks of each sampled entry; dated, so that a past review is read with its own questions."""

from datetime import date
from typing import Final, Literal

import msgspec

On = Literal["release", "denial"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question; `key` is what answers are kept under."""

    key: str
    of: tuple[On, ...]
    ja: str
    en: str


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """The questions for periods that end on `start` or later."""

    start: date
    questions: tuple[Question, ...]

    def of(self, kind: On) -> tuple[Question, ...]:
        """Return the questions of one kind of entry."""
        return tuple(one for one in self.questions if kind in one.of)


CHECKLISTS: Final = (
    Checklist(
        start=date(2005, 4, 1),
        questions=(
            Question(
                key="purpose",
                of=("release", "denial"),
                ja="利用目的は、この提供先の契約で認めた業務のものか",
                en="the purpose is one of the work that the agreement with this partner is for",
            ),
            Question(
                key="fields",
                of=("release",),
                ja="渡した項目は、その目的に必要な範囲か(要配慮・金融の項目は根拠の記録があるか)",
                en="the fields are those that the purpose needs (special-care and financial ones have their recorded ground)",
            ),
            Question(
                key="volume",
                of=("release",),
                ja="人数と時刻は、その業務として説明がつくか",
                en="the number of members and the hour can be explained by that work",
            ),
            Question(
                key="version",
                of=("release",),
                ja="もとになった版と契約は、承認どおりのものか",
                en="the version and the agreement that it rests on are what was approved",
            ),
            Question(
                key="refusal",
                of=("denial",),
                ja="提供しない理由は正しいか、提供先へ伝えるべきことはないか",
                en="the reason for the refusal is right, and there is nothing that the partner should be told",
            ),
        ),
    ),
)


def checklist_on(day: date) -> Checklist:
    """Return the questions for a period that ends on a day."""
    begun = [one for one in CHECKLISTS if one.start <= day] or [CHECKLISTS[0]]
    return max(begun, key=lambda one: one.start)
