"""A grant as a sentence, in Japanese and English: what a person reads before approving it."""

from collections.abc import Mapping

from gateway.core.policy import Agreement, Grant, Policy, Predicate, Transform

HOW: dict[Transform, tuple[str, str]] = {
    "as_is": ("そのまま", "unchanged"),
    "pairwise_id": ("提供先ごとの識別子にして", "as an identifier of this partner's own"),
    "municipality": ("市区町村にして", "as the municipality"),
    "prefecture": ("都道府県にして", "as the prefecture"),
    "birth_year": ("生年にして", "as the year of birth"),
    "age_band": ("10歳きざみの年齢層にして", "as a ten-year age band"),
    "postal_3": ("上3桁にして", "as the first three digits"),
    "phone_last4": ("下4桁にして", "as the last four digits"),
    "mask": ("伏せて", "masked"),
    "drop": ("求められても渡さない", "never given, even when asked for"),
}
"""Transform → how a field is given, in words."""

_FACTS = {
    "status": ("在籍の状態", "status"),
    "subject": ("人の区分", "subject category"),
    "acquired_under": ("取得時の公表事項", "notice at acquisition"),
}


def sentence(
    policy: Policy, agreement: Agreement, grant: Grant, *, purposes: Mapping[str, tuple[str, str]] | None = None
) -> tuple[str, str]:
    """Return a grant in words, (Japanese, English).

    `purposes` gives the published names of purposes, (Japanese, English) by code; without one the code stands alone.
    """
    who = policy.partners[agreement.partner].name if agreement.partner in policy.partners else agreement.partner
    names = (purposes or {}).get(grant.purpose)
    code = grant.purpose
    why_ja, why_en = (_for(names[0], code), f"{names[1]} ({code})") if names else (f"{code}のため", code)
    products = sorted(grant.products)
    of_ja = f"{'・'.join(products)}の" if products else ""
    of_en = f" of {', '.join(products)}" if products else ""
    given_ja, given_en, never = [], [], []
    for transform, (ja, en) in HOW.items():
        fields = sorted(name for name, one in grant.fields.items() if one == transform)
        if not fields:
            continue
        labels = [_labels(policy, name) for name in fields]
        if transform == "drop":
            never = labels
            continue
        given_ja.append(f"{'・'.join(label for label, _ in labels)}を{ja}")
        given_en.append(f"{', '.join(label for _, label in labels)} {en}")
    if given_ja:
        said_ja = f"{who}に、{why_ja}、{of_ja}{'、'.join(given_ja)}渡す。"
        said_en = f"{who} receives, for {why_en}{of_en}: {'; '.join(given_en)}."
    else:
        said_ja, said_en = (
            f"{who}に、{why_ja}{'' if why_ja.endswith('ため') else '、'}渡すデータ項目はない。",
            f"{who} receives no field for {why_en}.",
        )
    if never:
        said_ja += f"{'・'.join(label for label, _ in never)}は、{HOW['drop'][0]}。"
        said_en += f" {', '.join(label for _, label in never)}: {HOW['drop'][1]}."
    limits_ja, limits_en = _limits(policy, grant)
    return said_ja + limits_ja, f"{said_en} {limits_en}"


def _for(name: str, code: str) -> str:
    """Return what a purpose is for; most are published as 「…のため」 and say so themselves."""
    text = name.rstrip("。")
    return f"{text}({code})" if text.endswith("ため") else f"{text}({code})のため"


def whom(policy: Policy, grant: Grant) -> tuple[str, str]:
    """Return the population of a grant in words, (Japanese, English)."""
    conditions = sorted(_condition(policy, one) for one in grant.population)
    conditions += [(f"{name}が「{value}」である", f"{name} {value}") for name, value in sorted(grant.filters.items())]
    if grant.case is not None:
        conditions.append((f"案件番号「{grant.case}」で求められた", f"being asked for by the case number {grant.case}"))
    ja, en = "、かつ".join(one for one, _ in conditions), " and ".join(one for _, one in conditions)
    return (f"{ja}組合員", f"members with {en}") if conditions else ("組合員すべて", "all members")


def _limits(policy: Policy, grant: Grant) -> tuple[str, str]:
    most = grant.members_per_day
    whom_ja, whom_en = whom(policy, grant)
    most_ja, most_en = ("", "") if most is None else (f"、1日{most:,}人まで", f", {most:,} members a day at most")
    old, kept = grant.max_age_days, grant.retention_days
    said_ja = f"対象は{whom_ja}。{old}日以内の情報に限り、提供先での保存は{kept}日{most_ja}。"
    said_en = (
        f"It covers {whom_en}, information at most {_days(old)} old, kept by the partner for {_days(kept)}{most_en}."
    )
    return said_ja, said_en


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def _condition(policy: Policy, one: Predicate) -> tuple[str, str]:
    label_ja, label_en = _labels(policy, one.field)
    field = policy.fields.get(one.field)
    from_ja, to_ja = ("以降", "以前") if field is not None and field.type == "date" else ("以上", "以下")
    ja, en = [], []
    if one.among is not None:
        ja.append("か".join(f"「{_shown(value)[0]}」" for value in one.among))
        en.append(" or ".join(_shown(value)[1] for value in one.among))
    if one.prefixes is not None:
        ja.append("か".join(f"「{prefix}」" for prefix in one.prefixes) + "で始まるもの")
        en.append("beginning " + " or ".join(one.prefixes))
    if one.lowest is not None:
        ja.append(f"{one.lowest}{from_ja}")
        en.append(f"from {one.lowest}")
    if one.highest is not None:
        ja.append(f"{one.highest}{to_ja}")
        en.append(f"up to {one.highest}")
    return f"{label_ja}が{'、'.join(ja)}である", f"{label_en} {' '.join(en)}"


def _shown(value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("はい", "yes") if value else ("いいえ", "no")
    return str(value), str(value)


def _labels(policy: Policy, name: str) -> tuple[str, str]:
    field = policy.fields.get(name)
    return _FACTS.get(name, (name, name)) if field is None else (field.ja, field.en)
