"""A valid policy, snapshot and request in one call each; every test changes one thing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Span, days
from gateway.core.policy import (
    Agreement,
    Decision,
    Field,
    Grant,
    Ground,
    Item,
    Notice,
    Partner,
    Policy,
    Purpose,
    User,
)
from gateway.core.request import Bound, DataRequest
from gateway.core.sources.source_map import SourceMap
from gateway.core.state import ClientKey, PartnerState, Snapshot, Version

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PAST = NOON - timedelta(days=30)
YEAR = days(date(2026, 4, 1), date(2027, 3, 31))


def field(name: str, item: str, **changes: Any) -> Field:
    values = {"type": "text", "nullable": True, "cls": "ordinary", "ja": name, "en": name, "max_length": 60}
    return Field(id=name, item=item, **{**values, **changes})


FIELDS = {
    one.id: one
    for one in (
        field("member_code", "I2", type="code", nullable=False, pattern="^[0-9]{8}$", max_length=8),
        field("name", "I1", nullable=False),
        field("name_kana", "I1"),
        field("birth_date", "I4", type="date", max_length=None),
        field("postal_code", "I5", type="digits", length=7, max_length=None),
        field("municipality_code", "I5", type="jis_x0402", length=6, max_length=None),
        field("phone", "I6", type="phone", max_length=16, contact=True),
        field("delivery_day", "I9", type="enum", codes=("1", "2", "3"), product="G1", max_length=None),
        field("receivable_yen", "I11", type="integer", cls="financial", max_length=None),
        field("care_level", "I8", type="enum", codes=("1", "2"), cls="special_care", max_length=None),
        field("child_birth_date", "I8", type="date", subject="household", minor=True, max_length=None),
        field("inquiry_text", "I10", cls="free_text", max_length=2000),
    )
}


def notice(**changes: Any) -> Notice:
    items = {
        "I1": Item(id="I1", fields=frozenset({"name"})),
        "I2": Item(id="I2", fields=frozenset({"member_code"})),
        "I4": Item(id="I4", fields=frozenset({"birth_date"})),
        "I5": Item(id="I5", fields=frozenset({"postal_code", "municipality_code"})),
        "I6": Item(id="I6", fields=frozenset({"phone"})),
        "I8": Item(id="I8", fields=frozenset(), open=True),
        "I9": Item(id="I9", fields=frozenset(), open=True),
        "I10": Item(id="I10", fields=frozenset(), open=True),
        "I11": Item(id="I11", fields=frozenset(), open=True, never=frozenset({"special_care"})),
    }
    purposes = {
        "P2": Purpose(id="P2", joint="review", marketing=True),
        "P4": Purpose(id="P4", joint="yes"),
        "P6": Purpose(id="P6", joint="yes"),
        "P12": Purpose(id="P12", joint="yes", case_required=True),
        "P13": Purpose(id="P13", joint="no", subjects=frozenset({"staff"})),
        "P20": Purpose(id="P20", joint="yes", uses_only=True),
        "P20.guide": Purpose(id="P20.guide", joint="yes", marketing=True),
        "P20.deliver": Purpose(id="P20.deliver", joint="yes"),
    }
    values: dict[str, Any] = {
        "version": "2022-04-01",
        "effective": days(date(2022, 4, 1), None),
        "published": days(date(2022, 4, 1), None),
        "programmes": frozenset({"sukusuku"}),
        "joint_subjects": frozenset({"member"}),
        "subjects": frozenset({"member", "staff"}),
        "products": frozenset({"G1", "G2"}),
        "purposes": purposes,
        "items": items,
        "users": (User(partner="sunnet", span=days(date(2022, 4, 1), None)),),
        "grounds": {
            basis.value: Ground(id=basis.value, basis=basis) for basis in Basis if basis is not Basis.JOINT_USE
        },
        "class_purposes": {"financial": frozenset({"P1", "P6"})},
    }
    return Notice(**{**values, **changes})


def grant(**changes: Any) -> Grant:
    values: dict[str, Any] = {
        "id": "delivery",
        "purpose": "P4",
        "products": frozenset({"G1"}),
        "fields": {
            "member_code": "as_is",
            "name": "as_is",
            "birth_date": "age_band",
            "phone": "phone_last4",
            "delivery_day": "as_is",
        },
        "max_age_days": 7,
        "retention_days": 90,
    }
    return Grant(**{**values, **changes})


def agreement(basis: Basis = Basis.JOINT_USE, **changes: Any) -> Agreement:
    values: dict[str, Any] = {
        "id": "a-1",
        "partner": "sunnet",
        "basis": basis,
        "term": YEAR,
        "clauses": frozenset(REQUIRED[basis].clauses),
        "evidence": frozenset(REQUIRED[basis].facts),
        "evidence_span": Span(None, NOON + timedelta(days=10)) if REQUIRED[basis].ends else Span(),
        "supervision": days(None, date(2027, 4, 9)) if REQUIRED[basis].supervised else None,
        "grants": (grant(),),
    }
    return Agreement(**{**values, **changes})


OPEN_ITEM = Decision(id="d-1", kind="open_item", span=YEAR, item="I9", fields=frozenset({"delivery_day"}))


def policy(**changes: Any) -> Policy:
    values: dict[str, Any] = {
        "coop": "kyoritsusha",
        "digest": "0" * 64,
        "notices": (notice(),),
        "fields": FIELDS,
        "decisions": (OPEN_ITEM,),
        "agreements": {"a-1": agreement()},
        "partners": {
            "sunnet": Partner(
                id="sunnet", name="サンネット", corporate_number=None, country="JP", clients=frozenset({"c-1"})
            )
        },
        "source": SourceMap(facts={}, columns={}),
    }
    return Policy(**{**values, **changes})


def key(use: str, **changes: Any) -> ClientKey:
    values: dict[str, Any] = {
        "client": "c-1",
        "kid": f"{use}-1",
        "use": use,
        "alg": "ES256" if use == "sig" else "ECDH-ES+A256KW",
        "thumbprint": use,
        "jwk": {},
        "span": Span(PAST, NOON + timedelta(days=300)),
    }
    return ClientKey(**{**values, **changes})


def snapshot(of: Policy | None = None, **changes: Any) -> Snapshot:
    values: dict[str, Any] = {
        "coop": "kyoritsusha",
        "gov": 5,
        "versions": (Version(effective=PAST, index=0, policy=of or policy()),),
        "partners": {"sunnet": PartnerState(active=True, keys=(key("sig"), key("enc")))},
    }
    return Snapshot(**{**values, **changes})


REQUEST = DataRequest(
    coop="kyoritsusha",
    purpose="P4",
    agreement="a-1",
    product="G1",
    fields=("name", "birth_date", "phone"),
    members=("00000101",),
)


def request(**changes: Any) -> DataRequest:
    return replace(REQUEST, **changes)


def bound(of: DataRequest) -> Bound:
    return Bound(
        coop=of.coop, purpose=of.purpose, agreement=of.agreement, product=of.product, fields=frozenset(of.fields)
    )
