"""The seven legal bases of a release, and what each must show before anything leaves (domain.md §5, no. 4)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Basis(StrEnum):
    """The legal basis (根拠) an agreement stands on."""

    JOINT_USE = "joint_use"
    ENTRUSTMENT = "entrustment"
    CONSENT = "consent"
    LAW = "law"
    LIFE = "life"
    PUBLIC_HEALTH = "public_health"
    GOV_COOPERATION = "gov_cooperation"


BASIS_WORDS: Final[Mapping[Basis, tuple[str, str]]] = {
    Basis.JOINT_USE: ("共同利用", "joint use"),
    Basis.ENTRUSTMENT: ("委託", "entrustment"),
    Basis.CONSENT: ("同意", "consent"),
    Basis.LAW: ("法令", "law"),
    Basis.LIFE: ("生命・身体・財産の保護", "life, body or property"),
    Basis.PUBLIC_HEALTH: ("公衆衛生・児童の健全育成", "public health"),
    Basis.GOV_COOPERATION: ("国の機関等への協力", "cooperation with government"),
}
"""Basis → (Japanese, English), as short as the headings of Art. 27(1) and (5) allow."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What an agreement on one basis must record."""

    article: str
    clauses: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    supervised: bool = False
    ends: bool = False
    """Whether the evidence must carry its own end (break-glass)."""


_THREE = ("secrecy", "no_reprovision", "incident_liability")
_SIX_MATTERS = (
    "user_requirement",
    "contacts",
    "leak_prevention",
    "no_outside_purpose",
    "return_erase",
    "breach_measures",
    "incident_report",
    "end_procedure",
)
"""The guideline's six matters (通則編 3-6-3(3)); its (ウ) counts three."""

REQUIRED: dict[Basis, Evidence] = {
    Basis.JOINT_USE: Evidence(article="法27条5項3号", clauses=_THREE + _SIX_MATTERS, supervised=True),
    Basis.ENTRUSTMENT: Evidence(article="法27条5項1号", clauses=_THREE, facts=("selection",), supervised=True),
    Basis.CONSENT: Evidence(
        article="法27条1項",
        clauses=("secrecy", "no_reprovision"),
        facts=("consent_text", "consent_version", "consent_obtained_by", "consent_withdrawal"),
    ),
    Basis.LAW: Evidence(article="法27条1項1号", facts=("law", "document_number", "received_on")),
    Basis.LIFE: Evidence(
        article="法27条1項2号",
        facts=("decided_by", "approved_by", "why_consent_is_difficult", "subjects"),
        ends=True,
    ),
    Basis.PUBLIC_HEALTH: Evidence(
        article="法27条1項3号",
        facts=("decided_by", "approved_by", "why_consent_is_difficult", "subjects"),
        ends=True,
    ),
    Basis.GOV_COOPERATION: Evidence(article="法27条1項4号", facts=("agency", "law", "why_consent_would_hinder")),
}
