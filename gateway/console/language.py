"""Every text for people, in Japanese and English: gettext catalogues by key, read at start-up.

Several files make up a language (`locale/<language>/*.po`), so that each screen keeps its own. INVARIANT: the languages
have the same keys, and no key twice; otherwise the console does not start.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast, get_args

from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from gateway.core.days import JST

Language = Literal["ja", "en"]
Calendar = Literal["western", "japanese"]
"""How Japanese text counts years: 西暦, or 和暦 by era."""
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
FOLDER: Final = Path(__file__).with_name("locale")

_ERAS: Final = (
    (date(2019, 5, 1), "令和", 2018),
    (date(1989, 1, 8), "平成", 1988),
    (date(1926, 12, 25), "昭和", 1925),
    (date(1912, 7, 30), "大正", 1911),
    (date(1873, 1, 1), "明治", 1867),
)
"""Since when, the era's name, the year before its first; before 1873 the calendar itself was another."""
_COUNTED: Final = frozenset(
    {
        "count",
        "members",
        "most",
        "shown",
        "total",
        "requests",
        "released",
        "not_available",
        "entries",
        "asked",
        "refused",
    }
    | {"known", "persons", "yen"}
)
"""Names in texts of how many there are of something; other numbers (an entry's, a row's) stand as they are."""
_DAYS_JA: Final = "月火水木金土日"
_DAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class CatalogueFault(Exception):
    """The catalogues do not belong together: the text names the file and the key."""


class Texts:
    """One language's texts."""

    def __init__(self, language: Language, texts: Mapping[str, str], calendar: Calendar = "western") -> None:
        self.language: Language = language
        self.calendar: Calendar = calendar
        self.keys = frozenset(texts)
        self._texts = texts

    def __call__(self, key: str, **values: object) -> Markup:
        """Return a text with its `{names}` filled in; text and values are escaped. Raises KeyError for an unknown key."""
        shown = {name: grouped(value) if name in _COUNTED else value for name, value in values.items()}
        return Markup(escape(self._texts[key])).format(**shown)  # noqa: S704 -- escaped just before

    def counting(self, calendar: Calendar) -> "Texts":
        """Return the same texts, whose years are counted so."""
        return Texts(self.language, self._texts, calendar)

    def has(self, key: str) -> bool:
        """Tell whether there is a text of this key."""
        return key in self.keys


def read_texts(folder: Path = FOLDER) -> dict[Language, Texts]:
    """Read the catalogues of both languages. Raises CatalogueFault."""
    texts = {language: Texts(language, _read(folder / language)) for language in LANGUAGES}
    lone = texts["ja"].keys ^ texts["en"].keys
    if lone:
        raise CatalogueFault(f"`{min(lone)}` is a key in one language alone; add it to the other's .po file")
    return texts


def _read(folder: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        for message in catalogue:
            if not message.id:
                continue
            key, text = cast("str", message.id), cast("str", message.string)
            if key in texts:
                raise CatalogueFault(f"{path.name}: `{key}` is a key already; take one of the two out")
            if not text or message.fuzzy:
                raise CatalogueFault(f"{path.name}: `{key}` has no text; write one")
            texts[key] = text
    return texts


@cache
def texts_of(language: Language, calendar: Calendar = "western") -> Texts:
    """Return the texts of a language, read once."""
    return read_texts()[language] if calendar == "western" else texts_of(language).counting(calendar)


def grouped(value: object) -> object:
    """Return a count as it is read: 12,345; anything else as it is."""
    return f"{value:,}" if type(value) is int else value


def is_language(value: str | None) -> bool:
    """Tell whether a value names a language of the console."""
    return value in LANGUAGES


def is_calendar(value: str | None) -> bool:
    """Tell whether a value names a way to count years."""
    return value in get_args(Calendar)


def moment_text(instant: datetime, language: Language, calendar: Calendar = "western") -> str:
    """Return an instant as people in Japan read it: `2026年11月22日(日) 14:05`."""
    local = instant.astimezone(JST)
    if language == "ja":
        return f"{day_text(instant, language, calendar)} {local:%H:%M}"
    return f"{day_text(instant, language)}, {local:%H:%M} JST"


def day_text(instant: datetime, language: Language, calendar: Calendar = "western") -> str:
    """Return the JST calendar day of an instant: `2026年11月22日(日)`, or `令和8年11月22日(日)`."""
    local = instant.astimezone(JST)
    if language == "ja":
        year = _year_of_era(local.date()) if calendar == "japanese" else str(local.year)
        return f"{year}年{local.month}月{local.day}日({_DAYS_JA[local.weekday()]})"
    return f"{_DAYS_EN[local.weekday()]} {local.day} {_MONTHS_EN[local.month - 1]} {local.year}"


def _year_of_era(day: date) -> str:
    for since, era, before in _ERAS:
        if day >= since:
            return era + ("元" if day.year - before == 1 else str(day.year - before))
    return str(day.year)


def moment(instant: datetime, language: Language, calendar: Calendar = "western") -> Markup:
    """Return an instant as an element that carries the exact one with its offset, for machines and on hovering."""
    exact = instant.astimezone(JST).isoformat(timespec="seconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact, exact, moment_text(instant, language, calendar)
    )
