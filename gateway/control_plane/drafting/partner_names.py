"""What the fields of the forms on partners and agreements are called: on screen, and where one of them is refused."""

from typing import Final

from gateway.control_plane.drafting.typed import Name

NAMES: Final[dict[str, Name]] = {
    # a legal entity
    "partner": ("提供先のID", "Partner id"),
    "name": ("正式名称", "Official name"),
    "short_name": ("略称", "Short name"),
    "corporate_number": ("法人番号", "Corporate number"),
    "country": ("国", "Country"),
    "address": ("住所", "Address"),
    "representative": ("代表者", "Representative"),
    "responsible": ("個人情報取扱責任者", "Person responsible"),
    "inquiries": ("問合せ担当者", "Person for inquiries"),
    "incidents": ("事故時の連絡先", "Contact on incidents"),
    "clients": ("システムのクライアントID", "Client ids of its systems"),
    "archived": ("取引を終えた日", "Archived from"),
    # an agreement
    "agreement": ("契約のID", "Agreement id"),
    "basis": ("法的根拠", "Legal basis"),
    "ground": ("公表事項の該当箇所", "Ground of the notice"),
    "programme": ("制度", "Programme"),
    "form": ("形式", "Form"),
    "title": ("契約書の題名", "Title of the document"),
    "signed": ("締結日", "Signed on"),
    "department": ("所管部署", "Owning department"),
    "first": ("契約期間の最初の日", "First day of the term"),
    "last": ("契約期間の最後の日", "Last day of the term"),
    "article": ("取扱責任者・連絡先の条", "Article on persons responsible"),
    # supervision
    "checked": ("監督を実施した日", "Checked on"),
    "method": ("監督の方法", "Method of the check"),
    "result": ("監督の結果", "Result of the check"),
    "due": ("次回の監督の期限", "Next check due"),
    "grace_days": ("猶予(日)", "Days of grace"),
    # selection
    "criteria": ("選定の基準", "Criteria of the selection"),
    "selected": ("選定日", "Selected on"),
    "selection_result": ("選定の結果", "Result of the selection"),
    "selected_by": ("選定した人", "Selected by"),
    # other evidence
    "consent_text": ("同意の文言", "What was consented to"),
    "consent_obtained_by": ("同意の取り方", "How consent was obtained"),
    "consent_version": ("同意書の版と日付", "Version and date of the consent form"),
    "consent_withdrawal": ("同意の撤回の方法", "How consent is withdrawn"),
    "protects": ("守るもの", "What is protected"),
    "law": ("根拠法令", "The law"),
    "document_number": ("照会文書の番号", "Number of the inquiry document"),
    "received_on": ("受領日", "Received on"),
    "decided_by": ("判断した人", "Decided by"),
    "approved_by": ("承認した人", "Approved by"),
    "why_consent_is_difficult": ("同意を得ることが困難な理由", "Why consent is difficult to obtain"),
    "subjects": ("対象となる人", "Whose data"),
    "agency": ("国の機関等", "The agency"),
    "why_consent_would_hinder": ("同意を得ることで支障が出る理由", "Why asking for consent would hinder"),
    "expires": ("根拠の期限(日時)", "The evidence expires"),
    # a grant
    "grant": ("提供範囲のID", "Grant id"),
    "purpose": ("利用目的", "Purpose"),
    "products": ("商品・サービスの範囲", "Product classes"),
    "field": ("最初のデータ項目", "First field"),
    "transform": ("変換", "Transform"),
    "max_age_days": ("情報の古さの上限(日)", "Oldest record, in days"),
    "retention_days": ("提供先での保管日数", "Days the partner may keep it"),
    "members_per_day": ("1日の提供人数の上限", "Members a day"),
    "insurer": ("絞り込む保険会社", "Insurer to filter for"),
    "condition": ("対象者の条件", "Condition on whom"),
    "fields": ("データ項目", "Fields"),
    "case": ("案件番号", "Case number"),
    "hours": ("続ける時間", "Hours that it lasts"),
    # the end of use
    "end": ("終了の日", "Last day of use"),
    "procedure": ("終了の手続", "Procedure at the end"),
    "erase_due": ("返還・消去の期限", "Return and erasure due"),
    "certificate": ("証明書の番号", "Number of the certificate"),
    "certified": ("証明書の日付", "Date of the certificate"),
    "certified_by": ("証明した人", "Certified by"),
}
"""Field → (Japanese, English)."""
