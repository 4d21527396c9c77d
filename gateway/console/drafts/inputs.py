"""The inputs of a form as its template draws them: what stands in the files, or what was typed and refused.

A page says which inputs it has and what stands; after a refusal everything typed is shown again, and nothing else.
"""

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from gateway.console.forms import Form

Kind = Literal["line", "long", "day", "choice", "check", "checks"]
Choice = tuple[str, str]
"""(the value that is sent, the words that are shown)."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input with its label."""

    name: str
    label: str
    kind: Kind
    value: str = ""
    chosen: tuple[str, ...] = ()
    """Of check boxes, those that are checked."""
    options: tuple[Choice, ...] = ()
    required: bool = False
    help: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table of inputs: what it is about, and one input a column."""

    head: str
    code: str = ""
    inputs: tuple[Input, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a form: inputs below one another, and a table of them."""

    title: str = ""
    text: str = ""
    inputs: tuple[Input, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    links: tuple[Choice, ...] = ()
    """Where else to go: (address, words)."""


class Asking:
    """Makes inputs: with what was typed where a form was sent, and otherwise with what stands."""

    def __init__(self, form: Form, *, posted: bool) -> None:
        self._form = form
        self._posted = posted

    def line(self, name: str, label: str, stands: str = "", *, required: bool = False, help: str = "") -> Input:  # noqa: A002 -- the template's word
        """Return a line of text."""
        return Input(name=name, label=label, kind="line", value=self._text(name, stands), required=required, help=help)

    def long(self, name: str, label: str, stands: str = "", *, required: bool = False, help: str = "") -> Input:  # noqa: A002
        """Return several lines of text."""
        value = self._form.raw(name) if self._posted else stands
        return Input(name=name, label=label, kind="long", value=value, required=required, help=help)

    def day(self, name: str, label: str, stands: str | None = "", *, required: bool = False, help: str = "") -> Input:  # noqa: A002
        """Return a calendar day."""
        value = self._text(name, stands or "")
        return Input(name=name, label=label, kind="day", value=value, required=required, help=help)

    def choice(
        self,
        name: str,
        label: str,
        options: Iterable[Choice],
        stands: str = "",
        *,
        required: bool = False,
        help: str = "",  # noqa: A002
    ) -> Input:
        """Return one of several; what is empty among the options is what nobody chose."""
        offered = tuple(options)
        value = self._text(name, stands)
        return Input(name=name, label=label, kind="choice", value=value, options=offered, required=required, help=help)

    def check(self, name: str, label: str, *, stands: bool = False, help: str = "") -> Input:  # noqa: A002
        """Return a check box, which sends `1`."""
        checked = self._form.text(name) == "1" if self._posted else stands
        return Input(name=name, label=label, kind="check", value="1" if checked else "", help=help)

    def checks(
        self,
        name: str,
        label: str,
        options: Iterable[Choice],
        stands: Collection[str] = (),
        *,
        help: str = "",  # noqa: A002
    ) -> Input:
        """Return check boxes of one name."""
        chosen = self._form.all(name) if self._posted else tuple(stands)
        return Input(name=name, label=label, kind="checks", chosen=chosen, options=tuple(options), help=help)

    def _text(self, name: str, stands: str) -> str:
        return self._form.text(name) if self._posted else stands
