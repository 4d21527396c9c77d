"""The catalogue of machine fields (fields.yaml)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.adapters.policy_files.shape import FieldId, Id, ItemId, MemberClass, ProductId, Scalar, Shape, Text
from gateway.core.policy import FieldType

EnumCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,16}$")]


class CatalogueField(Shape):
    """データ項目 / a field: the partner's interface specification."""

    item: ItemId | None
    """公表の項目 (本文に項目がなければ null) / item of the notice; null only where the notice states none"""
    type: FieldType
    """型 / type"""
    cls: MemberClass = Field(alias="class")
    """種別 / class"""
    null: Literal["never", "allowed"]
    """空欄 / null rule"""
    ja: Text
    """名称 (日本語) / label in Japanese"""
    en: Text
    """名称 (英語) / label in English"""
    example: Scalar
    """例 / example"""
    max_length: int | None = Field(default=None, ge=1, le=10_000)
    """最大文字数 / maximum length in characters"""
    length: int | None = Field(default=None, ge=1, le=64)
    """桁数 / number of digits"""
    pattern: Text | None = None
    """書式 (正規表現) / form, a regular expression"""
    codes: dict[EnumCode, Text] | None = None
    """コード表 / code list"""
    product: ProductId | None = None
    """商品・サービスの範囲 / product class"""
    subject: Literal["member", "household", "gift"] = "member"
    """だれの情報か / about whom"""
    minor: bool = False
    """未成年者の情報か / about a minor"""
    contact: bool = False
    """連絡に必要な項目か / needed to contact the person"""
    identifies: bool = False
    """直接本人を示すか / a direct identifier"""


class FieldsFile(Shape):
    """データ項目の一覧 / the catalogue of one co-op."""

    coop: Id
    """生協 / co-op"""
    fields: dict[FieldId, CatalogueField]
    """データ項目 / fields"""
