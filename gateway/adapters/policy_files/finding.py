"""What is wrong in a policy file: where, by which rule, and the mend, in both languages."""

from typing import Literal, NamedTuple

import msgspec

from gateway.adapters.policy_files.strict_yaml import Place

Severity = Literal["error", "warning"]
Language = Literal["ja", "en"]


class Words(NamedTuple):
    """What a state says; `{subject}`, `{other}` and further names in braces are filled in.

    `rule` is an article of the Act (法…), a matter of the guideline (通則編…), a seed clause id, or policy-semantics.
    """

    rule: str
    ja: str
    en: str
    mend_ja: str
    mend_en: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing wrong, or to be looked at, in one place of one file."""

    file: str
    line: int
    column: int
    severity: Severity
    state: str
    """The stable word for what is wrong."""
    rule: str
    subject: str
    message_ja: str
    message_en: str
    mend_ja: str
    mend_en: str

    def text(self, lang: Language) -> str:
        """Return the finding as one line, the place first."""
        where = f"{self.file}:{self.line}:{self.column}"
        if lang == "ja":
            kind = "誤り" if self.severity == "error" else "注意"
            return f"{where}: {kind}: {self.message_ja} → {self.mend_ja} [{self.rule}]"
        return f"{where}: {self.severity}: {self.message_en}; {self.mend_en} [{self.rule}]"


class PolicyRefused(Exception):
    """The policy files say what they may not say; nothing of them was loaded."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        super().__init__("\n".join(finding.text("en") for finding in errors))
        self.findings = findings


def tell(
    words: Words,
    *,
    state: str,
    severity: Severity = "error",
    file: str,
    place: Place,
    subject: str = "",
    other: str = "",
    **more: str,
) -> Finding:
    """Return the finding that `words` make of a state in one place; `more` fills further placeholders."""
    fill = {"subject": subject, "other": other, **more}
    rule, ja, en, mend_ja, mend_en = (word.format_map(fill) for word in words)
    return Finding(
        file=file,
        line=place.line,
        column=place.column,
        severity=severity,
        state=state,
        rule=rule,
        subject=subject,
        message_ja=ja,
        message_en=en,
        mend_ja=mend_ja,
        mend_en=mend_en,
    )
