"""What the fields of the forms on a notice are called: on screen, and where one of them is refused."""

from typing import Final

from gateway.control_plane.drafting.typed import Name

NAMES: Final[dict[str, Name]] = {
    # a version and its text
    "like": ("元にする版", "Version to begin with"),
    "effective": ("適用開始日", "Effective from"),
    "published": ("公表した日", "Published on"),
    "quote": ("改訂日の公表の表記", "Its date as published"),
    "act": ("制定・改訂の別", "Enacted or revised, as published"),
    "url": ("公表場所のURL", "Address where it is published"),
    "text": ("公表文の本文", "Text as published"),
    # joint use
    "purpose": ("共同利用の目的", "Purpose of joint use"),
    "role": ("管理責任者の呼び方", "Role of the responsible party"),
    "name": ("名称", "Name"),
    "name_from": ("名称: いつから", "Name: since"),
    "address": ("住所", "Address"),
    "address_from": ("住所: いつから", "Address: since"),
    "representative": ("代表者", "Representative"),
    "representative_from": ("代表者: いつから", "Representative: since"),
    "municipality_code": ("全国地方公共団体コード", "Municipality code"),
    # mapping
    "joint": ("共同利用に含まれるか", "Rides joint use"),
    "by": ("判断した人", "Decided by"),
    "approved_by": ("承認した人", "Approved by"),
    "read_on": ("判断した日", "Decided on"),
    "reason": ("理由・根拠", "Reason"),
    "sample": ("見本", "Sample"),
    # items, fields
    "label": ("公表の名称", "Label as published"),
    "kind": ("種類", "Kind"),
    "never": ("決定があっても含めない種別", "Classes that no decision may put here"),
    "remove": ("除く", "Take out"),
    "item": ("公表の項目", "Item of the notice"),
    "itself": ("項目名そのもの", "Is the label itself"),
    "field": ("データ項目のID", "Field id"),
    "type": ("型", "Type"),
    "cls": ("種別", "Class"),
    "ja": ("名称(日本語)", "Label in Japanese"),
    "en": ("名称(英語)", "Label in English"),
    "null": ("空欄", "Null"),
    "max_length": ("最大文字数", "Longest, in characters"),
    "length": ("桁数", "Digits"),
    "pattern": ("書式(正規表現)", "Form, a regular expression"),
    "codes": ("コード表", "Code list"),
    "product": ("商品・サービスの範囲", "Product class"),
    "subject": ("だれの情報か", "About whom"),
    "flags": ("性質", "Properties"),
    "example": ("例", "Example"),
    # users and classes
    "user_kind": ("法人か範囲か", "Entity or class"),
    "partner": ("提供先", "Partner"),
    "members_of": ("範囲のID", "Id of the class"),
    "source": ("一覧の出所", "Source of the list"),
    "from": ("最初の日", "First day"),
    "to": ("最後の日", "Last day"),
    # contact
    "clause": ("条項番号", "Clause"),
    "desk": ("窓口の名称", "Desk"),
    "tel": ("電話", "Telephone"),
    "hours": ("受付時間(公表の表記)", "Hours as published"),
    "open_days": ("受付の曜日", "Weekdays"),
    "open_from": ("受付の開始", "Opens"),
    "open_to": ("受付の終了", "Closes"),
    # decisions
    "decision": ("決定のID", "Decision id"),
    "purposes": ("利用目的", "Purposes"),
    "fields": ("データ項目", "Fields"),
    "versions": ("取得時の版", "Versions at acquisition"),
    "ground": ("根拠", "Ground"),
    "evidence": ("証拠", "Evidence"),
}
