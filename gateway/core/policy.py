"""One published policy version of one co-op, resolved for deciding; all spans are instants.

The published document says more (texts, contacts, declared measures); what is here is what the gates read. Source:
policy-semantics.md; vocabulary: 公表事項 notice, 項目 item, データ項目 field, 利用目的 purpose, 契約・覚書 agreement,
提供範囲 grant.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.core.bases import Basis
from gateway.core.days import ALWAYS, Span
from gateway.core.sources.source_map import SourceMap

FieldClass = Literal["ordinary", "financial", "special_care", "free_text"]
FieldType = Literal["code", "text", "enum", "date", "digits", "jis_x0402", "phone", "email", "boolean", "integer"]
Mapped = Literal["yes", "review", "no"]
Transform = Literal[
    "as_is",
    "mask",
    "prefecture",
    "municipality",
    "birth_year",
    "age_band",
    "postal_3",
    "phone_last4",
    "drop",
    "pairwise_id",
]

AGREEMENT_RECORDS = ("contract", "articles", "proof", "check", "end")
"""What an agreement records for people: the document, where each clause stands, its evidence, supervision, end of use."""
PARTNER_RECORDS = ("short_name", "address", "representative", "contacts")
"""What a partner's file records for people."""


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as published (利用目的); a purpose with uses appears once per use, and bare with `uses_only`."""

    id: str
    joint: Mapped
    """Whether it may ride joint use: by a recorded reading, after a decision (`review`), or never."""
    marketing: bool = False
    subjects: frozenset[str] | None = None
    """The subject categories the purpose is for; None where it names none."""
    case_required: bool = False
    uses_only: bool = False
    bases: frozenset[Basis] | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A legal label of the notice (項目); an open-ended one is empty until a decision lists its fields."""

    id: str
    fields: frozenset[str]
    """Fields that are the label itself; readings and open items come by decision."""
    open: bool = False
    never: frozenset[str] = frozenset()
    """Field classes that no decision may put under this item."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A joint user of the notice on its days; a member of a class appears with its own days."""

    partner: str
    span: Span
    filter_required: str | None = None


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A ground on which the notice says data may be provided (a clause such as T1), with its legal basis."""

    id: str
    basis: Basis
    case_required: bool = False
    contact_only: bool = False
    review: bool = False


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A dated version of what the co-op publishes (公表事項): the ceiling of every release."""

    version: str
    effective: Span
    published: Span
    gaps: tuple[str, ...] = ()
    """The matters of Art. 27(5)(iii) that are missing, by name; empty when complete."""
    programmes: frozenset[str] | None = None
    joint_subjects: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    products: frozenset[str] = frozenset()
    purposes: Mapping[str, Purpose]
    items: Mapping[str, Item]
    users: tuple[User, ...] = ()
    grounds: Mapping[str, Ground]
    class_purposes: Mapping[str, frozenset[str]]
    """Field class → the only purposes under which it may be released; no decision lifts it."""
    held: bool = True
    """Whether the text itself is held; a version known by its date alone covers nobody by itself."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A machine field of the catalogue (データ項目)."""

    id: str
    item: str
    type: FieldType
    nullable: bool
    cls: FieldClass
    ja: str
    en: str
    example: str | int | bool | None = None
    max_length: int | None = None
    length: int | None = None
    pattern: str | None = None
    codes: tuple[str, ...] = ()
    product: str | None = None
    subject: str = "member"
    minor: bool = False
    contact: bool = False

    @property
    def about_others(self) -> bool:
        """Whether the value is about another person than the member: household, gift recipient, child."""
        return self.subject != "member" or self.minor


class Predicate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition of a population or cohort; a null value fails it."""

    field: str
    among: tuple[str | int | bool, ...] | None = None
    prefixes: tuple[str, ...] | None = None
    lowest: str | int | None = None
    highest: str | int | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded, dated decision of the co-op; what it lifts depends on its kind."""

    id: str
    kind: Literal["purpose", "item_field", "open_item", "cohort", "field_use", "abroad", "ground"]
    span: Span
    item: str | None = None
    fields: frozenset[str] = frozenset()
    partner: str | None = None
    purposes: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()
    selectors: tuple[Predicate, ...] = ()
    """A cohort's further conditions, all of which must hold."""
    ground: str | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one agreement grants for one purpose (提供範囲)."""

    id: str
    purpose: str
    fields: Mapping[str, Transform]
    products: frozenset[str] = frozenset()
    population: tuple[Predicate, ...] = ()
    max_age_days: int
    retention_days: int
    members_per_day: int | None = None
    filters: Mapping[str, str] = {}
    """Further filters handed to the source, such as the insurer of an insurance agency."""
    case: str | None = None
    """The case number that every request must carry; None: whichever the purpose or the ground demands."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A contract or memorandum between the co-op and one partner (契約・覚書)."""

    id: str
    partner: str
    basis: Basis
    term: Span
    clauses: frozenset[str]
    """The mandatory clauses recorded with their article."""
    evidence: frozenset[str]
    evidence_span: Span = ALWAYS
    supervision: Span | None = None
    """Up to the midnight after the supervision's due day and grace; None where no supervision is recorded."""
    ground: str | None = None
    """The ground of the notice that it names; None: the first of its basis in whichever notice governs."""
    programme: str | None = None
    department: str = ""
    """The owning department (所管部署), whose managers approve what changes in it."""
    records: Mapping[str, str] = {}
    """What the agreement records beyond what the gates read, by its name (`AGREEMENT_RECORDS`): no gate reads it."""
    reconciliation: Span | None = None
    """While the partner compares its list with the co-op's: the enumeration budget does not count then."""
    grants: tuple[Grant, ...]

    def grant_for(self, purpose: str, product: str | None) -> Grant | None:
        """Return the grant for a purpose and product class; an agreement has at most one."""
        for grant in self.grants:
            if grant.purpose == purpose and (product is None or product in grant.products):
                return grant
        return None


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """One legal entity (提供先); identity is the corporate number, so another number is another partner."""

    id: str
    name: str
    corporate_number: str | None
    country: str
    clients: frozenset[str]
    receives: Span = ALWAYS
    """Up to the midnight that begins the day from which it is archived."""
    records: Mapping[str, str] = {}
    """What the partner's file records beyond what the gates read, by its name (`PARTNER_RECORDS`)."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one policy version of one co-op decides with."""

    coop: str
    digest: str
    """Lower-case hexadecimal SHA-256 of the published document."""
    notices: tuple[Notice, ...]
    """Oldest first."""
    fields: Mapping[str, Field]
    decisions: tuple[Decision, ...]
    agreements: Mapping[str, Agreement]
    partners: Mapping[str, Partner]
    source: SourceMap
