"""What of a co-op's files is a sample, and so left out outside the demo."""

from collections.abc import Iterator

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.finding import Finding, Words, tell
from gateway.adapters.policy_files.reading import Reading
from gateway.adapters.policy_files.strict_yaml import Path, Place

SAMPLE = "sample"
"""The state of every finding here."""
_WORDS = Words(
    "policy-semantics",
    "見本 `{subject}` は、デモ (GATEWAY_DEMO) のほかでは除かれます",
    "outside the demo (GATEWAY_DEMO) the samples `{subject}` are left out",
    "自らの内容に直して `sample: true` を除く",
    "make them your own and take `sample: true` out",
)


def left_out(reading: Reading, document: PolicyDocument) -> Iterator[Finding]:
    """Yield a warning for each file that has samples: which they are, and the place of the first."""
    files: dict[str, list[tuple[Place, str]]] = {}
    for path, name in _samples(document):
        file, place = reading.place(path)
        files.setdefault(file, []).append((place, name))
    for file, found in files.items():
        first = min((place for place, _ in found), key=lambda place: (place.line, place.column))
        names = ", ".join(dict.fromkeys(name for _, name in found))
        yield tell(_WORDS, state=SAMPLE, severity="warning", file=file, place=first, subject=names)


def _samples(document: PolicyDocument) -> Iterator[tuple[Path, str]]:
    """Yield what `PolicyDocument.without_samples` leaves out; of clients, those of partners with an agreement."""
    for version, notice in document.notices.items():
        if notice.sample:
            yield ("notices", version, "sample"), version
        for name, purpose in notice.purposes.items():
            if purpose.reading is not None and purpose.reading.sample:
                yield ("notices", version, "purposes", name, "reading", "sample"), f"{name}.reading"
    for name, decision in document.decisions.items():
        if decision.sample:
            yield ("decisions", name, "sample"), name
    for partner, agreements in document.agreements.items():
        for name, agreement in agreements.items():
            if agreement.sample:
                yield ("agreements", partner, name, "sample"), name
    for name, one in document.partners.items():
        if one.sample:
            yield ("partners", name, "sample"), name
        if name in document.agreements:
            for at, client in enumerate(one.clients):
                if client.sample:
                    yield ("partners", name, "clients", at, "sample"), client.id
