"""A partner file: one legal entity, whoever shares data with it."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.adapters.policy_files.shape import CorporateNumber, Id, Shape, Text

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Client(Shape):
    """提供先のシステム / a client system of the partner."""

    id: ClientId
    """クライアント番号 / client id"""
    sample: bool = False
    """見本 / a sample, loaded only in the demo"""


class PartnerContacts(Shape):
    """連絡先 / contacts."""

    responsible: Text | None = None
    """個人情報取扱責任者 / person responsible"""
    inquiries: Text | None = None
    """問合せ担当者 / person for inquiries"""
    incidents: Text | None = None
    """事故時の連絡先 / contact on incidents"""


class PartnerFile(Shape):
    """提供先 (法人) / one legal entity."""

    id: Id
    """番号 / id"""
    sample: bool = False
    """見本 / a sample, loaded only in the demo"""
    name: Text
    """正式名称 / official name"""
    short_name: Text
    """略称 / short name"""
    corporate_number: CorporateNumber | None
    """法人番号 (不明は null) / corporate number; null where unknown"""
    country: str = Field(pattern="^[A-Z]{2}$")
    """国 / country, ISO 3166-1"""
    address: Text | None
    """住所 / address"""
    representative: Text | None
    """代表者 / representative"""
    contacts: PartnerContacts | None
    """連絡先 / contacts"""
    clients: tuple[Client, ...]
    """システム / client systems"""
    archived: date | None = None
    """取引を終えた日 (この日から提供されません) / closed: from this day on nothing is released to it"""
