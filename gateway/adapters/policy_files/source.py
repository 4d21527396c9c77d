"""The map to the member system (source.yaml): its names, how it writes values, and where it has the members."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.adapters.policy_files.shape import FieldId, Id, ProductId, Shape
from gateway.core.rows import Fact, fact_fits
from gateway.core.sources.source_map import DateForm, Era

Column = Annotated[str, StringConstraints(pattern=r'^[^"\\\x00-\x20\x7f][^"\\\x00-\x1f\x7f]*$', max_length=128)]
"""Neither quotation mark nor backslash, which no name in JSON has unescaped."""
Filter = Literal["insurer"]


class Facts(Shape):
    """組合員ごとの確認事項と基幹システムの列 / what the member gate reads, and its column."""

    status: Column
    """在籍の状態 / status"""
    subject: Column
    """人の区分 / subject category"""
    programmes: Column
    """登録している制度 / programmes"""
    acquired_under: Column
    """取得時の公表事項の版 / notice version at acquisition"""
    as_of: Column
    """情報の時点 / as of"""
    consents: Column
    """同意 / consents"""
    stops: Column
    """利用停止等 / stops"""


class ValueShape(Shape):
    """列の値の書き方 / how a column's values are written."""

    form: DateForm = "iso"
    """日付の書き方 / how a day is written"""
    era: Era | None = None
    """年号のない和暦の年号 (wareki_yymmdd) / the era of days without one"""
    eras: dict[Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]$")], Era] = Field(default={})
    """年号を表す文字 (wareki_gyymmdd。省けば M T S H R) / what stands for each era; M T S H R if left out"""
    true: tuple[str, ...] = ()
    """「はい」を表す値 / what stands for yes"""
    false: tuple[str, ...] = ()
    """「いいえ」を表す値 / what stands for no"""
    codes: dict[str, str] = Field(default={})
    """基幹システムのコード → 項目のコード / what stands for a code of the catalogue, each with that code"""
    nulls: tuple[str, ...] = ()
    """空欄を表す値 / what stands for a missing value"""
    digits: bool = False
    """数字の間のハイフンと空白を除くか / whether hyphens and spaces are dropped"""
    split: Annotated[str, StringConstraints(min_length=1, max_length=4)] | None = None
    """並びの区切り / what separates the parts of a list"""

    @model_validator(mode="after")
    def _whole(self) -> "ValueShape":
        if (self.form == "wareki_yymmdd") != (self.era is not None):
            raise PydanticCustomError("era_needed", "era needed")
        if bool(self.true) != bool(self.false) or {*self.true} & {*self.false}:
            raise PydanticCustomError("yes_and_no", "yes and no")
        return self


class SqlShape(Shape):
    """データベースのビュー / the view of a database."""

    view: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$", max_length=128)
    ]
    """ビューの名前 (スキーマ.名前) / the view's name, with its schema"""
    products: dict[ProductId, Column] = Field(default={})
    """商品・サービスの範囲 → 利用の有無の列 / for each product class, the column that says whether a member uses it"""
    filters: dict[Filter, Column] = Field(default={})
    """契約の絞り込み → 等しくあるべき列 / for each filter of an agreement, the column that must equal it"""


class FixedShape(Shape):
    """固定長の列 (バイト) / a column of a fixed-width record, in bytes."""

    name: Column
    """列名 / name"""
    at: int = Field(ge=0, le=65_535)
    """開始位置 (0から) / offset, from 0"""
    length: int = Field(ge=1, le=65_535)
    """長さ / length"""


class ControlShape(Shape):
    """トレーラーと合計 / the trailer record and its totals."""

    mark: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    """トレーラーの先頭の文字 / what a trailer begins with"""
    count: FixedShape
    """件数の位置 / where the count stands"""
    sums: dict[Column, FixedShape] = Field(default={})
    """列 → 合計の位置 / for each column, where its sum stands"""
    end: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    """トレーラーの後のエンドレコードの先頭の文字 / what the one record behind the trailer begins with"""


class FileShape(Shape):
    """組合員のファイル / the file of members."""

    pattern: Annotated[str, StringConstraints(pattern=r"^[^/\\]{1,128}$")]
    """ファイル名 (* で日付など) / the file's name"""
    format: Literal["csv", "fixed", "parquet"]
    """形式 / format"""
    encoding: Literal["utf-8", "cp932"] = "utf-8"
    """文字コード / encoding"""
    delimiter: Literal[",", "\t", ";", "|"] = ","
    """区切り / delimiter"""
    header: bool = True
    """先頭行が列名か / whether the first record names the columns"""
    heading: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    """固定長の見出しレコードの先頭の文字 / what a heading record begins with"""
    columns: tuple[Column, ...] = ()
    """列名の並び (見出しのないCSV) / columns, where no record names them"""
    fixed: tuple[FixedShape, ...] = ()
    """固定長の列 / columns of a fixed-width record"""
    record: int = Field(default=0, ge=0, le=65_535)
    """固定長の1件の長さ (改行を除く) / bytes of a fixed-width record"""
    trailer: ControlShape | None = None
    """トレーラー / the trailer"""
    products: dict[ProductId, Column] = Field(default={})
    """商品・サービスの範囲 → 利用の有無の列 / for each product class, the column that says whether a member uses it"""
    filters: dict[Filter, Column] = Field(default={})
    """契約の絞り込み → 等しくあるべき列 / for each filter of an agreement, the column that must equal it"""

    @model_validator(mode="after")
    def _whole(self) -> "FileShape":
        if (self.format == "fixed") != bool(self.fixed) or (self.format == "fixed") != bool(self.record):
            raise PydanticCustomError("fixed_columns", "fixed columns")
        if any(one.at + one.length > self.record for one in self.fixed):
            raise PydanticCustomError("fixed_outside", "fixed outside")
        if self.format == "csv" and self.header == bool(self.columns):
            raise PydanticCustomError("csv_columns", "csv columns")
        return self


class SourceFile(Shape):
    """基幹システムとの対応 / how the member system names what is asked."""

    coop: Id
    """生協 / co-op"""
    facts: Facts
    """確認事項 / gate facts"""
    columns: dict[FieldId, Column] = Field(default={})
    """列名がデータ項目名と異なるもの / columns whose name differs from the field's"""
    constants: dict[Fact, Any] = Field(default={})
    """列がなく全員に同じ確認事項 / gate facts that the system has no column for, the same for all"""
    values: dict[Column, ValueShape] = Field(default={})
    """列 → 値の書き方 / for each column, how its values are written"""
    sql: SqlShape | None = None
    """データベース / the database"""
    file: FileShape | None = None
    """ファイル / the file"""

    @field_validator("constants")
    @classmethod
    def _readable(cls, constants: dict[Fact, Any]) -> dict[Fact, Any]:
        for name, value in constants.items():
            if not fact_fits(name, value):
                raise PydanticCustomError("no_such_fact", "no such fact")
        return constants

    @model_validator(mode="after")
    def _one_place(self) -> "SourceFile":
        if self.sql is not None and self.file is not None:
            raise PydanticCustomError("two_places", "two places")
        return self
