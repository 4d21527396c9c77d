"""What a member's record says in words: partners, purposes and fields as they were named in the version that it was under."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gateway.core.bases import BASIS_WORDS, Basis
from gateway.core.changes.sentence import HOW
from gateway.core.days import Moment
from gateway.core.members.restriction_grounds import GROUNDS, RestrictionGround
from gateway.core.policy import Policy
from gateway.core.state import Version
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members.history import Provision
from gateway.oversight.members.published import Published, published
from gateway.sheets.tables import Said

SENTENCES: Final[Mapping[str, Said]] = {
    Basis.JOINT_USE: Said(
        "共同利用(個人情報保護法27条5項3号)は、あらかじめ公表した項目・利用者・目的の範囲で共同して利用するものです。"
        "提供先は同条の第三者に当たりません。",
        "Joint use (APPI Art. 27(5)(iii)) is use in common within the items, users and purposes published beforehand; "
        "the recipient is no third party under that article.",
    ),
    Basis.ENTRUSTMENT: Said(
        "委託(個人情報保護法27条5項1号)は、利用目的の達成に必要な範囲で取扱いを任せるものです。"
        "委託先は同条の第三者に当たらず、当生協が監督します。",
        "Entrustment (APPI Art. 27(5)(i)) lets another handle data as far as the purpose needs; the processor is no "
        "third party under that article, and is supervised by this co-op.",
    ),
    Basis.CONSENT: Said(
        "同意(個人情報保護法27条1項)は、ご本人の同意を得て第三者に提供するものです。同法29条の記録を保存しています。",
        "Consent (APPI Art. 27(1)) is provision to a third party with the person's consent; records under Art. 29 are kept.",
    ),
    Basis.LAW: Said(
        "法令(個人情報保護法27条1項1号)は、法令に基づいて提供するものです。",
        "Law (APPI Art. 27(1)(i)) is provision that a law requires or allows.",
    ),
    Basis.LIFE: Said(
        "生命・身体・財産の保護(個人情報保護法27条1項2号)は、そのために必要で、同意を得ることが困難なときに提供するものです。",
        "Protection of life, body or property (APPI Art. 27(1)(ii)) is provision needed for it where consent is hard to obtain.",
    ),
    Basis.PUBLIC_HEALTH: Said(
        "公衆衛生・児童の健全育成(個人情報保護法27条1項3号)は、そのために特に必要で、同意を得ることが困難なときに提供するものです。",
        "Public health (APPI Art. 27(1)(iii)) is provision especially needed for it where consent is hard to obtain.",
    ),
    Basis.GOV_COOPERATION: Said(
        "国の機関等への協力(個人情報保護法27条1項4号)は、法令の定める事務に協力するために提供するものです。",
        "Cooperation with government (APPI Art. 27(1)(iv)) is provision to support affairs laid down by law.",
    ),
}
RESTRICTIONS: Final[Mapping[str, Said]] = {
    "stop_use": Said("利用停止", "stop of use"),
    "stop_provide": Said("提供停止", "stop of provision"),
    "marketing_stop": Said("販促停止", "stop of marketing"),
    "protected": Said("保護", "protected"),
    "withdrawal": Said("脱退", "withdrawal"),
    "correction": Said("訂正", "correction"),
}
"""And what the core system tells besides."""
EVENTS: Final[Mapping[str, Said]] = {
    "set": Said("設定", "set"),
    "lifted": Said("解除", "lifted"),
    "told": Said("届出", "told"),
}
DUTIES: Final[Mapping[str, Said]] = {
    "correct": Said("訂正", "correct"),
    "stop_using": Said("利用停止", "stop using"),
    "delete": Said("消去", "delete"),
}
TOLD: Final[Mapping[str | None, Said]] = {
    None: Said("通知済み", "told"),
    "open": Said("未応答", "open"),
    "acknowledged": Said("受領・対応済み", "acknowledged"),
    "certified": Said("証明書を受領", "certified"),
}
LOOK_UPS: Final[Mapping[str, Said]] = {
    "history": Said("組合員照会", "member history"),
    "restrictions": Said("利用停止等の確認", "restrictions"),
    "membership": Said("記録に含まれることの証明", "proof of membership"),
    "request": Said("要求の確認", "request"),
    "export": Said("書き出し", "export"),
    "answer": Said("提供履歴回答書", "answer sheet"),
    "incident": Said("漏えい対応", "incident"),
}
DELIVERED: Final = Said("提供承認・送信完了", "authorised, sent")
UNCONFIRMED: Final = Said("提供承認・送信未確認", "authorised, sending not confirmed")
ALL: Final = Said("すべて", "all")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that a record was made under, by the digest of their policy, with their words; and what is in force."""

    policies: Mapping[str, Policy]
    said: Mapping[str, Published]
    current: str | None
    """The digest of the version in force."""

    def partner(self, partner: str, policy: str | None = None) -> str:
        """Return a partner's name as of a version, or as it is known last."""
        for digest in (policy, self.current, *reversed(list(self.policies))):
            found = self.policies.get(digest or "")
            if found is not None and partner in found.partners:
                return found.partners[partner].name
        return partner

    def purpose(self, one: Provision) -> str:
        """Return a purpose as published then, with its code."""
        text = self.text_of(one.purpose, one.policy, one.notice)
        return f"{text}({one.purpose})" if text else one.purpose

    def text_of(self, purpose: str, policy: str | None = None, notice: str | None = None) -> str:
        """Return the published text of a purpose; "" where the documents do not say."""
        published = self.said.get(policy or self.current or "", Published())
        chosen = [notice] if notice in published.purposes else sorted(published.purposes, reverse=True)
        return next((text for one in chosen if (text := published.purposes[one or ""].get(purpose, ""))), "")

    def agreement(self, one: Provision) -> str:
        """Return the title of an agreement as of then, with its id."""
        title = self.said.get(one.policy, Published()).titles.get(one.agreement, "")
        return f"{title}({one.agreement})" if title else one.agreement

    def fields(self, one: Provision) -> list[Said]:
        """Return the fields that were provided, in words; one that was changed says how."""
        policy = self.policies.get(one.policy)
        return [_field(policy, name, how) for name, how in one.fields.items()]


