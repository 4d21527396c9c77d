"""The forms of a page as a browser without JavaScript has them: every field as it stands, sent by a button."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PaperForm:
    """One form: where it goes, its fields as they stand, and the buttons that send it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """(name, value), both empty for a button that says nothing."""


def forms_of(page: str) -> list[PaperForm]:
    """Return the forms of a page in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PaperForm] = []
        self._form: PaperForm | None = None
        self._select = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PaperForm(said.get("action", ""), said.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        match tag:
            case "input" if said.get("name") and said.get("type") not in {"file", "submit"}:
                self._form.fields[said["name"]] = said.get("value", "")
            case "button":
                self._form.buttons.append((said.get("name", ""), said.get("value", "")))
            case "textarea":
                self._text = said["name"]
                self._form.fields[self._text] = ""
            case "select":
                self._select = said["name"]
            case "option":
                # The first one is chosen unless another says that it is.
                if self._select not in self._form.fields or "selected" in said:
                    self._form.fields[self._select] = said.get("value", "\0")
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            if self._form is not None and self._text:
                # A line feed right after the tag is not part of the text.
                self._form.fields[self._text] = self._form.fields[self._text].removeprefix("\n")
            self._text = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._form is None:
            return
        if self._text:
            self._form.fields[self._text] += data
        elif self._select and self._form.fields.get(self._select) == "\0":
            self._form.fields[self._select] = data.strip()
