"""A notice file: one dated version of what a co-op publishes, every clause of it (公表事項)."""

from datetime import date
from typing import Literal

from pydantic import Field

from gateway.adapters.policy_files.joint_use import JointUse, UserClass
from gateway.adapters.policy_files.provision import Contact, Entrustment, Ground, Rights
from gateway.adapters.policy_files.shape import (
    BasisName,
    ClauseId,
    CorporateNumber,
    Days,
    GroundId,
    Id,
    MemberClass,
    ProductId,
    PurposeId,
    Quoted,
    Recorded,
    Sha256,
    Shape,
    Subject,
    Text,
    UseId,
    Version,
)


class Archive(Shape):
    """公表文の保管 / the archived text the quotations stand in."""

    file: str = Field(pattern=r"^source/[0-9A-Za-z._-]+\.txt$")
    """保管した本文 / archived text"""
    url: Text | None
    """公表場所 / where published"""
    sha256: Sha256
    """本文の SHA-256 / SHA-256 of the text"""


class Controller(Shape):
    """公表している法人 / the legal entity that publishes."""

    name: Quoted
    """名称 / name"""
    corporate_number: CorporateNumber | None
    """法人番号 (不明は null) / corporate number; null where unknown"""
    assumption: Text | None = None
    """前提 / what is assumed here"""


class Header(Shape):
    """方針の名前と主体 / title and author."""

    title: Quoted
    """題名 / title"""
    controller: Controller
    """事業者 / controller"""
    subject: Quoted
    """方針の主語 / who speaks"""
    called: Quoted | None = None
    """本文での略称 / called in the text"""
    purpose_owner: Quoted | None = None
    """利用目的を定める者 / whose purposes they are, where it differs"""
    preamble: tuple[Quoted, ...] = ()
    """前文 / preamble"""


class Revision(Shape):
    """制定・改訂の一つ / one enactment or revision."""

    version: Version
    """日付 / its date"""
    act: Quoted | None = None
    """制定・改訂 / enacted or revised"""
    quote: Quoted
    """公表の表記 / as published"""
    text: Literal["held", "header_only"]
    """本文があるか / whether the text is held"""


class Programme(Shape):
    """方針が適用される制度 / a programme the policy applies to."""

    id: Id
    """番号 / id"""
    label: Quoted
    """公表の名称 / label"""


class AppliesTo(Shape):
    """対象 / whom the notice is about; null where the text names none."""

    programmes: tuple[Programme, ...] | None
    """制度 / programmes"""
    collected_from: tuple[Subject, ...] | None
    """収集の対象となる人 / from whom data is collected"""
    collected_from_text: Quoted | None = None
    """その公表の文言 / as published"""
    joint_use_subjects: tuple[Subject, ...] | None
    """共同利用の対象となる人 / whose data is jointly used"""


class EntryConsent(Shape):
    """申込時の同意 / consent given on entry."""

    clause: ClauseId
    """条項 / clause"""
    who: tuple[Subject, ...]
    """だれが / who"""
    text: Quoted
    """公表の文言 / text"""


class Acquisition(Shape):
    """取得の条件 / how data is acquired."""

    clause: ClauseId
    """条項 / clause"""
    consent: Literal["required"] | None
    """本人の同意 / the person's consent"""


class Reading(Recorded):
    """共同利用の目的に含まれるという判断 / the reading that a purpose rides joint use."""

    on: date = Field(alias="date")
    """判断した日 / when"""


class Use(Shape):
    """目的の中の利用の区分 / one use within a purpose."""

    label: Quoted
    """公表の文言 / label"""
    marketing: bool = False
    """案内・勧誘か / marketing"""


class Purpose(Shape):
    """利用目的 / a purpose of use."""

    text: Quoted
    """公表の文言 / text"""
    joint: Literal["yes", "review", "no", "unknown"]
    """共同利用に含まれるか / whether it may ride joint use"""
    reading: Reading | None = None
    """yes とした人と日 / who read a yes so, and when"""
    marketing: bool = False
    """案内・勧誘か / marketing"""
    subjects: tuple[Subject, ...] | None = None
    """対象となる人 / for whom"""
    case: Literal["required"] | None = None
    """案件番号が必要か / whether a case number is demanded"""
    uses: dict[UseId, Use] | None = None
    """利用の区分 / uses"""
    bases: tuple[BasisName, ...] | None = None
    """使える法的根拠 / the only legal bases"""
    default_profile: Literal["no_direct_identifiers"] | None = None
    """既定の提供内容 / default profile"""
    special_care_risk: bool = False
    """要配慮個人情報のおそれ / special-care data may be involved"""
    from_preamble: bool = False
    """前文にある目的 / stated in the preamble"""


class NoticeFile(Shape):
    """公表事項 / a dated version of the published notice."""

    coop: Id
    """生協 / co-op"""
    version: Version
    """版 (適用日) / version: its effective date"""
    clause_prefix: str = Field(pattern="^[A-Z]-$")
    """条項番号の頭 / prefix of its clause ids"""
    sample: bool = False
    """見本 / a sample, loaded only in the demo"""
    effective: Days
    """適用期間 / in force"""
    published: Days
    """公表期間 / published"""
    source: Archive
    """公表文の保管 / archived text"""
    policy: Header
    """方針 / policy"""
    versions: tuple[Revision, ...]
    """制定・改訂の一覧 / enactments and revisions"""
    applies_to: AppliesTo
    """対象 / whom it is about"""
    entry_consent: EntryConsent | None = None
    """申込時の同意 / consent on entry"""
    acquisition: Acquisition | None = None
    """取得 / acquisition"""
    products: dict[ProductId, Quoted] | None
    """商品・サービスの範囲 (定めがなければ null) / product classes; null where none are defined"""
    purposes: dict[PurposeId, Purpose]
    """利用目的 / purposes of use"""
    classes_by_purpose: dict[MemberClass, tuple[PurposeId, ...]] = Field(default={})
    """種別ごとに提供できる目的 / the only purposes for a class of fields"""
    joint_use: JointUse
    """共同利用 / joint use"""
    classes: dict[Id, UserClass] = Field(default={})
    """範囲で示された共同利用者の一覧 / classes of joint users"""
    third_party: dict[GroundId, Ground]
    """第三者に提供できる場合 / when third parties may receive data"""
    not_third_party: dict[GroundId, Ground] = Field(default={})
    """第三者に当たらない場合 / what is not third-party provision"""
    entrustment: Entrustment | None = None
    """委託 / entrustment"""
    rights: Rights
    """本人の請求 / rights"""
    contact: Contact | None
    """窓口 (定めがなければ null) / contact desk"""
    statements: dict[ClauseId, tuple[Quoted, ...]]
    """その他の条項 / every other clause, by id"""
