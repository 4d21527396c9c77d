"""The joint-use part of a notice: what, with whom, for what, and who answers for it (法27条5項3号)."""

from datetime import date
from typing import Literal

from pydantic import Field

from gateway.adapters.policy_files.shape import (
    ClauseId,
    CorporateNumber,
    FieldId,
    Id,
    ItemId,
    MemberClass,
    Quoted,
    Shape,
    Text,
    UserId,
)


class JointPurpose(Shape):
    """共同利用の目的 / the purpose of joint use, an object of its own."""

    id: Literal["J1"]
    """番号 / number"""
    text: Quoted
    """公表の文言 / text as published"""


class Item(Shape):
    """共同利用の対象となる情報項目 / an item of the notice."""

    label: Quoted
    """公表の項目名 / label as published"""
    fields: tuple[FieldId, ...] = ()
    """項目名そのものであるデータ項目 / the fields that are the label itself; readings come by decision"""
    open: bool = False
    """「その他…」など: 決定まで空 / open-ended: empty until a decision lists its fields"""
    free_text: bool = False
    """自由記述 / free text"""
    never: tuple[MemberClass, ...] = ()
    """決定があっても含められない種別 / classes no decision may put here"""


class User(Shape):
    """共同利用者 / a joint user: a legal entity, or a class of them."""

    label: Quoted
    """公表の名称 / name as published"""
    partner: Id | None = None
    """提供先の番号 (partners/) / partner id"""
    members_of: Id | None = None
    """範囲で示された場合の一覧 (classes) / the class it stands for"""
    start: date | None = Field(default=None, alias="from")
    """共同利用者となった日 (null は公表事項の適用日) / first day; null: the notice's"""
    end: date | None = Field(default=None, alias="to")
    """最後の日 / last day"""
    sector: Literal["insurance_agency"] | None = None
    """業態 / sector"""
    filter_required: Literal["insurer"] | None = None
    """必ず付ける絞り込み / a further filter every grant must carry"""


class ClassMember(Shape):
    """範囲に含まれる法人 / a legal entity of a class."""

    partner: Id
    """提供先の番号 / partner id"""
    start: date | None = Field(alias="from")
    """加わった日 (null の間は含まれません) / first day; null: nobody yet"""
    end: date | None = Field(default=None, alias="to")
    """最後の日 / last day"""


class UserClass(Shape):
    """会員生協など、名前でなく範囲で示された共同利用者 / joint users named as a class."""

    source: Text
    """一覧の出所 / where the list was read"""
    members: tuple[ClassMember, ...]
    """含まれる法人 / its members"""


class DatedText(Shape):
    """公表の文言と、その日 / a published text and since when."""

    text: Quoted
    """公表の文言 / text as published"""
    start: date = Field(alias="from")
    """いつから / since"""


class ResponsibleParty(Shape):
    """管理について責任を有する者 / the party with first-line responsibility."""

    role: Quoted
    """公表の呼び方 / role as published"""
    name: DatedText | None
    """名称 / name"""
    address: DatedText | None
    """住所 / address"""
    representative: DatedText | None
    """代表者 / representative"""
    municipality_code: str | None = Field(default=None, pattern="^[0-9]{6}$")
    """全国地方公共団体コード (6桁) / municipality code, six digits"""
    corporate_number: CorporateNumber | None = None
    """法人番号: 名称だけの変更か、別の法人への変更かを分ける / tells another name from another legal person"""


class Duties(Shape):
    """共同利用先に対する生協の責任 / what the co-op answers for towards its joint users."""

    clause: ClauseId
    """条項 / clause"""
    first_line: Quoted
    """第一次的責任など / first-line responsibility"""
    scope: Quoted
    """対象 / towards whom"""
    supervise: bool
    """管理・監督 / supervises"""
    secrecy_by_contract: bool
    """契約による秘密保持 / secrecy by contract"""


class LinkedPage(Shape):
    """本文にない事項のリンク先 / a page the text points to."""

    clause: ClauseId
    """条項 / clause"""
    text: Quoted
    """公表の文言 / text as published"""
    url: Text | None
    """リンク先 / address"""
    held: bool
    """本文を保管しているか / whether its text is held"""


class JointUse(Shape):
    """共同利用 / joint use."""

    statement: Quoted | None
    """共同利用する旨 / the statement that data is jointly used"""
    purpose: JointPurpose | None
    """目的 (本文になければ null) / purpose; null where the text has none"""
    items: dict[ItemId, Item] | None
    """項目 (本文になければ null) / items; null where the text has none"""
    users: dict[UserId, User]
    """共同利用者の範囲 / joint users"""
    responsible_parties: tuple[ResponsibleParty, ...]
    """管理責任者 (1者) / the responsible party: exactly one"""
    duties: Duties | None = None
    """生協の責任 / duties"""
    linked_page: LinkedPage | None = None
    """リンク先 / linked page"""
