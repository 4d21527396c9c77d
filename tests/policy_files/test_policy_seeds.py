"""Both published policies stand in the policy files, clause by clause and character by character."""

import hashlib
import json

import pytest

from gateway.adapters.policy_files.content import quotations
from gateway.adapters.policy_files.load import load

KYORITSUSHA = {
    "K-00": [
        "「すくすく会員」の会員に適用されます",
        "予め個人情報保護方針の内容に全てご同意していただいたことで申込を受付",
    ],
    "K-01": ["法令、その他の規範を遵守", "体制の構築、方針の実施・維持及びそれらの継続的改善"],
    "K-02": ["組合員、役職員、取引先など", "その収集目的を明確にした上で、適法かつ公正な手段"],
    "K-03": ["個人情報の利用及び提供の目的を明確にし", "必要な範囲内にとどめます"],
    "K-P1": ["組合員の出資金・債権・組合員台帳の作成・管理のため"],
    "K-P2": ["商品・サービス情報を提供するため"],
    "K-P3": ["商品・サービスのご注文をいただくため"],
    "K-P4": ["商品のお届けまたはサービス提供(アフターサービスを含む)のため"],
    "K-P5": ["商品・サービスの提供を斡旋するため"],
    "K-P6": ["商品・サービスのご利用代金の請求及び回収のため"],
    "K-P7": ["商品・サービスに関わるアンケートなどによりご意見をいただくため"],
    "K-P8": ["福祉関連サービスにおける各種手続き代行のため"],
    "K-P9": ["生協組合員加入ご案内のため"],
    "K-P10": ["組合員の生活の改善および文化の向上に関する活動を推進するため"],
    "K-P11": ["総代会など生協の機関運営や組合員活動を円滑にすすめるため"],
    "K-P12": ["商品の納入、代金の決済などに不具合が生じた際の連絡を行うため"],
    "K-P13": ["常勤役職員の雇用管理のため"],
    "K-G1": ["生協のセンター及び共同購入(個人配達を含む)にて取り扱う商品・サービス"],
    "K-G2": ["共済に関する商品・サービス"],
    "K-G3": ["介護、福祉関連サービス"],
    "K-G4": ["住宅関連サービス、冠婚葬祭サービス、その他生活関連サービス、旅行サービス"],
    "K-G5": ["保険に関する商品・サービス"],
    "K-J0": [
        "「商品・サービス」の提供をおこなうため、個人情報の利用目的の範囲内で共同利用させていただく場合があります",
        "個人情報の利用目的で定める「商品・サービス」の提供をおこなうため。",
    ],
    "K-I": [
        "氏名",
        "組合員コード",
        "性別",
        "生年月日",
        "住所",
        "電話番号",
        "メールアドレス",
        "その他の属性情報",
        "利用情報",
        "お問い合わせ情報",
        "その他共同利用の目的のために必要な情報",
    ],
    "K-U": [
        "㈱コープ開発センター",
        "日本生活協同組合連合会",
        "日本コープ共済生活協同組合連合会",
        "コープ東北サンネット事業連合",
        "㈱コープコミュニケーションズ",
        "㈱コープ東北サービス",
        "㈱コープ電気東北",
        "㈱コープ東北",
    ],
    "K-M1": [
        "共同利用による第一義的に責任を負う管理責任者",
        "生活協同組合 共立社",
        "山形県鶴岡市宝田1丁目3-23",
        "代表理事 渡\u908a 一弥",
    ],
    "K-S1": ["第一次的責任", "子会社及び事業提携を行っている関係会社", "管理・監督", "契約によって義務付け"],
    "K-T1": ["組合員及び常勤などの事前の同意・承諾を得た場合"],
    "K-T2": ["守秘義務、再提供禁止及び事故発生時の責任分担などの契約または覚書", "収集目的の範囲内で委託する場合"],
    "K-T3": ["業務委託会社などから直接ご連絡させていただくことが適切であると判断する場合"],
    "K-T4": ["法令などにより開示・提供が求められた場合"],
    "K-X1": ["業務委託会社を選定し"],
    "K-R1": ["組合員及び常勤など", "照会", "確認", "修正", "削除", "合理的な範囲でこれに応じます"],
    "K-R2": ["共立社個人情報相談窓口 人事総務部", "0235\u201022\u20105115", "月~土 午前9時30分~午後5時30分"],
    "K-H1": ["組織的・人的・物理的・技術的観点から、合理的な対策"],
    "K-H2": ["管理責任者を置き", "部署ごとに管理者を置き"],
    "K-A1": ["定期的な内部監査", "不備な点があれば是正します"],
    "K-A2": ["部内報、会議などで共立社に働く者に対する教育・啓発"],
    "K-DT": [
        "2005年\u00a0 3月 31日 制定",
        "2011年10月 26日 改訂",
        "2017年",
        "2018年",
        "2021年",
        "2022年",
    ],
}

