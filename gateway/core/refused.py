"""A refusal to a person of the staff: the rule, and how to mend it, in both languages."""


class Refused(ValueError):
    """An act breaks a rule: nothing of it was done."""

    def __init__(self, rule: str, ja: str, en: str) -> None:
        super().__init__(en)
        self.rule = rule
        self.ja = ja
        self.en = en

    def __str__(self) -> str:
        """Both languages, for the command line."""
        return f"{self.ja}\n{self.en}"
