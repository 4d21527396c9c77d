"""What is said to whoever breaks a rule of the second door: the rule, and how to mend it, in both languages."""

from collections.abc import Sequence

from gateway.core.changes.proposal import Rule
from gateway.core.refused import Refused
from gateway.ports import Told

_WORDS: dict[Rule, tuple[str, str]] = {
    "state": (
        "この申請は今の状態({state})ではその操作ができません。もう一度読み直し、今の状態でできる操作を選んでください",
        "the proposal is `{state}`, which does not allow this; look at it again and choose what it allows now",
    ),
    "role": (
        "この操作に必要な役割がありません。管理者に役割の付与を依頼してください(代理承認者は期間内だけ承認できます)",
        "you hold no role for this now; ask for one, or as a deputy act within your period",
    ),
    "department": (
        "所管部署は「{department}」です。その部署の役割を持つ人が行ってください",
        "the owning department is `{department}`; somebody with a role there must do this",
    ),
    "own": (
        "作成者・最終編集者は承認できません。「{department}」の別の承認者に依頼してください",
        "its author and its last editor cannot approve it; ask another manager of `{department}`",
    ),
    "author": (
        "申請できるのは作成者か最終編集者です。編集して保存すると、あなたが最終編集者になります",
        "its author or last editor submits it; amend it and you are its last editor",
    ),
    "base": (
        "元にした版の後に新しい版が公布されました。今の版を元に変更し直して、もう一度申請してください",
        "another version was published since; amend this on the version of now and submit it again",
    ),
    "preview": (
        "変更の影響(プレビュー)を確認していないか、確認した後に内容が変わりました。もう一度開いて確認してください",
        "the preview was not seen, or is no longer of this content; open it again",
    ),
    "reason": ("理由を書いてください", "say why"),
    "effective": (
        "施行日時が過ぎています。これからの日時にするか、空欄(公布と同時)にしてください",
        "the effective time has passed; name a later one, or none to begin when it is published",
    ),
    "in_force": (
        "予定の版が施行され、公布で変わる内容がプレビューと違います。保存し直し、プレビューを確かめて申請し直してください",
        "a version that was to come has begun since the preview, so publishing would change something else; amend and submit again",
    ),
    "revision": (
        "他の人が先に変更しました。もう一度読み直し、変更を確かめてからやり直してください",
        "somebody else changed it first; look at it again, then repeat what you meant to do",
    ),
}


class FilesRefused(Refused):
    """What is proposed breaks a rule of the policy files; `findings` are all of them."""

    def __init__(self, findings: Sequence[Told]) -> None:
        errors = [one for one in findings if one.severity == "error"]
        first = errors[0]
        super().__init__(
            first.rule,
            f"誤りが{len(errors)}件あり、保存していません。{first.file}:{first.line} {first.ja}",
            f"nothing was saved: {len(errors)} errors, the first in {first.file}:{first.line}: {first.en}",
        )
        self.findings = tuple(findings)


def refused(rule: Rule, *, state: str = "", department: str = "") -> Refused:
    """Return the refusal for a rule."""
    ja, en = (text.format(state=state, department=department) for text in _WORDS[rule])
    return Refused(rule, ja, en)