COOPDELI = {
    "D-00": ["プライバシーポリシー", "コープデリグループ", "マネジメントシステムを定め、役職員・組合員が一体となり"],
    "D-01": ["利用目的を明示し、適法かつ公正な手段により、本人の同意を得て取得します"],
    "D-02": ["その利用目的を達成するために必要な範囲内にとどめます"],
    "D-03": ["必要な機密保持の契約等を結び、生協の管理のもとで行います"],
    "D-04a": ["正確かつ最新の状態に保ち"],
    "D-04b": ["不正アクセス、紛失・破壊・改ざんおよび漏えい等を防止するための措置"],
    "D-05": ["個人情報保護規程に定める事項の範囲において可能な限り対応します"],
    "D-06": ["法令、業界ガイドラインなどを順守"],
    "D-07a": ["部署毎に管理者を置き"],
    "D-07b": ["定期的に行う監査報告等", "継続的改善に努めます"],
    "D-07c": ["定型教育、部内報、会議等で、職員や組合員に対する教育・啓発"],
    "D-07d": ["内外に公表します"],
    "D-08": [
        "コープデリ連合会",
        "商品の案内、受注、発送、関連するアフターサービス、新商品・サービスに関する情報の収集や利用明細等のお知らせ",
        "定款で備えつけと閲覧が義務づけられている範囲",
    ],
    "D-P1": ["出資金、組合員名簿の管理"],
    "D-P2": ["定款に基づく事業における商品及び各種サービスの案内・注文受付・お届けまたは提供"],
    "D-P3": ["ご利用明細等のお知らせ及びご利用代金の口座振替、振込"],
    "D-P4": ["アフターサービスや商品事故などへの対応"],
    "D-P5": ["お問い合わせへの対応やご連絡"],
    "D-P6": ["当生協の商品・サービス・運営の改善に関わるご意見の集約"],
    "D-P7": ["当生協の事業や運営、活動に関わる情報の提供"],
    "D-P8": ["法令に基づく対応"],
    "D-09": ["変更前の利用目的と関連性を有すると合理的に認められる範囲を超えて行いません"],
    "D-10": ["漏えい、減失またはき損の防止", "その規模に応じた必要かつ適切な措置"],
    "D-T1": ["ご本人の同意に基づき提供するとき"],
    "D-T2": ["法令に基づく場合"],
    "D-T3": ["人の生命、身体または財産の保護のために必要がある場合であって、ご本人の同意を得ることが困難である場合"],
    "D-T4": ["公衆衛生の向上または児童の健全な育成の推進のためにとくに必要がある場合"],
    "D-T5": ["国の機関若しくは地方公共団体またはその委託を受けた者", "当該事務の遂行に支障を及ぼすおそれがある場合"],
    "D-U": [
        "コープデリグループ会員生協",
        "日本生協連",
        "コープ共済連",
        "(株)コープサービス",
        "(株)コープデリ保険センター",
    ],
    "D-E1": ["個人情報取り扱いの全部または一部を委託する場合"],
    "D-N1": ["共同利用の目的・項目はこちらをご覧ください。"],
    "D-R1": ["開示", "訂正", "利用停止", "請求者がご本人であることを確認させていただいた上", "合理的な範囲で"],
    "D-R2": ["宅配センター", "店舗", "事業所"],
    "D-R3": ["委任者署名捺印の委任状"],
    "D-R4": ["利用目的の通知", "実費相当分の手数料"],
    "D-S1": ["SSL(セキュア・ソケット・レイアー)"],
    "D-DT": ["2017年6月21日"],
}

COOPS = {"kyoritsusha": ("2022-04-01", KYORITSUSHA), "coopdeli": ("2017-06-21", COOPDELI)}


@pytest.fixture(scope="module")
def loaded(root):
    return {coop: load(root / "policies", root / "partners", coop, samples=True) for coop in COOPS}


@pytest.mark.clause("D-P*", "D-U*", "D-DT", "K-P*", "K-G*", "K-I*", "K-U*", "K-DT")
@pytest.mark.parametrize(("coop", "clause"), [(coop, c) for coop, (_, data) in COOPS.items() for c in data])
def test_each_clause_stands_in_the_document_as_in_the_published_text(root, loaded, coop, clause):
    version, data = COOPS[coop]
    text = (root / f"policies/{coop}/source/{version}.txt").read_text()
    quoted = [str(quote) for _, quote in quotations(loaded[coop].document.notices[version], ())]
    for datum in data[clause]:
        assert datum in text
        assert any(datum in quote for quote in quoted), datum


