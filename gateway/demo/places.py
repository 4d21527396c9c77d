"""Where made-up members live: real municipalities and towns, house names and telephone numbers that cannot exist.

Source: Japan Post's table of postal codes, JIS X 0402; 電気通信番号計画 for what is never assigned to anyone.
"""

from typing import Any

import msgspec


class Municipality(msgspec.Struct, frozen=True, kw_only=True):
    """A municipality with a few of its towns, each with a postal code of that town alone."""

    code5: str
    prefecture: str
    name: str
    area: str
    """Area code of its telephone numbers, with the leading 0."""
    weight: int
    """How many members live here, relative to the others."""
    towns: tuple[tuple[str, str], ...]
    """(postal code, town)."""

    @property
    def code(self) -> str:
        """The municipality's six-digit code."""
        return with_check_digit(self.code5)


def with_check_digit(code5: str) -> str:
    """Return the six-digit municipality code (weights 6-5-4-3-2, last digit of 11 - remainder of 11; JIS X 0402)."""
    total = sum(int(digit) * weight for digit, weight in zip(code5, (6, 5, 4, 3, 2), strict=True))
    return f"{code5}{(11 - total % 11) % 10}"


def _place(where: str, code5: str, area: str, weight: int, towns: str) -> Municipality:
    prefecture, name = where.split()
    pairs = tuple((town[:7], town[7:]) for town in towns.split())
    return Municipality(code5=code5, prefecture=prefecture, name=name, area=area, weight=weight, towns=pairs)


TSURUOKA = _place(
    "山形県 鶴岡市", "06203", "0235", 34,
    "9970011宝田 9970014大宝寺町 9970015末広町 9970018茅原町 9970021宝町 9970025日出 9970027昭和町 9970034本町"
    " 9970037若葉町 9970857美咲町",
)  # fmt: skip
NIKAHO = _place("秋田県 にかほ市", "05214", "0184", 2, "0180101象潟町浜山 0180107象潟町荒屋下 0180402平沢")

PLACES: tuple[Municipality, ...] = (
    TSURUOKA,
    _place("山形県 酒田市", "06204", "0234", 20,
           "9980006ゆたか 9980011上安町 9980013東泉町 9980018泉町 9980023幸町 9980032相生町 9980037日吉町"),
    _place("山形県 山形市", "06201", "023", 14,
           "9900021小白川町 9900023松波 9900025あこや町 9900038幸町 9900041緑町 9900046大手町"),
    _place("山形県 東田川郡三川町", "06426", "0235", 4, "9971301横山 9971311青山 9971317成田新田 9971321押切新田"),
    _place("山形県 東田川郡庄内町", "06428", "0234", 5, "9996601狩川 9996606清川 9997701跡 9997703平岡"),
    _place("山形県 飽海郡遊佐町", "06461", "0234", 4, "9998301遊佐 9998302吉出 9998311小原田 9998316豊岡"),
    _place("山形県 新庄市", "06205", "0233", 3, "9960001五日町 9960002金沢 9960021常葉町"),
    _place("山形県 米沢市", "06202", "0238", 4, "9920012金池 9920013栄町 9920021花沢"),
    _place("山形県 天童市", "06210", "023", 3, "9940001万代 9940003柏木町 9940013老野森"),
    _place("山形県 東根市", "06211", "0237", 2, "9993702温泉町 9993706三日町 9993709六田"),
    NIKAHO,
    _place("秋田県 由利本荘市", "05210", "0184", 1, "0150021大浦 0150023赤田 0150025山田"),
    _place("宮城県 白石市", "04206", "0224", 1, "9890203郡山 9890204松ケ丘 9890211大鷹沢鷹巣"),
    _place("新潟県 村上市", "15212", "0254", 2, "9580001馬下 9580004柏尾 9580011滝の前"),
    _place("新潟県 岩船郡関川村", "15581", "0254", 1, "9593201朴坂 9593205上新保 9593212若山"),
)  # fmt: skip


def residence(place: Municipality, *, town: int, number: int) -> dict[str, Any]:
    """Return the address columns of a house that cannot exist; `number` tells it from the others."""
    postal_code, name = place.towns[town]
    return {
        "postal_code": postal_code,
        "municipality_code": place.code,
        "address_line": f"{place.prefecture}{place.name}{name}0番地 見本住宅{number // 1000}棟{number % 1000}号",
    }


def landline(area: str, *, number: int, hyphen: str) -> str:
    """Return a fixed-line number that nobody can have: no exchange begins with 0.

    `area` must be one whose next digit 0 begins no other area code, as 018, 022 and 025 do (0180, 0220, 0250).
    """
    digits = 9 - len(area)  # ten in all, of which the area code and the exchange's 0 are given
    local = f"0{number % 10**digits:0{digits}d}"
    return hyphen.join((area, local[:-4], local[-4:]))


def mobile(prefix: str, *, number: int, hyphen: str) -> str:
    """Return a mobile number that nobody can have: the digit after 070, 080 or 090 is never 0."""
    local = f"0{number % 10**7:07d}"
    return hyphen.join((prefix, local[:-4], local[-4:]))
