"""The clauses of the two published privacy policies that the gateway was made for: how far each reaches into it.

`gateway`: it is enforced or kept here, and a test shows it. `partly`: the gateway gives evidence. `outside`: it is done
elsewhere, and a declared record stands for it. Quotations are short and from the policies themselves, oddities and all;
`evidence` names what an audit pack shows for a clause. Sources: コープデリグループ「プライバシーポリシー」(2017-06-21, `D-`),
生活協同組合共立社「個人情報保護方針」(2022-04-01, `K-`); the numbers are ours.
"""

from typing import Final, Literal

import msgspec

Reach = Literal["gateway", "partly", "outside"]
MARKS: Final[dict[Reach, str]] = {"gateway": "●", "partly": "◐", "outside": "○"}
Evidence = Literal[
    "agreements",
    "bases",
    "cases",
    "decisions",
    "denials",
    "documents",
    "emergencies",
    "encryption",
    "entrustments",
    "findings",
    "follow_ups",
    "history",
    "incidents",
    "log",
    "managers",
    "measures",
    "not_available",
    "notices",
    "people",
    "purposes",
    "releases",
    "restrictions",
    "reviews",
    "training",
    "users",
    "verification",
]


class Clause(msgspec.Struct, frozen=True):
    """One clause: its number, how far it reaches, a short quotation, and what there is to show for it."""

    id: str
    reach: Reach
    quote: str
    evidence: tuple[Evidence, ...]

    @property
    def policy(self) -> str:
        """The prefix of its policy."""
        return self.id.partition("-")[0] + "-"


def _clause(clause: str, mark: str, quote: str, *evidence: Evidence) -> Clause:
    return Clause(clause, next(reach for reach, one in MARKS.items() if one == mark), quote, evidence)


POLICIES: Final[dict[str, str]] = {
    "D-": "コープデリグループ プライバシーポリシー(2017年6月21日)",
    "K-": "生活協同組合共立社 個人情報保護方針(すくすく会員、2022年4月1日)",
}

