"""公表事項の文面: the notice as Japanese text, made from the published document and from nothing else.

Its sections are the matters of Art. 27(5)(iii) in their order: that data is jointly used, the items, the users, their
purpose, and who is responsible, with address and representative; then the contact desk, and what open-ended items hold
by decision. What is published is quoted as it stands; a matter that is missing is named, never left out in silence.
Plain text and HTML are two ways to print one NoticeText. Sample values carry 【試験】.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from gateway.control_plane.notices.document import Document, JointUse, NoticeFile, UserText, in_order
from gateway.core.trial import TRIAL

_SAMPLE = "【見本】"
"""How the files mark a sample value."""
MATTERS: dict[str, str] = {
    "items": "共同利用する個人データの項目",
    "joint_purposes": "利用する者の利用目的",
    "users": "共同利用する者の範囲",
    "responsible_party.name": "管理について責任を有する者の名称",
    "responsible_party.address": "管理について責任を有する者の住所",
    "responsible_party.representative": "管理について責任を有する者の代表者の氏名",
}
"""What a joint-use notice must state (法27条5項3号), by the name of its gap."""
_NONE = "(定めがありません)"
_WIDTH = 60


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered line of a section, and what is said below it."""

    mark: str
    text: str
    more: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One matter: its heading, and what is published of it."""

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


class NoticeText(msgspec.Struct, frozen=True, kw_only=True):
    """A notice ready to print."""

    title: str
    trial: bool
    """It is not to be taken for a notice of a real co-op."""
    facts: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    """The matters of Art. 27(5)(iii) that it does not state."""
    sections: tuple[Section, ...]
    origin: str
    """Which published version it was made from."""


def marked(text: str, *, sample: bool = False) -> str:
    """Return a text of the files on one line, with 【試験】 where it is a sample value."""
    line = " ".join(text.splitlines()).replace(_SAMPLE, TRIAL)
    return line if TRIAL in line or not sample else TRIAL + line


def compose(document: Document, version: str, *, gaps: Iterable[str], digest: str, trial: bool = False) -> NoticeText:
    """Return a version of the notice as text; `gaps` as the gates know them, `trial` where all is test data.

    Raises KeyError where the document does not hold the version's text.
    """
    notice = document.notices[version]
    programmes = tuple(marked(one.label) for one in notice.applies_to.programmes or ())
    facts = [
        ("事業者", marked(notice.policy.controller.name)),
        ("版", _day(date.fromisoformat(version))),
        ("適用期間", _period(notice.effective.start, notice.effective.end)),
        ("公表期間", _period(notice.published.start, notice.published.end)),
    ]
    if programmes:
        facts.append(("対象", "、".join(programmes)))
    if notice.source.url is not None:
        facts.append(("公表場所", marked(notice.source.url)))
    return NoticeText(
        title=f"{marked(notice.policy.title)} 個人データの共同利用に関する公表事項",
        trial=trial or notice.sample,
        facts=tuple(facts),
        missing=tuple(MATTERS.get(gap, gap) for gap in gaps),
        sections=tuple(_sections(document, notice)),
        origin=f"公布された版 {digest[:16]} のデータから作成",
    )


def plain(text: NoticeText) -> str:
    """Return a notice as plain text, lines ending in a line feed."""
    out = [f"{TRIAL}{text.title}" if text.trial else text.title, "=" * _WIDTH]
    if text.trial:
        out.append(f"{TRIAL}試験用のデータで作った文面です。実在の公表事項ではありません。")
    out += [f"{name}: {said}" for name, said in text.facts]
    if text.missing:
        out += ["", "【未完】次の事項(個人情報保護法27条5項3号)が定められていません。このままでは共同利用できません。"]
        out += [f"  - {matter}" for matter in text.missing]
    for number, section in enumerate(text.sections, start=1):
        out += ["", f"{number}. {section.heading}", "-" * _WIDTH, *(f"  {line}" for line in section.lines)]
        for row in section.rows:
            out += [f"  {row.mark} {row.text}".rstrip(), *(f"      {line}" for line in row.more)]
    return "\n".join([*out, "", "-" * _WIDTH, text.origin, ""])


def _sections(document: Document, notice: NoticeFile) -> Iterator[Section]:
    joint = notice.joint_use
    pointed: tuple[str, ...] = ()
    if joint.linked_page is not None:
        where = joint.linked_page.url or "リンク先の記録はありません"
        pointed = (f"{marked(joint.linked_page.text)} ({marked(where)})",)
    yield Section(heading="共同利用する旨", lines=(_or_none(joint.statement), *pointed))
    yield Section(
        heading="共同利用する個人データの項目",
        lines=() if joint.items else (_NONE,),
        rows=tuple(
            Row(mark=f"({number})", text=marked(item.label))
            for number, (_, item) in enumerate(in_order(joint.items or {}), start=1)
        ),
    )
    yield Section(
        heading="共同利用する者の範囲",
        lines=() if joint.users else (_NONE,),
        rows=tuple(
            Row(mark=f"({number})", text=marked(user.label), more=tuple(_about_user(document, notice, user)))
            for number, (_, user) in enumerate(in_order(joint.users), start=1)
        ),
    )
    yield Section(heading="利用する者の利用目的", lines=(_or_none(joint.purpose.text if joint.purpose else None),))
    yield Section(heading="個人情報の利用目的", rows=tuple(_purposes(notice)))
    if notice.products:
        rows = tuple(Row(mark=f"({n})", text=marked(one)) for n, (_, one) in enumerate(in_order(notice.products), 1))
        yield Section(heading="商品・サービスの範囲", rows=rows)
    yield Section(heading="管理について責任を有する者", lines=tuple(_duties(notice)), rows=tuple(_responsible(joint)))
    contact = notice.contact
    told = ((contact.desk, "窓口"), (contact.tel, "電話"), (contact.hours, "受付時間")) if contact else ()
    yield Section(
        heading="お問い合わせ窓口",
        lines=() if told else (_NONE,),
        rows=tuple(Row(mark=f"{name}:", text=marked(said)) for said, name in told),
    )
    held = tuple(_open_items(document, notice))
    if held:
        yield Section(heading="範囲の定めを要する項目に含まれるデータ(生協の決定による)", rows=held)


def _about_user(document: Document, notice: NoticeFile, user: UserText) -> Iterator[str]:
    first = max(one for one in (user.start, notice.effective.start, date.min) if one is not None)
    if user.partner is not None:
        yield f"{_entity(document, user.partner)} {_period(first, user.end)}"
    listed = notice.classes.get(user.members_of) if user.members_of is not None else None
    if listed is not None:
        yield _period(first, user.end)
        for member in listed.members:
            since = "加わった日の記録がないため、まだ含まれません"
            yield f"{_entity(document, member.partner)} {_period(member.start, member.end) if member.start else since}"


def _entity(document: Document, partner: str) -> str:
    one = document.partners.get(partner)
    if one is None:
        return partner
    number = f" (法人番号 {one.corporate_number})" if one.corporate_number is not None else ""
    return marked(one.name, sample=one.sample) + number


def _purposes(notice: NoticeFile) -> Iterator[Row]:
    for code, purpose in in_order(notice.purposes):
        uses = "、".join(marked(use.label) for use in (purpose.uses or {}).values())
        yield Row(
            mark=f"({code.removeprefix('P')})", text=marked(purpose.text), more=(f"区分: {uses}",) if uses else ()
        )


def _duties(notice: NoticeFile) -> Iterator[str]:
    duties = notice.joint_use.duties
    if duties is not None:
        yield from (marked(line) for line in notice.statements.get(duties.clause, ()))
    if not notice.joint_use.responsible_parties:
        yield _NONE


def _responsible(joint: JointUse) -> Iterator[Row]:
    for party in joint.responsible_parties:
        yield Row(mark="■", text=marked(party.role))
        for name, said in (("名称", party.name), ("住所", party.address), ("代表者", party.representative)):
            yield Row(mark=f"{name}:", text=_or_none(said.text if said else None))


def _open_items(document: Document, notice: NoticeFile) -> Iterator[Row]:
    """Yield what each open-ended item holds by decision, on the decision's days."""
    for number, (name, item) in enumerate(in_order(notice.joint_use.items or {}), start=1):
        if not item.open:
            continue
        more = [
            marked("、".join(_field(document, field) for field in one.fields), sample=one.sample)
            + f" ({_period(one.start, one.end)})"
            for _, one in sorted(document.decisions.items())
            if one.kind == "open_item" and one.item == name
        ]
        yield Row(
            mark=f"({number})", text=marked(item.label), more=tuple(more) or ("決定がないため、何も提供されません",)
        )


def _field(document: Document, field: str) -> str:
    return document.fields[field].ja if field in document.fields else field


def _or_none(text: str | None) -> str:
    return _NONE if text is None else marked(text)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _period(first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return "期限の定めなし"
    start = "始期の定めなし、" if first is None else f"{_day(first)}から"
    return start + ("" if last is None else f"{_day(last)}まで")
