"""安全管理措置: the headings of the guideline's annex under which a co-op declares what it does.

Source: 個人情報保護委員会「個人情報の保護に関する法律についてのガイドライン(通則編)」別添 10-3 to 10-7 (domain.md §2.2).
The wording is to be confirmed by a person in charge before it is printed as a quotation (grade K).
"""

from typing import Final, Literal

import msgspec

Kind = Literal["organisational", "personnel", "physical", "technical", "external"]


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """One heading: its number in the annex, as `10-3(1)`, and what it is called."""

    number: str
    kind: Kind
    ja: str
    en: str


TRAINING: Final = "10-4(1)"
"""The heading under which training is declared, person by person."""

KINDS: Final[dict[Kind, tuple[str, str, str]]] = {
    "organisational": ("10-3", "組織的安全管理措置", "organisational measures"),
    "personnel": ("10-4", "人的安全管理措置", "personnel measures"),
    "physical": ("10-5", "物理的安全管理措置", "physical measures"),
    "technical": ("10-6", "技術的安全管理措置", "technical measures"),
    "external": ("10-7", "外的環境の把握", "knowledge of the environment abroad"),
}
"""Kind → the section's number, and its name in both languages."""

HEADINGS: Final = (
    Heading(number="10-3(1)", kind="organisational", ja="組織体制の整備", en="an organisation with roles"),
    Heading(
        number="10-3(2)", kind="organisational", ja="個人データの取扱いに係る規律に従った運用", en="work by the rules"
    ),
    Heading(
        number="10-3(3)",
        kind="organisational",
        ja="個人データの取扱状況を確認する手段の整備",
        en="a means to see how personal data is handled",
    ),
    Heading(
        number="10-3(4)",
        kind="organisational",
        ja="漏えい等事案に対応する体制の整備",
        en="an organisation for incidents",
    ),
    Heading(
        number="10-3(5)",
        kind="organisational",
        ja="取扱状況の把握及び安全管理措置の見直し",
        en="review of handling and measures",
    ),
    Heading(number=TRAINING, kind="personnel", ja="従業者の教育", en="training of staff"),
    Heading(
        number="10-5(1)",
        kind="physical",
        ja="個人データを取り扱う区域の管理",
        en="control of the areas where personal data is handled",
    ),
    Heading(
        number="10-5(2)",
        kind="physical",
        ja="機器及び電子媒体等の盗難等の防止",
        en="against theft of devices and media",
    ),
    Heading(
        number="10-5(3)",
        kind="physical",
        ja="電子媒体等を持ち運ぶ場合の漏えい等の防止",
        en="against leaks when media are carried",
    ),
    Heading(
        number="10-5(4)",
        kind="physical",
        ja="個人データの削除及び機器、電子媒体等の廃棄",
        en="erasure, and disposal of devices and media",
    ),
    Heading(number="10-6(1)", kind="technical", ja="アクセス制御", en="access control"),
    Heading(number="10-6(2)", kind="technical", ja="アクセス者の識別と認証", en="identification and authentication"),
    Heading(
        number="10-6(3)",
        kind="technical",
        ja="外部からの不正アクセス等の防止",
        en="against unauthorised access from outside",
    ),
    Heading(
        number="10-6(4)",
        kind="technical",
        ja="情報システムの使用に伴う漏えい等の防止",
        en="against leaks in the use of systems",
    ),
    Heading(
        number="10-7",
        kind="external",
        ja="外国で取り扱う場合の、その国の制度等の把握",
        en="the law of a country where data is handled",
    ),
)
NUMBERS: Final = frozenset(one.number for one in HEADINGS)