CLAUSES: Final[tuple[Clause, ...]] = (
    _clause("D-00", "○", "個人情報保護に関するマネジメントシステムを定め", "documents"),
    _clause("D-01", "◐", "適法かつ公正な手段により、本人の同意を得て取得", "not_available"),
    _clause("D-02", "●", "その利用目的を達成するために必要な範囲内", "releases", "denials"),
    _clause("D-03", "●", "必要な機密保持の契約等を結び", "agreements", "entrustments"),
    _clause("D-04a", "●", "正確かつ最新の状態に保ち", "not_available", "follow_ups"),
    _clause("D-04b", "●", "紛失・破壊・改ざんおよび漏えい等を防止", "verification", "encryption"),
    _clause("D-05", "◐", "お問い合わせには…可能な限り対応", "history", "cases"),
    _clause("D-06", "◐", "法令、業界ガイドラインなどを順守", "bases", "denials"),
    _clause("D-07a", "●", "個人情報を取り扱う部署毎に管理者を置き", "managers", "people"),
    _clause("D-07b", "◐", "定期的に行う監査報告等を参考にして", "reviews", "findings"),
    _clause("D-07c", "○", "定型教育、部内報、会議等で…教育・啓発", "training"),
    _clause("D-07d", "◐", "内外に公表します", "notices"),
    _clause("D-08", "●", "コープデリ連合会は…範囲に限る", "notices", "purposes"),
    _clause("D-P1", "●", "出資金、組合員名簿の管理", "purposes"),
    _clause("D-P2", "●", "商品及び各種サービスの案内・注文受付・お届けまたは提供", "purposes", "restrictions"),
    _clause("D-P3", "●", "ご利用代金の口座振替、振込", "purposes"),
    _clause("D-P4", "●", "アフターサービスや商品事故などへの対応", "purposes", "emergencies"),
    _clause("D-P5", "●", "お問い合わせへの対応やご連絡", "purposes"),
    _clause("D-P6", "●", "ご意見の集約", "purposes"),
    _clause("D-P7", "●", "事業や運営、活動に関わる情報の提供", "purposes", "restrictions"),
    _clause("D-P8", "●", "法令に基づく対応", "bases"),
    _clause("D-09", "●", "関連性を有すると合理的に認められる範囲", "notices", "documents"),
    _clause("D-10", "●", "漏えい、減失またはき損の防止", "measures", "verification"),
    _clause("D-T1", "●", "ご本人の同意に基づき提供するとき", "bases"),
    _clause("D-T2", "●", "法令に基づく場合", "bases"),
    _clause("D-T3", "●", "人の生命、身体または財産の保護のため", "bases", "emergencies"),
    _clause("D-T4", "●", "公衆衛生の向上または児童の健全な育成", "bases", "emergencies"),
    _clause("D-T5", "●", "国の機関若しくは地方公共団体…協力する必要", "bases"),
    _clause("D-U1", "●", "コープデリグループ会員生協", "users"),
    _clause("D-U2", "●", "日本生協連", "users"),
    _clause("D-U3", "●", "コープ共済連", "users"),
    _clause("D-U4", "●", "(株)コープサービス", "users"),
    _clause("D-U5", "●", "(株)コープデリ保険センター", "users"),
    _clause("D-E1", "●", "取り扱いの全部または一部を委託する場合", "entrustments"),
    _clause("D-N1", "◐", "共同利用の目的・項目はこちら", "notices"),
    _clause("D-R1", "●", "ご本人であることを確認させていただいた上", "cases"),
    _clause("D-R2", "◐", "宅配センターや店舗など生協の事業所まで", "cases"),
    _clause("D-R3", "●", "委任者署名捺印の委任状が必要", "cases"),
    _clause("D-R4", "●", "実費相当分の手数料をいただく場合", "cases"),
    _clause("D-S1", "●", "データを暗号化して通信する仕組み", "encryption"),
    _clause("D-DT", "●", "2017年6月21日", "notices"),
    _clause("K-00", "●", "「すくすく会員」の会員に適用", "notices", "not_available"),
    _clause("K-01", "○", "体制の構築、方針の実施・維持及び…継続的改善", "documents"),
    _clause("K-02", "●", "組合員、役職員、取引先などから…収集・利用", "notices", "not_available"),
    _clause("K-03", "●", "利用及び提供の目的を明確にし", "releases", "denials"),
    _clause("K-P1", "●", "出資金・債権・組合員台帳の作成・管理", "purposes"),
    _clause("K-P2", "●", "商品・サービス情報を提供するため", "purposes", "restrictions"),
    _clause("K-P3", "●", "商品・サービスのご注文をいただくため", "purposes"),
    _clause("K-P4", "●", "商品のお届けまたはサービス提供", "purposes"),
    _clause("K-P5", "●", "商品・サービスの提供を斡旋するため", "purposes"),
    _clause("K-P6", "●", "ご利用代金の請求及び回収のため", "purposes"),
    _clause("K-P7", "●", "アンケートなどによりご意見をいただくため", "purposes"),
    _clause("K-P8", "●", "福祉関連サービスにおける各種手続き代行", "purposes"),
    _clause("K-P9", "●", "生協組合員加入ご案内のため", "purposes"),
    _clause("K-P10", "●", "生活の改善および文化の向上に関する活動", "purposes"),
    _clause("K-P11", "●", "総代会など生協の機関運営や組合員活動", "purposes"),
    _clause("K-P12", "●", "不具合が生じた際の連絡を行うため", "purposes"),
    _clause("K-P13", "●", "常勤役職員の雇用管理のため", "purposes"),
    _clause("K-G1", "●", "①生協のセンター及び共同購入", "notices"),
    _clause("K-G2", "●", "②共済に関する商品・サービス", "notices"),
    _clause("K-G3", "●", "③介護、福祉関連サービス", "notices"),
    _clause("K-G4", "●", "④住宅関連サービス、冠婚葬祭サービス…旅行サービス", "notices"),
    _clause("K-G5", "●", "⑤保険に関する商品・サービス", "notices"),
    _clause("K-J0", "●", "「商品・サービス」の提供をおこなうため", "notices", "decisions"),
    _clause("K-I1", "●", "氏名", "releases"),
    _clause("K-I2", "●", "組合員コード", "releases"),
    _clause("K-I3", "●", "性別", "releases"),
    _clause("K-I4", "●", "生年月日", "releases"),
    _clause("K-I5", "●", "住所", "releases"),
    _clause("K-I6", "●", "電話番号", "releases"),
    _clause("K-I7", "●", "メールアドレス", "releases"),
    _clause("K-I8", "●", "その他の属性情報", "decisions"),
    _clause("K-I9", "●", "利用情報", "decisions"),
    _clause("K-I10", "●", "お問い合わせ情報", "decisions"),
    _clause("K-I11", "●", "その他共同利用の目的のために必要な情報", "decisions"),
    _clause("K-U1", "●", "㈱コープ開発センター", "users"),
    _clause("K-U2", "●", "日本生活協同組合連合会", "users"),
    _clause("K-U3", "●", "日本コープ共済生活協同組合連合会", "users"),
    _clause("K-U4", "●", "コープ東北サンネット事業連合", "users"),
    _clause("K-U5", "●", "㈱コープコミュニケーションズ", "users"),
    _clause("K-U6", "●", "㈱コープ東北サービス", "users"),
    _clause("K-U7", "●", "㈱コープ電気東北", "users"),
    _clause("K-U8", "●", "㈱コープ東北", "users"),
    _clause("K-M1", "●", "共同利用による第一義的に責任を負う管理責任者", "notices"),
    _clause("K-S1", "●", "管理・監督…契約によって義務付け", "agreements"),
    _clause("K-T1", "●", "事前の同意・承諾を得た場合", "bases"),
    _clause("K-T2", "●", "守秘義務、再提供禁止及び事故発生時の責任分担", "entrustments"),
    _clause("K-T3", "●", "業務委託会社などから直接ご連絡", "entrustments"),
    _clause("K-T4", "●", "法令などにより開示・提供が求められた場合", "bases"),
    _clause("K-X1", "◐", "業務委託会社を選定し…契約によって義務付け", "entrustments"),
    _clause("K-R1", "●", "照会、確認、修正、削除", "cases"),
    _clause("K-R2", "●", "共立社個人情報相談窓口 人事総務部", "cases", "notices"),
    _clause("K-H1", "◐", "組織的・人的・物理的・技術的観点から", "measures"),
    _clause("K-H2", "●", "管理責任者を置き…部署ごとに管理者を置き", "managers", "people"),
    _clause("K-A1", "◐", "定期的な内部監査…不備な点があれば是正", "reviews", "findings"),
    _clause("K-A2", "○", "部内報、会議などで…教育・啓発", "training"),
    _clause("K-DT", "●", "2005年 3月 31日 制定 … 2022年 4月 1日 改訂", "notices"),
)

SAFETY_EVIDENCE: Final[dict[str, tuple[Evidence, ...]]] = {
    "10-3(1)": ("managers", "people"),
    "10-3(2)": ("log", "history"),
    "10-3(3)": ("agreements",),
    "10-3(4)": ("incidents",),
    "10-3(5)": ("reviews", "findings"),
    "10-4(1)": ("training",),
    "10-6(1)": ("managers", "denials"),
    "10-6(2)": ("people",),
    "10-6(3)": ("verification",),
    "10-6(4)": ("encryption",),
}
"""Heading of the guideline's annex (core/reviews/safety_measures.py) → what the gateway itself has to show, beside what is declared."""
