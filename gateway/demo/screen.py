"""How the story appears: Japanese first, English beneath; plain text, 100 columns, where standard output is no terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

WIDTH = 100
NARROW = 14
_PRIVATE = range(0xE000, 0xF900)
"""Where 外字 live: characters that only the co-op's own machines can draw."""


class Untrue(Exception):
    """Something the story tells did not happen on the real answers or in the real log."""


class Screen:
    """What the story is told on; counts the claims that were checked."""

    def __init__(self) -> None:
        plain = Console(highlight=False, markup=False, emoji=False)
        width = min(WIDTH, plain.width) if plain.is_terminal else WIDTH
        self.console = Console(highlight=False, markup=False, emoji=False, width=width)
        self.claims = 0
        self._acts = 0

    def title(self, name: str, ja: str, en: str) -> None:
        """Begin the story."""
        self.console.print(Rule(Text(name, style="bold"), style="bold", characters="━"))
        self.console.print(Text(ja, style="bold yellow"), justify="center")
        self.console.print(Text(en, style="dim"), justify="center")
        self.gap()

    def act(self, ja: str, en: str) -> None:
        """Begin the next act."""
        self._acts += 1
        self.console.print()
        self.console.print(Rule(Text(f"{self._acts}  {ja}", style="bold cyan"), align="left", style="cyan"))
        self.console.print(Text(f"   {en}", style="dim"))
        self.console.print()

    def say(self, ja: str, en: str = "") -> None:
        """Tell one thing."""
        self.show(both(ja, en))

    def show(self, what: RenderableType) -> None:
        """Show a table or text, set in from the left."""
        self.console.print(Padding(what, (0, 0, 0, 1), expand=False))

    def gap(self) -> None:
        """Leave a line."""
        self.console.print()

    def point(self, mark: str, what: Text, *, style: str = "") -> None:
        """Tell one thing after a mark; what does not fit in a line hangs under its beginning."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column()
        grid.add_column(overflow="fold")
        grid.add_row(Text(mark, style=style), what)
        self.show(grid)

    def check(self, holds: object, ja: str, en: str) -> None:
        """Make sure of something without telling it. Raises Untrue where it does not hold."""
        if not holds:
            raise Untrue(f"{ja}\n{en}")
        self.claims += 1

    def claim(self, holds: object, ja: str, en: str) -> None:
        """Tell something that has just been checked. Raises Untrue where it does not hold."""
        self.check(holds, ja, en)
        self.point("✔", both(ja, en), style="green")

    def table(self, *headers: tuple[str, str], widths: tuple[int, ...], leading: int = 0) -> Table:
        """Return an empty table with a header in both languages; with the columns' gaps of 3 it fits the width."""
        table = Table(
            box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="", leading=leading
        )
        whole = self.console.width == WIDTH
        for (ja, en), width in zip(headers, widths, strict=True):
            # On a narrower terminal the wide columns give way.
            kept = width if whole or width <= NARROW else None
            table.add_column(both(ja, en, style="bold"), width=kept, overflow="fold")
        return table

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show bars while something is done; nothing where standard output is no terminal."""
        columns = (
            SpinnerColumn(finished_text="✔"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bars:
            yield bars

    @contextmanager
    def steps(self, total: int) -> Iterator["Steps"]:
        """Show a bar over so many steps of one work, and a line for each that is done."""
        with self.progress() as bars:
            bars.add_task("", total=total)
            yield Steps(bars)


class Steps:
    """The steps of the set-up, one after the other."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    @contextmanager
    def __call__(self, ja: str, en: str) -> Iterator[None]:
        """Do one step, and say how long it took."""
        began = time.monotonic()
        (task,) = self._bars.task_ids
        self._bars.update(task, description=ja)
        yield
        self._bars.advance(task)
        took = f"{time.monotonic() - began:5.2f}s"
        self._bars.console.print(Text.assemble((" ✔ ", "green"), (took, "dim"), f"  {ja}", (f"  {en}", "dim")))


def both(ja: str, en: str = "", *, style: str = "") -> Text:
    """Return Japanese with its English on the next line."""
    return Text.assemble((ja, style), *([("\n" + en, "dim")] if en else []))


def inline(ja: str, en: str) -> Text:
    """Return Japanese with its English beside it."""
    return Text.assemble(ja, (f"  {en}", "dim"))


def legible(value: object) -> str:
    """Return a value as a person reads it; a 外字 by its number, since no terminal can draw it."""
    match value:
        case None:
            return "(空欄)"
        case bool():
            return "はい" if value else "いいえ"
        case _:
            return "".join(f"[U+{ord(c):04X}]" if ord(c) in _PRIVATE else c for c in str(value))