@pytest.mark.clause("D-07d")
@pytest.mark.parametrize("coop", COOPS)
def test_every_quotation_is_in_the_archived_text_and_the_archive_is_the_recorded_one(root, loaded, coop):
    version, _ = COOPS[coop]
    notice = loaded[coop].document.notices[version]
    data = (root / "policies" / coop / notice.source.file).read_bytes()
    assert hashlib.sha256(data).hexdigest() == notice.source.sha256
    quotes = list(quotations(notice, ()))
    assert len(quotes) > 60
    assert [path for path, quote in quotes if quote not in data.decode()] == []


@pytest.mark.clause("K-I8", "K-I9", "K-I10", "K-I11")
def test_kyoritsusha_loads_without_error_and_reports_its_four_open_items(loaded):
    findings = loaded["kyoritsusha"].findings
    assert {f.severity for f in findings} == {"warning"}
    open_items = {f.subject: f.state for f in findings if f.state.startswith("open_item")}
    assert open_items == {
        "I8": "open_item_empty",
        "I9": "open_item_decided",
        "I10": "open_item_empty",
        "I11": "open_item_empty",
    }
    assert sum(f.state == "header_only" for f in findings) == 5
    assert len(findings) == 9


@pytest.mark.clause("D-N1", "D-DT")
def test_coopdeli_loads_incomplete_with_exactly_five_gaps_and_nothing_invented(loaded):
    findings = loaded["coopdeli"].findings
    assert {f.severity for f in findings} == {"warning"}
    assert sorted(f.subject for f in findings if f.state == "gap") == [
        "items",
        "joint_purposes",
        "responsible_party.address",
        "responsible_party.name",
        "responsible_party.representative",
    ]
    notice = loaded["coopdeli"].document.notices["2017-06-21"]
    assert (notice.joint_use.items, notice.joint_use.purpose, notice.joint_use.responsible_parties) == (None, None, ())
    assert (notice.contact, notice.products, notice.applies_to.programmes) == (None, None, None)
    assert {field.item for field in loaded["coopdeli"].document.fields.values()} == {None}


@pytest.mark.clause("D-08", "K-P13", "K-J0", "K-R1", "K-R2")
def test_the_readings_of_section_6_stand_beside_the_text(loaded):
    notice = loaded["kyoritsusha"].document.notices["2022-04-01"]
    joint = {code: purpose.joint for code, purpose in notice.purposes.items()}
    assert {code for code, reading in joint.items() if reading == "yes"} == {"P3", "P4", "P5", "P12"}
    assert {code for code, reading in joint.items() if reading == "no"} == {"P13"}
    assert len(joint) == 13
    assert {code for code, purpose in notice.purposes.items() if purpose.marketing} == {"P2", "P9"}
    assert notice.purposes["P13"].subjects == ("staff",)
    assert notice.joint_use.responsible_parties[0].municipality_code == "062031"
    assert notice.contact is not None
    assert (notice.contact.open.days[0], notice.contact.open.days[-1]) == ("mon", "sat")
    assert (notice.contact.open.start, notice.contact.open.end) == ("09:30", "17:30")
    assert notice.rights.who == ("member", "staff")
    assert [user.partner for user in notice.joint_use.users.values()] == [
        "coop-kaihatsu",
        "jccu",
        "coop-kyosai",
        "sunnet",
        "coop-communications",
        "coop-tohoku-service",
        "coop-denki-tohoku",
        "coop-tohoku",
    ]
    deli = loaded["coopdeli"].document.notices["2017-06-21"]
    assert len(deli.purposes) == 9
    assert {purpose.joint for purpose in deli.purposes.values()} == {"unknown"}
    assert [one.basis.value for one in deli.third_party.values()] == [
        "consent",
        "law",
        "life",
        "public_health",
        "gov_cooperation",
    ]
    assert len(deli.classes["coopdeli-member-coops"].members) == 6


def test_no_corporate_number_is_invented(loaded):
    for one in loaded.values():
        assert {partner.corporate_number for partner in one.document.partners.values()} == {None}
        assert '"corporate_number":null' in json.dumps(json.loads(one.document.canonical()), separators=(",", ":"))


def test_the_samples_differ_by_partner(loaded):
    grants = {
        (partner, grant.purpose, product): dict(grant.fields)
        for partner, agreements in loaded["kyoritsusha"].document.agreements.items()
        for one in agreements.values()
        for grant in one.grants.values()
        for product in grant.products
    }
    assert {purpose for _, purpose, _ in grants} == {"P3", "P4", "P5", "P12"}
    assert grants["jccu", "P5", "G1"]["member_code"] == "pairwise_id"
    assert grants["coop-kyosai", "P4", "G2"]["birth_date"] == "as_is"
    assert "kyosai_enrolled" not in grants["sunnet", "P4", "G1"]
    transforms = {transform for fields in grants.values() for transform in fields.values()}
    assert transforms == {
        "as_is",
        "mask",
        "drop",
        "prefecture",
        "municipality",
        "birth_year",
        "age_band",
        "postal_3",
        "phone_last4",
        "pairwise_id",
    }
