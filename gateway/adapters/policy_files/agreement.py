"""An agreement file: the contracts and memoranda with one partner, their evidence and what they grant."""

from datetime import date
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.adapters.policy_files.shape import (
    BasisName,
    CaseNumber,
    Days,
    FieldId,
    GroundId,
    Id,
    Instant,
    ProductId,
    PurposeCode,
    Scalar,
    Shape,
    Text,
)
from gateway.core.detection.enumeration import RECONCILIATION_DAYS
from gateway.core.policy import Transform


class Contract(Shape):
    """契約・覚書 / the document."""

    form: Literal["契約", "覚書", "記録"]
    """形式 (契約を結ばない提供は、判断の記録) / form; where nothing is signed, the record of the decision"""
    title: Text
    """題名 / title"""
    signed: date
    """締結日 / signed on"""
    department: Text
    """所管部署 / owning department"""


class Contacts(Shape):
    """取扱責任者と連絡先 / responsible persons and contacts."""

    responsible: Text
    """個人情報取扱責任者 / person responsible"""
    inquiries: Text
    """問合せ担当者 / person for inquiries"""
    article: Text
    """条 / article"""


class Clauses(Shape):
    """必須条項とその条番号 / mandatory clauses, each with its article."""

    secrecy: Text | None = None
    """守秘義務 / secrecy"""
    no_reprovision: Text | None = None
    """再提供禁止 / no re-provision"""
    incident_liability: Text | None = None
    """事故発生時の責任分担 / liability on incidents"""
    user_requirement: Text | None = None
    """(ア) 共同利用者の要件 / who may be a joint user"""
    contacts: Contacts | None = None
    """(イ) 取扱責任者、問合せ担当者及び連絡先 / persons responsible and contacts"""
    leak_prevention: Text | None = None
    """(ウ) 漏えい等防止 / leak prevention"""
    no_outside_purpose: Text | None = None
    """(ウ) 目的外の加工、利用、複写等の禁止 / no use outside the purpose"""
    return_erase: Text | None = None
    """(ウ) 終了後の返還、消去、廃棄 / return and erasure"""
    breach_measures: Text | None = None
    """(エ) 取決めが守られない場合の措置 / measures on breach"""
    incident_report: Text | None = None
    """(オ) 事故時の報告・連絡 / reports on incidents"""
    end_procedure: Text | None = None
    """(カ) 共同利用を終了する際の手続 / procedure at the end"""


class Check(Shape):
    """監督の実施 / one supervision check."""

    on: date = Field(alias="date")
    """実施日 / date"""
    method: Text
    """方法 / method"""
    result: Text
    """結果 / result"""


class Supervision(Shape):
    """監督 / supervision of the partner."""

    last: Check | None
    """前回 / last check"""
    due: date
    """次回の期限 / next due"""
    grace_days: int = Field(ge=0, le=366)
    """猶予 (日) / days of grace"""


class Selection(Shape):
    """委託先の選定 / how the processor was selected."""

    criteria: Text
    """基準 / criteria"""
    on: date = Field(alias="date")
    """選定日 / date"""
    result: Text
    """結果 / result"""
    by: Text | None = None
    """選定した人 / who selected it"""


class Certificate(Shape):
    """返還・消去・廃棄の証明書 / what the partner certified."""

    number: Text
    """番号 / number"""
    on: date = Field(alias="date")
    """日付 / date"""
    by: Text
    """証明した人 / who certified it"""


class ReturnErase(Shape):
    """終了後の返還・消去・廃棄 / what is returned or erased after the end."""

    due: date
    """期限 / due"""
    certificate: Certificate | None
    """証明書 (受け取るまでは null) / certificate; null until it came"""


class EndOfUse(Shape):
    """終了手続 / the end of use."""

    on: date = Field(alias="date")
    """最後の日 (契約期間より後にはなりません) / last day; a term that ends earlier ends earlier"""
    procedure: Text
    """手続とその条番号 / procedure, with its article"""
    return_erase: ReturnErase
    """返還・消去・廃棄 / return and erasure"""


