"""The command line: parse, call, print; one file per noun.

Exit codes: 0 done · 1 refused, or findings that are errors · 2 the command line itself · 3 a part does not answer now.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

NOUNS: Final[dict[str, str]] = {
    "serve": "serve:serve",
    "work": "work:work",
    "migrate": "serve:migrate",
    "config": "serve:config",
    "demo": "demo:demo",
    "policy": "policy:app",
    "partner": "partner:app",
    "quota": "quota:app",
    "emergency": "emergency:app",
    "source": "source:app",
    "keys": "keys:app",
    "member": "member:app",
    "staff": "staff:app",
    "log": "log:app",
    "case": "case:app",
    "incident": "incident:app",
    "follow-up": "follow_up:app",
    "review": "review:app",
    "report": "report:app",
    "client": "client:app",
}
"""Noun → its module here, and what of it: a group of commands, or the function of one."""


class _OnDemand(MutableMapping[str, Any]):
    """The commands by noun, each loaded and built when it is asked for: a command pays for itself alone."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, noun: str) -> Any:
        if noun not in self._built:
            module, _, name = NOUNS[noun].partition(":")
            found = getattr(import_module(f"{__name__}.{module}"), name)
            if not isinstance(found, typer.Typer):
                alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
                alone.command(noun)(found)
                found = alone
            self._built[noun] = get_command(found)
            self._built[noun].name = noun
        return self._built[noun]

    def __setitem__(self, noun: str, command: Any) -> None:
        self._built[noun] = command

    def __delitem__(self, noun: str) -> None:
        del self._built[noun]

    def __iter__(self) -> Iterator[str]:
        return iter(NOUNS)

    def __len__(self) -> int:
        return len(NOUNS)


_COMMANDS: Final = _OnDemand()


class _Nouns(TyperGroup):
    """The nouns of the command line."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        self.commands = _COMMANDS


app = typer.Typer(
    name="gateway",
    cls=_Nouns,
    help="共同利用ゲートウェイ / the joint-use gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _gateway() -> None:
    """共同利用ゲートウェイ / the joint-use gateway."""


def main() -> None:
    """Run the command line."""
    app()
