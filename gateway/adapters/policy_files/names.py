"""What the words of the data model are called in the findings: (Japanese, English), and the rule behind a clause."""

NAMES: dict[str, tuple[str, str]] = {
    "secrecy": ("守秘義務", "secrecy"),
    "no_reprovision": ("再提供禁止", "no re-provision"),
    "incident_liability": ("事故発生時の責任分担", "liability on incidents"),
    "user_requirement": ("共同利用者の要件", "who may be a joint user"),
    "contacts": ("取扱責任者、問合せ担当者及び連絡先", "persons responsible and contacts"),
    "leak_prevention": ("漏えい等防止", "leak prevention"),
    "no_outside_purpose": ("目的外の加工・利用・複写の禁止", "no use outside the purpose"),
    "return_erase": ("終了後の返還・消去・廃棄", "return and erasure at the end"),
    "breach_measures": ("取決めが守られない場合の措置", "measures on breach"),
    "incident_report": ("事故時の報告・連絡", "reports on incidents"),
    "end_procedure": ("終了の手続", "procedure at the end"),
    "selection": ("委託先の選定記録", "selection record"),
    "consent_text": ("同意の文言", "what was consented to"),
    "consent_obtained_by": ("同意の取り方", "how consent was obtained"),
    "consent_version": ("同意書の版と日付", "version and date of the consent form"),
    "consent_withdrawal": ("同意の撤回の方法", "how consent is withdrawn"),
    "protects": ("守るもの", "what is protected"),
    "law": ("根拠法令", "the law"),
    "document_number": ("照会文書番号", "number of the inquiry document"),
    "received_on": ("受領日", "day of receipt"),
    "decided_by": ("判断した人", "who decided"),
    "approved_by": ("承認した人", "who approved"),
    "why_consent_is_difficult": ("同意を得ることが困難な理由", "why consent is difficult to obtain"),
    "subjects": ("対象となる人", "whose data"),
    "expires": ("期限", "when it expires"),
    "agency": ("国の機関等", "the agency"),
    "why_consent_would_hinder": ("同意を得ることで支障が出る理由", "why asking for consent would hinder"),
    "items": ("共同利用の項目", "items"),
    "joint_purposes": ("共同利用の目的", "purposes of joint use"),
    "users": ("共同利用者の範囲", "joint users"),
    "responsible_party.name": ("管理責任者の名称", "name of the responsible party"),
    "responsible_party.address": ("管理責任者の住所", "address of the responsible party"),
    "responsible_party.representative": ("管理責任者の代表者", "representative of the responsible party"),
    "financial": ("金融", "financial"),
    "special_care": ("要配慮", "special-care"),
    "free_text": ("自由記述", "free-text"),
    "household": ("世帯", "household"),
    "gift": ("贈り先", "gift recipient"),
    "minor": ("未成年者", "minor"),
}

_GUIDELINE = {
    "user_requirement": "ア",
    "contacts": "イ",
    "leak_prevention": "ウ",
    "no_outside_purpose": "ウ",
    "return_erase": "ウ",
    "breach_measures": "エ",
    "incident_report": "オ",
    "end_procedure": "カ",
}


def rule_of(clause: str, article: str) -> str:
    """Return where a mandatory clause is demanded: the guideline's matter, else the article of the basis."""
    matter = _GUIDELINE.get(clause)
    return article if matter is None else f"通則編3-6-3(3)({matter})"
