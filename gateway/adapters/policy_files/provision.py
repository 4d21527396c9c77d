"""The rest of a notice: when data may be provided at all, what the person may ask, and where."""

from typing import Literal

from pydantic import Field

from gateway.adapters.policy_files.shape import BasisName, ClauseId, Quoted, Shape, Subject


class Ground(Shape):
    """提供できる場合、第三者に当たらない場合 / a case in which data may be provided."""

    text: Quoted
    """公表の文言 / text"""
    basis: BasisName
    """法的根拠 / legal basis"""
    case: Literal["required"] | None = None
    """案件番号が必要か / whether a case number is demanded"""
    fields: Literal["contact"] | None = None
    """連絡に必要な項目に限る / contact fields only"""
    review: bool = False
    """決定まで使えない / not usable until a decision"""


class Entrustment(Shape):
    """委託 / entrustment."""

    clause: ClauseId
    """条項 / clause"""
    selection: Literal["required"] | None
    """委託先の選定 / selection of the processor"""
    secrecy_by_contract: bool
    """契約による秘密保持 / secrecy by contract"""
    clauses: tuple[Literal["secrecy", "no_reprovision", "incident_liability"], ...] = ()
    """契約に必要な条項 / clauses the contract must have"""
    under: Quoted | None = None
    """管理 / under whose control"""


class Agent(Shape):
    """代理人 / an agent of the person."""

    needs: Quoted
    """必要な書面 / what the agent must bring"""


class Fee(Shape):
    """手数料 / fee."""

    kinds: tuple[Quoted, ...]
    """手数料をとれる請求 / the only kinds with a fee"""
    amount: Quoted
    """金額 / amount"""


class Rights(Shape):
    """本人の請求 / what the person may ask."""

    kinds: tuple[Quoted, ...]
    """請求の種類 / kinds"""
    who: tuple[Subject, ...] | None = None
    """請求できる人 / who may ask"""
    standard: Quoted
    """応じる範囲 / how far they are met"""
    identity_check: Quoted | None = None
    """本人確認 / identity check"""
    agent: Agent | None = None
    """代理人 / agents"""
    fee: Fee | None = None
    """手数料 / fee"""
    intake: tuple[Quoted, ...] = ()
    """受付場所 / where to ask"""


class OpenHours(Shape):
    """受付時間 / opening hours, JST."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    """曜日 / weekdays"""
    start: str = Field(alias="from", pattern="^[0-2][0-9]:[0-5][0-9]$")
    """開始 / from"""
    end: str = Field(alias="to", pattern="^[0-2][0-9]:[0-5][0-9]$")
    """終了 / to"""


class Contact(Shape):
    """窓口 / contact desk."""

    clause: ClauseId
    """条項 / clause"""
    desk: Quoted
    """名称 / desk"""
    tel: Quoted
    """電話 / telephone, as published"""
    hours: Quoted
    """受付時間 (公表の表記) / hours as published"""
    open: OpenHours
    """受付時間 / hours as data"""
