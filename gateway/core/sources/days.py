"""How days and instants are written in Japan's systems, read strictly: a text of another form is refused, not guessed.

An era is a span of days; on the day it changed both names are in use (明治45年7月30日 is 大正元年7月30日). Days before 明治6年
are refused: that calendar was another one.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from gateway.core.days import JST, midnight
from gateway.core.sources.source_map import DateForm, Era, ValueForm

_ERAS: Final[dict[Era, tuple[int, date, date]]] = {
    "meiji": (1867, date(1873, 1, 1), date(1912, 7, 30)),
    "taisho": (1911, date(1912, 7, 30), date(1926, 12, 25)),
    "showa": (1925, date(1926, 12, 25), date(1989, 1, 7)),
    "heisei": (1988, date(1989, 1, 8), date(2019, 4, 30)),
    "reiwa": (2018, date(2019, 5, 1), date.max),
}
"""Era → the year before its first (元年 is 1), its first and its last day."""
_LETTERS: Final[dict[str, Era]] = {"M": "meiji", "T": "taisho", "S": "showa", "H": "heisei", "R": "reiwa"}
_WRITTEN: Final[dict[DateForm, re.Pattern[str]]] = {
    # A time stamp at midnight is what some databases make of a day.
    "iso": re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00:00(?:\.0{1,9})?)?"),
    "yyyymmdd": re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
    "yyyy/mm/dd": re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})"),
    "wareki_yymmdd": re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})"),
    "wareki_gyymmdd": re.compile(r"(.)([0-9]{2})([0-9]{2})([0-9]{2})"),
}
_WIDTH: Final[dict[DateForm, int]] = {"yyyymmdd": 8, "wareki_gyymmdd": 7, "wareki_yymmdd": 6}


def day_of(value: object, form: ValueForm) -> date:
    """Return the day that a text or a driver's value is, as its column's form has it. Raises ValueError without it.

    A number is read as the digits that it would fill its form with.
    """
    if isinstance(value, datetime):
        # What Oracle calls a DATE has a time of day; of a day alone it is midnight.
        if value.tzinfo is not None or value.time() != datetime.min.time():
            raise ValueError("an instant is no day")
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and form.form in _WIDTH:
        value = f"{value:0{_WIDTH[form.form]}f}" if isinstance(value, Decimal) else f"{value:0{_WIDTH[form.form]}d}"
    if not isinstance(value, str):
        raise ValueError("neither a day nor a text")  # noqa: TRY004  # one kind of fault for whatever is not read
    return _read(value, form)


def instant_of(value: object, form: ValueForm) -> datetime:
    """Return the aware instant that a value is: a naive one is Japan's, a bare day its first moment there.

    Raises ValueError without the value.
    """
    if isinstance(value, str):
        if _WRITTEN[form.form].fullmatch(value):
            return midnight(_read(value, form))
        try:
            # As over HTTP: RFC 3339, to the microsecond.
            value = msgspec.convert(value, datetime)
        except (msgspec.ValidationError, UnicodeError):
            raise ValueError("no instant") from None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=JST)
    return midnight(day_of(value, form))


def _read(text: str, form: ValueForm) -> date:
    parts = _WRITTEN[form.form].fullmatch(text)
    if parts is None:
        raise ValueError("a day of another form")
    *era, year, month, day = parts.groups()
    named: Era | None = form.era
    if era:
        named = (form.eras or _LETTERS).get(era[0])
        if named is None:
            raise ValueError("an era that is not known")
    try:
        if named is None:
            return date(int(year), int(month), int(day))
        before, first, last = _ERAS[named]
        if year == "00":
            raise ValueError("an era begins with its first year")
        found = date(before + int(year), int(month), int(day))
    except ValueError:
        raise ValueError("no day of the calendar") from None
    if not first <= found <= last:
        raise ValueError("a day outside its era")
    return found