async def words_of(desk: OversightDesk, coop: str, provisions: Iterable[Provision]) -> Words:
    """Return the words of the versions that provisions were made under, and of the one in force. Raises Unavailable."""
    versions = desk.current(coop).versions
    by_digest: dict[str, Version] = {one.policy.digest: one for one in versions}
    deciding = _deciding(desk, coop)
    wanted = dict.fromkeys([one.policy for one in provisions if one.policy in by_digest])
    if deciding is not None:
        wanted[deciding] = None
    return Words(
        policies={digest: by_digest[digest].policy for digest in wanted},
        said={digest: await published(desk, coop, by_digest[digest]) for digest in wanted},
        current=deciding,
    )


def sentences(provisions: Iterable[Provision]) -> list[Said]:
    """Return a sentence on each basis that provisions were on, in the order of the law."""
    bases = {one.basis for one in provisions}
    return [sentence for basis, sentence in SENTENCES.items() if basis in bases]


def basis(one: Provision) -> Said:
    """Return the basis of a provision with its article as the log has it."""
    words: Mapping[str, tuple[str, str]] = BASIS_WORDS  # type: ignore[assignment]  # keys of an entry are any text
    ja, en = words.get(one.basis, (one.basis, one.basis))
    return Said(f"{ja}({one.article})", f"{en} ({one.article})")


def ground(code: str) -> Said:
    """Return what a restriction rests on, with its article."""
    grounds: Mapping[str, RestrictionGround] = GROUNDS  # type: ignore[assignment]  # keys of an entry are any text
    found = grounds.get(code)
    return Said(code, code) if found is None else Said(f"{found.article} {found.ja}", f"{found.article} {found.en}")


def _deciding(desk: OversightDesk, coop: str) -> str | None:
    policy = desk.current(coop).policy_at(Moment(desk.clock()))
    return None if policy is None else policy.digest


def _field(policy: Policy | None, name: str, how: str) -> Said:
    field = None if policy is None else policy.fields.get(name)
    ja, en = (name, name) if field is None else (field.ja, field.en)
    if how == "as_is":
        return Said(ja, en)
    done: Mapping[str, tuple[str, str]] = HOW  # type: ignore[assignment]  # keys of an entry are any text
    said_ja, said_en = done.get(how, (how, how))
    return Said(f"{ja}({said_ja})", f"{en} ({said_en})")
