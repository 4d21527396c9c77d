"""What the end of an agreement, and of all dealings with a partner, must be in order with (domain.md §5, no. 20)."""

from collections.abc import Iterator, Mapping
from datetime import date

from gateway.adapters.policy_files.agreement import AgreementShape
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.core.ceiling import Breach


def end_of_use(partner: str, agreements: Mapping[str, AgreementShape], entity: PartnerFile | None) -> Iterator[Breach]:
    """Yield ends that are before what they end, and agreements without a certificate of a partner that is archived."""
    for name, one in agreements.items():
        yield from _ended(partner, name, one)
    if entity is None or entity.archived is None:
        return
    for name, one in agreements.items():
        erased = _erased(one)
        if erased is None or erased > entity.archived:
            yield Breach(state="not_erased", path=("partners", partner, "archived"), subject=partner, other=name)


def _ended(partner: str, name: str, one: AgreementShape) -> Iterator[Breach]:
    if one.end is None:
        return
    at = ("agreements", partner, name, "end")
    if one.end.on < one.term.start:
        begins = one.term.start.isoformat()
        yield Breach(state="end_before_begin", path=(*at, "date"), subject=name, other=begins)
    ends = one.end.on if one.term.end is None else min(one.end.on, one.term.end)
    early = {"due": one.end.return_erase.due, "certificate": _erased(one)}
    for member, day in early.items():
        if day is not None and day < ends:
            where = (*at, "return_erase", member)
            yield Breach(state="erased_before_end", path=where, subject=name, other=ends.isoformat())


def _erased(one: AgreementShape) -> date | None:
    certificate = None if one.end is None else one.end.return_erase.certificate
    return None if certificate is None else certificate.on
