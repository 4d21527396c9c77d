"""What a form sends: `application/x-www-form-urlencoded`, read strictly and once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

MOST_FIELDS: Final = 2_000

_FORM: Final = re.compile(
    r'application/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?', re.IGNORECASE | re.ASCII
)
# What a browser never types: controls other than tab and the two of a line's end. A NUL is an error in PostgreSQL.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class NotAForm(ValueError):
    """The body is not what a form of ours sends."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in order; a field may be sent more than once (check boxes)."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """Return a field's one value without the blanks around it, "" where it is absent. Raises NotAForm for several."""
        values = self.fields.get(name, ("",))
        if len(values) > 1:
            raise NotAForm(f"`{name}` is sent more than once")
        return values[0].strip()

    def raw(self, name: str) -> str:
        """Return a field's one value exactly as typed, for a password. Raises NotAForm for several."""
        values = self.fields.get(name, ("",))
        if len(values) > 1:
            raise NotAForm(f"`{name}` is sent more than once")
        return values[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field."""
        return self.fields.get(name, ())


def read_form(body: bytes, content_type: str | None) -> Form:
    """Read a form's body. Raises NotAForm."""
    if not body:
        return Form()
    if content_type is None or not _FORM.fullmatch(content_type):
        raise NotAForm("the content type is not that of a form")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one
        raise NotAForm("the fields are not well formed") from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if _CONTROLS.search(value):
            raise NotAForm(f"`{name}` has a control character")
        fields[name] = (*fields.get(name, ()), value)
    return Form(fields)
