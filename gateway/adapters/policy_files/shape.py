"""What the members of a policy file are made of.

Every shape is closed (an unknown key is refused), strict (text is not a number) and described in both languages, so
that its JSON Schema helps in an editor. A `Quoted` text stands in the published notice word for word.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.core.bases import Basis


class Shape(BaseModel):
    """A part of a policy file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class Verbatim(str):
    """Text quoted from the published notice, every character kept, oddities included."""

    __slots__ = ()


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("no_such_instant", "no such instant") from None
    return text


def _version(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("no_such_day", "no such day") from None
    return text


def _corporate_number(text: str) -> str:
    # 法人番号: the first digit checks the twelve others, weighted 1 and 2 in turn from the last.
    weighted = sum(int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(text[1:])))
    if int(text[0]) != 9 - weighted % 9:
        raise PydanticCustomError("check_digit", "check digit")
    return text


def _day_as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


_SOMETHING = StringConstraints(pattern=r"\S", max_length=4_000)

Text = Annotated[str, _SOMETHING]
Quoted = Annotated[str, _SOMETHING, AfterValidator(Verbatim)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=48)]
PurposeId = Annotated[str, StringConstraints(pattern=r"^P[0-9]{1,3}$")]
PurposeCode = Annotated[str, StringConstraints(pattern=r"^P[0-9]{1,3}(\.[a-z]{1,24})?$")]
UseId = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,24}$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^I[0-9]{1,3}$")]
UserId = Annotated[str, StringConstraints(pattern=r"^U[0-9]{1,3}$")]
ProductId = Annotated[str, StringConstraints(pattern=r"^G[0-9]{1,3}$")]
GroundId = Annotated[str, StringConstraints(pattern=r"^[TE][0-9]{1,3}$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Z]-[A-Z0-9]{1,4}[a-d]?$")]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
FieldId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_version)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CorporateNumber = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{12}$"), AfterValidator(_corporate_number)]
Instant = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$"),
    AfterValidator(_instant),
]
Scalar = Annotated[bool | int | str, BeforeValidator(_day_as_text)]
"""A value of a field; a bare calendar day is its ISO text."""

BasisName = Annotated[Basis, Field(strict=False)]
Subject = Literal["member", "staff", "supplier", "prospect", "other"]
MemberClass = Literal["ordinary", "financial", "special_care", "free_text"]


class Days(Shape):
    """期間 (両端の日を含む、日本時間) / calendar days of Japan, both inclusive."""

    start: date = Field(alias="from")
    """最初の日 / first day"""
    end: date | None = Field(default=None, alias="to")
    """最後の日 (null は期限なし) / last day; null: open"""

    @model_validator(mode="after")
    def _ordered(self) -> "Days":
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("days_reversed", "days reversed")
        return self


class Recorded(Shape):
    """だれが、いつ、なぜ決めたか / who decided, when and why."""

    by: Text
    """判断した人 / who read it so"""
    approved_by: Text
    """承認した人 (別の人) / who approved, another person"""
    reason: Text
    """理由・根拠 / reason"""
    sample: bool = False
    """見本 (デモ以外では読み込まれません) / a sample, loaded only in the demo"""
