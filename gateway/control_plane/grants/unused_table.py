"""使われていない提供範囲 as a table: a row for each field that was granted and never asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gateway.control_plane.grants.definition_words import transform_said
from gateway.control_plane.grants.unused import Unused
from gateway.sheets.tables import Cell, Column, Note, Said, Table

_COLUMNS: Final = (
    Column(key="partner", title=Said("提供先", "partner")),
    Column(key="agreement", title=Said("契約・覚書", "agreement")),
    Column(key="grant", title=Said("提供範囲", "grant")),
    Column(key="purpose", title=Said("利用目的", "purpose")),
    Column(key="requests", title=Said("この提供範囲への要求", "requests under the grant"), kind="number"),
    Column(key="field", title=Said("データ項目", "field")),
    Column(key="transform", title=Said("変換", "transform")),
    Column(key="granted", title=Said("許諾の開始", "granted since"), kind="instant"),
    Column(key="narrowing", title=Said("狭める候補", "may be taken out")),
)
_FIELD: Final = Said("この項目", "this field", "field")
_GRANT: Final = Said("提供範囲ごと", "the whole grant", "grant")
_YOUNG: Final = Said("許諾から期間に満たない", "granted for less than the period", "no")
_CUT: Final = Said("ログを読み切れず判断できない", "not all of the log was read", "no")


def unused_table(
    made: Unused, *, coop: str, names: Mapping[str, str], fields: Mapping[str, Said], trial: bool
) -> Table:
    """Return the table; `names` and `fields` are what partners and fields are called."""
    rows: list[tuple[Cell, ...]] = [
        (
            names.get(grant.partner, grant.partner),
            grant.agreement,
            grant.grant,
            grant.purpose,
            grant.requests,
            fields.get(one.field, one.field),
            transform_said(one.transform),
            datetime.fromisoformat(one.granted),
            _narrowing(made, grant.agreement, grant.grant, one.field),
        )
        for grant in made.grants
        for one in grant.fields
    ]
    notes = (
        Note(key="coop", title=Said("生協", "co-op"), said=coop),
        Note(key="start", title=Said("期間の始め", "from"), said=datetime.fromisoformat(made.start)),
        Note(key="end", title=Said("期間の終わり", "to"), said=datetime.fromisoformat(made.end)),
        Note(key="policy", title=Said("施行中の版", "version in force"), said=made.policy or ""),
        Note(key="entries", title=Said("読んだ記録", "entries read"), said=made.log.entries),
    )
    return Table(
        key="unused_grants",
        title=Said("使われていない提供範囲", "Grants that nobody used"),
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=notes,
        trial=trial,
    )


def _narrowing(made: Unused, agreement: str, grant: str, field: str) -> Said:
    own = [one for one in made.narrowing if (one.agreement, one.grant) == (agreement, grant)]
    if any(one.field is None for one in own):
        return _GRANT
    if any(one.field == field for one in own):
        return _FIELD
    return _CUT if made.log.cut else _YOUNG
