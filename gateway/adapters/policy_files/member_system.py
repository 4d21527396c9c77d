"""What a map to the member system may not say: columns that nothing reads, or that stand twice, and what it lacks.

A database and a file select nobody by themselves: for each product class and filter of a grant the map must name the
column, or every request under that grant is unavailable.
"""

from collections import Counter
from collections.abc import Iterator

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.source import FileShape, SourceFile, SqlShape
from gateway.core.ceiling import Breach


def member_system(document: PolicyDocument) -> Iterator[Breach]:
    """Yield what the map to the member system and the rest of the document do not agree about."""
    source = document.source
    read = _read(document)
    for name in source.columns.keys() - document.fields.keys():
        yield Breach(state="unknown_field", path=("source", "columns", name), subject=name)
    for column, count in Counter(read).items():
        if count > 1:
            yield Breach(state="column_twice", path=("source", "columns"), subject=column)
    place = source.sql or source.file
    part = "sql" if source.sql is not None else "file"
    told = {*read, *(() if place is None else (*place.products.values(), *place.filters.values()))}
    for name in source.values.keys() - told:
        yield Breach(state="unread_column", path=("source", "values", name), subject=name)
    if place is None:
        return
    products = {product for notice in document.notices.values() for product in notice.products or ()}
    for name in place.products.keys() - products:
        yield Breach(state="unknown_product", path=("source", part, "products", name), subject=name)
    if source.file is not None:
        yield from _file(source.file, told)
    yield from _grants(document, place)


def _read(document: PolicyDocument) -> list[str]:
    """Return the column of each field, and of each gate fact that has no constant."""
    source: SourceFile = document.source
    facts = (
        str(getattr(source.facts, name)) for name in type(source.facts).model_fields if name not in source.constants
    )
    return [*(source.columns.get(name, name) for name in document.fields), *facts]


def _file(file: FileShape, told: set[str]) -> Iterator[Breach]:
    """Yield what a file whose columns are listed does not have."""
    listed = [*file.columns, *(one.name for one in file.fixed)]
    if not listed:
        return
    for name, count in Counter(listed).items():
        if count > 1:
            yield Breach(state="column_twice", path=("source", "file"), subject=name)
    sums = () if file.trailer is None else file.trailer.sums
    for name in sorted((told | {*sums}) - {*listed}):
        yield Breach(state="no_such_column", path=("source", "file"), subject=name)


def _grants(document: PolicyDocument, place: SqlShape | FileShape) -> Iterator[Breach]:
    for partner, agreements in document.agreements.items():
        for agreement, one in agreements.items():
            for grant, shape in one.grants.items():
                at = ("agreements", partner, agreement, "grants", grant)
                for product in shape.products:
                    if product not in place.products:
                        yield Breach(state="product_unmapped", path=(*at, "products"), subject=product, other=grant)
                for name in shape.filters:
                    if name not in place.filters:
                        yield Breach(state="filter_unmapped", path=(*at, "filters"), subject=str(name), other=grant)
