"""Recorded decisions: dated, with the person who read it so, the person who approved, and the ground."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.adapters.policy_files.agreement import Condition
from gateway.adapters.policy_files.shape import (
    FieldId,
    GroundId,
    Id,
    ItemId,
    PurposeCode,
    Recorded,
    Shape,
    Text,
    Version,
)


class Dated(Recorded):
    """日付のある決定 / a decision on its days."""

    start: date = Field(alias="from")
    """最初の日 / first day"""
    end: date | None = Field(default=None, alias="to")
    """最後の日 / last day"""


class PurposeDecision(Dated):
    """要検討の目的が共同利用に含まれるという決定 / a purpose under review rides joint use."""

    kind: Literal["purpose"]
    """種類 / kind"""
    purposes: tuple[PurposeCode, ...] = Field(min_length=1)
    """利用目的 / purposes"""


class ItemFieldDecision(Dated):
    """項目の読み (フリガナは氏名など) / a field is a reading of an item."""

    kind: Literal["item_field"]
    """種類 / kind"""
    item: ItemId
    """項目 / item"""
    fields: tuple[FieldId, ...] = Field(min_length=1)
    """データ項目 / fields"""


class OpenItemDecision(Dated):
    """「その他…」の項目に含めるデータ項目 / what an open-ended item holds."""

    kind: Literal["open_item"]
    """種類 / kind"""
    item: ItemId
    """項目 / item"""
    fields: tuple[FieldId, ...] = Field(min_length=1)
    """データ項目 / fields"""


class CohortDecision(Dated):
    """以前の版で取得した人も対象とする決定 / members acquired under earlier versions are covered."""

    kind: Literal["cohort"]
    """種類 / kind"""
    versions: tuple[Version, ...] = Field(min_length=1)
    """取得時の版 / versions"""
    ground: Literal["consent", "name_change", "succession"]
    """根拠 / ground"""
    evidence: Text
    """証拠 / evidence"""
    selectors: tuple[Condition, ...] = ()
    """対象者を絞る条件 / further conditions, all of which must hold"""


class FieldUseDecision(Dated):
    """要配慮・金融・自由記述・本人以外の項目の提供 / a guarded field may leave, to one partner for named purposes."""

    kind: Literal["field_use"]
    """種類 / kind"""
    fields: tuple[FieldId, ...] = Field(min_length=1)
    """データ項目 / fields"""
    partner: Id
    """提供先 / partner"""
    purposes: tuple[PurposeCode, ...] = Field(min_length=1)
    """利用目的 / purposes"""


class AbroadDecision(Dated):
    """外国の提供先 / a partner abroad may receive data."""

    kind: Literal["abroad"]
    """種類 / kind"""
    partner: Id
    """提供先 / partner"""
    ground: Literal["consent", "equivalent_country", "equivalent_system"]
    """根拠 (法28条) / ground"""


class GroundDecision(Dated):
    """要検討の提供の場合を使う決定 / a ground under review may be used."""

    kind: Literal["ground"]
    """種類 / kind"""
    ground: GroundId
    """提供の場合 / ground of the notice"""


Decision = Annotated[
    PurposeDecision
    | ItemFieldDecision
    | OpenItemDecision
    | CohortDecision
    | FieldUseDecision
    | AbroadDecision
    | GroundDecision,
    Field(discriminator="kind"),
]


class DecisionsFile(Shape):
    """決定 / decisions on one topic."""

    coop: Id
    """生協 / co-op"""
    decisions: dict[Id, Decision]
    """決定 / decisions"""