class EvidenceRecord(Shape):
    """法的根拠ごとの記録 / what each legal basis must show."""

    selection: Selection | None = None
    """委託先の選定 / selection record"""
    consent_text: Text | None = None
    """同意の文言 / what was consented to"""
    consent_obtained_by: Text | None = None
    """同意の取り方 / how consent was obtained"""
    law: Text | None = None
    """根拠法令 / the law"""
    document_number: Text | None = None
    """照会文書番号 / number of the inquiry document"""
    received_on: date | None = None
    """受領日 / received on"""
    consent_version: Text | None = None
    """同意書の版と日付 / version and date of the consent form"""
    consent_withdrawal: Text | None = None
    """同意の撤回の方法 / how consent is withdrawn"""
    protects: Text | None = None
    """守るもの (だれの生命・身体・財産を、何から) / whose life, body or property is protected, and from what"""
    decided_by: Text | None = None
    """判断した人 / who decided"""
    approved_by: Text | None = None
    """承認した人 (別の人) / who approved, another person"""
    why_consent_is_difficult: Text | None = None
    """同意を得ることが困難な理由 / why consent is difficult to obtain"""
    subjects: Text | None = None
    """対象となる人 / whose data"""
    agency: Text | None = None
    """国の機関等 / the agency"""
    why_consent_would_hinder: Text | None = None
    """同意を得ることで支障が出る理由 / why asking for consent would hinder"""
    start: Instant | None = Field(default=None, alias="from")
    """いつから / from this instant"""
    expires: Instant | None = None
    """いつまで / ends at this instant"""


class Limits(Shape):
    """上限 / limits."""

    members_per_day: int = Field(ge=1)
    """1日の提供人数 / members per JST day and grant"""


class Reconciliation(Shape):
    """名簿の照合の期間 (両端の日を含む、日本時間、14日まで) / days of a reconciliation of lists, both inclusive, 14 at most."""

    start: date = Field(alias="from")
    """最初の日 / first day"""
    end: date = Field(alias="to")
    """最後の日 / last day"""

    @model_validator(mode="after")
    def _few(self) -> "Reconciliation":
        if self.end < self.start:
            raise PydanticCustomError("days_reversed", "days reversed")
        if (self.end - self.start).days >= RECONCILIATION_DAYS:
            raise PydanticCustomError("days_many", "days many", {"most": RECONCILIATION_DAYS})
        return self


class Condition(Shape):
    """対象者の条件 / one condition of the population; null fails it."""

    field: FieldId
    """データ項目または確認事項 / field or gate fact"""
    among: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1)
    """いずれか / one of"""
    prefix_in: tuple[Text, ...] | None = Field(default=None, min_length=1)
    """先頭がいずれか / begins with one of"""
    lowest: Scalar | None = Field(default=None, alias="from")
    """以上 / at least"""
    highest: Scalar | None = Field(default=None, alias="to")
    """以下 / at most"""


class GrantShape(Shape):
    """提供範囲 / what is granted for one purpose."""

    purpose: PurposeCode
    """利用目的 / purpose"""
    products: tuple[ProductId, ...] = ()
    """商品・サービスの範囲 / product classes"""
    population: tuple[Condition, ...] = ()
    """対象者 (すべて満たす人) / conditions that must all hold"""
    max_age_days: int = Field(ge=0, le=3_660)
    """情報の古さの上限 (日) / how old a record may be"""
    retention_days: int = Field(ge=0, le=36_600)
    """提供先での保管日数 / how long the partner may keep it"""
    limits: Limits | None = None
    """上限 (なければ契約の上限) / limits; else the agreement's"""
    filters: dict[Literal["insurer"], Text] = Field(default={})
    """絞り込み / further filters"""
    case: CaseNumber | None = None
    """案件番号 (あれば、この番号の要求だけに応じる) / the case number that every request must carry"""
    fields: dict[FieldId, Transform] = Field(min_length=1)
    """データ項目と変換 / fields, each with its transform"""


class AgreementShape(Shape):
    """契約・覚書 / one contract or memorandum."""

    sample: bool = False
    """見本 / a sample, loaded only in the demo"""
    basis: BasisName
    """法的根拠 / legal basis"""
    ground: GroundId | None = None
    """公表事項の該当箇所 (なければ根拠の最初のもの) / ground of the notice; default: the first of its basis"""
    programme: Id | None = None
    """制度 / programme"""
    contract: Contract
    """文書 / document"""
    term: Days
    """契約期間 / term"""
    clauses: Clauses = Clauses()
    """必須条項 / mandatory clauses"""
    evidence: EvidenceRecord = EvidenceRecord()
    """根拠の記録 / evidence"""
    supervision: Supervision | None = None
    """監督 / supervision"""
    end: EndOfUse | None = None
    """終了手続 / end of use"""
    limits: Limits | None = None
    """上限 / limits of each grant"""
    reconciliation: Reconciliation | None = None
    """名簿の照合の期間 (照会予算を数えない) / window of a reconciliation, in which the enumeration budget does not count"""
    grants: dict[Id, GrantShape]
    """提供範囲 / grants"""


class AgreementsFile(Shape):
    """提供先との契約・覚書 / the agreements with one partner."""

    coop: Id
    """生協 / co-op"""
    partner: Id
    """提供先 / partner"""
    agreements: dict[Id, AgreementShape]
    """契約・覚書 / agreements"""
