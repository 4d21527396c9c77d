"""A co-op of the largest size that the console is made for: 100 partners, 60 fields, 13 purposes, all of it granted."""

from typing import Final

from gateway.core.policy import Transform
from tests.clock import SettableClock
from tests.console.furnished import HERE, PEOPLE, Furnished, employ, first_version
from tests.console.matrix_room import repository_files
from tests.console.simulated import COOP

PARTNERS: Final = 100
FIELDS: Final = 60
PURPOSES: Final = 13

_PARTNER = """id: {id}
name: {name}
short_name: {name}
corporate_number: null
country: JP
address: null
representative: null
contacts: null
clients: [{{id: {id}-demo, sample: true}}]
"""
_AGREEMENT = """coop: {coop}
partner: {id}
agreements:
  {coop}-{id}-01:
    sample: true
    basis: entrustment
    contract: {{form: 契約, title: 【見本】業務委託契約, signed: 2026-03-20, department: 宅配事業部}}
    term: {{from: 2026-04-01, to: 2027-03-31}}
    clauses:
      secrecy: 第3条
      no_reprovision: 第4条
      incident_liability: 第9条
      user_requirement: 第2条
      contacts: {{responsible: 【見本】, inquiries: 【見本】, article: 第5条}}
      leak_prevention: 第6条
      no_outside_purpose: 第6条2項
      return_erase: 第11条
      breach_measures: 第8条
      incident_report: 第9条2項
      end_procedure: 第12条
    supervision: {{last: {{date: 2026-09-10, method: 質問票, result: 適}}, due: 2027-03-10, grace_days: 30}}
    evidence: {{selection: {{criteria: 【見本】, date: 2026-01-05, result: 適}}}}
    limits: {{members_per_day: 20000}}
    grants:
"""
_GRANT = """      work-{number}:
        purpose: P{number}
        products: [G1]
        max_age_days: 7
        retention_days: 90
        fields:
"""
_FIELD = (
    '  course_{number}: {{item: I9, product: G1, type: enum, codes: {{A: 毎週, B: 隔週}}, "null": allowed, '
    "class: ordinary, ja: ご利用コース{number}, en: Order course {number}, example: A}}\n"
)
_GIVEN: dict[str, Transform] = {
    "member_code": "as_is",
    "name": "as_is",
    "phone": "phone_last4",
    "birth_date": "age_band",
}


async def at_size(made: Furnished, _: SettableClock) -> None:
    """Furnish a house with a version of that size in force, and a draft on it."""
    await first_version(made, COOP, large_files())
    for one in PEOPLE:
        await employ(made, COOP, *one)
    await made.draft("draft", "委託の範囲を見直す", "年に一度の見直し", {}, department=HERE)


def large_files() -> dict[str, str]:
    """The files of 共立社 with its partners, and as many more partners and fields as make that size."""
    files = {name: text for name, text in repository_files().items() if "/agreements/" not in name}
    catalogue = f"policies/{COOP}/fields.yaml"
    known = files[catalogue].count("{item:")
    more = [f"course_{number}" for number in range(known + 1, FIELDS + 1)]
    files[catalogue] += "".join(_FIELD.format(number=name.removeprefix("course_")) for name in more)
    decided = f"policies/{COOP}/decisions/usage-items.yaml"
    files[decided] = files[decided].replace("kyosai_enrolled]", f"kyosai_enrolled, {', '.join(more)}]")
    given = {**_GIVEN, **dict.fromkeys(more, "as_is")}
    fields = "".join(f"          {name}: {transform}\n" for name, transform in given.items())
    grants = "".join(_GRANT.format(number=number) + fields for number in range(1, PURPOSES + 1))
    for number in range(1, PARTNERS + 1):
        made = {"coop": COOP, "id": f"itaku-{number:03}", "name": f"【試験】委託先 第{number}号 株式会社"}
        files[f"partners/{made['id']}.yaml"] = _PARTNER.format(**made)
        files[f"policies/{COOP}/agreements/{made['id']}.yaml"] = _AGREEMENT.format(**made) + grants
    return files
