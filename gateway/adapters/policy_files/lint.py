"""Every rule over every file, each breach told by file, line, rule and mend."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path as FilePath

from msgspec.structs import replace

from gateway.adapters.policy_files.announced import announced
from gateway.adapters.policy_files.content import content, partner_identity
from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.finding import Finding, tell
from gateway.adapters.policy_files.names import NAMES, rule_of
from gateway.adapters.policy_files.reading import Reading, read_coop, read_partners
from gateway.adapters.policy_files.references import references
from gateway.adapters.policy_files.remembered import Made, afresh
from gateway.adapters.policy_files.resolve import resolve
from gateway.adapters.policy_files.samples import left_out
from gateway.adapters.policy_files.words_agreement import AGREEMENT
from gateway.adapters.policy_files.words_notice import NOTICE
from gateway.adapters.policy_files.words_source import SOURCE
from gateway.core.ceiling import Breach, breaches, breaches_of, overlapping
from gateway.core.policy import Agreement, Decision, Field, Notice, Partner, Policy
from gateway.core.sources.source_map import SourceMap


def lint(path: FilePath, *, samples: bool = True, demo: bool = True) -> tuple[Finding, ...]:
    """Return what is wrong with a co-op's folder, all of them, or one policy or partner file, in order of place.

    The partners are read from the folder `partners` beside the folder that holds the co-ops. One file is judged
    together with all others of its co-op, and what is found elsewhere is left out. With `samples` they are judged as
    all else; where it is not the `demo`, it is told that they will be left out. Raises nothing: what cannot be read is
    a finding.
    """
    if path.is_dir() and (coops := sorted(notices.parent for notices in path.glob("*/notices"))):
        return tuple(sorted({finding for coop in coops for finding in lint(coop, samples=samples, demo=demo)}))
    if "partners" in {path.name, path.parent.name}:
        reading = Reading(coop="")
        read_partners(reading, path if path.name == "partners" else path.parent)
    else:
        folder = path if path.is_dir() else path.parent
        if not path.is_dir() and path.name not in {"fields.yaml", "source.yaml"}:
            folder = folder.parent
        # The partners stand two folders up: a path given from within must say which that is.
        folder = folder if len(folder.parts) > 1 else folder.absolute()
        reading = read_coop(folder, folder.parent.parent / "partners")
    document, found = check(reading, samples=samples)
    if samples and not demo and document is not None:
        found = tuple(sorted({*found, *left_out(reading, document)}))
    return found if path.is_dir() else tuple(one for one in found if FilePath(one.file).absolute() == path.absolute())


def check(reading: Reading, *, samples: bool, made: Made = afresh) -> tuple[PolicyDocument | None, tuple[Finding, ...]]:
    """Return the document the files make, where they make one, and all findings of all rules, in order of place.

    Without `samples` these are no part of it, and a warning says so.
    """
    document = reading.document()
    broken: list[Breach] = list(partner_identity(reading.partners))
    gone: tuple[Finding, ...] = ()
    if document is not None:
        if not samples:
            gone = tuple(left_out(reading, document))
            document = document.without_samples(made=made)
        # No rule looks at the digest, which is the dearest part of it.
        policy = resolve(document, digest="", made=made)
        broken += chain(
            content(document, reading.texts), announced(document), references(policy), _ceiling(policy, made)
        )
    found = {*reading.findings, *gone, *_told(broken, reading, document)}
    return document, tuple(sorted(found))


def _ceiling(policy: Policy, made: Made) -> Iterator[Breach]:
    """Yield all breaches; where things are remembered, each agreement's by the very parts that it is judged by."""
    if made is afresh:
        yield from breaches(policy)
        return
    rest = made(_rest, policy.coop, policy.notices, policy.fields, policy.decisions)
    for agreement in policy.agreements.values():
        yield from made(_judged, rest, policy.partners.get(agreement.partner), agreement)
    yield from overlapping(policy)


def _rest(
    coop: str, notices: tuple[Notice, ...], fields: Mapping[str, Field], decisions: tuple[Decision, ...]
) -> Policy:
    """Return a policy without agreements and partners."""
    return Policy(
        coop=coop,
        digest="",
        notices=notices,
        fields=fields,
        decisions=decisions,
        agreements={},
        partners={},
        source=SourceMap(facts={}, columns={}),
    )


def _judged(rest: Policy, partner: Partner | None, agreement: Agreement) -> tuple[Breach, ...]:
    partners = {} if partner is None else {agreement.partner: partner}
    return tuple(breaches_of(replace(rest, partners=partners), agreement))


def _told(broken: Iterable[Breach], reading: Reading, document: PolicyDocument | None) -> Iterator[Finding]:
    prefix = ""
    if document is not None and document.notices:
        prefix = document.notices[max(document.notices)].clause_prefix
    for breach in broken:
        yield _finding(breach, reading, prefix)


def _finding(breach: Breach, reading: Reading, prefix: str) -> Finding:
    words = AGREEMENT.get(breach.state) or SOURCE.get(breach.state) or NOTICE[breach.state]
    if breach.notice:
        words = words._replace(
            ja=f"公表事項 `{breach.notice}` の下では、{words.ja}", en=f"under notice `{breach.notice}`, {words.en}"
        )
    file, place = reading.place(breach.path)
    subject_ja, subject_en = NAMES.get(breach.subject, (breach.subject, breach.subject))
    other_ja, other_en = NAMES.get(breach.other, (breach.other, breach.other))
    return tell(
        words,
        state=breach.state,
        severity="warning" if breach.caution else "error",
        file=file,
        place=place,
        subject=breach.subject,
        other=breach.other,
        prefix=prefix,
        base=breach.subject.partition(".")[0],
        subject_ja=subject_ja,
        subject_en=subject_en,
        other_ja=other_ja,
        other_en=other_en,
        clause_rule=rule_of(breach.subject, breach.other),
    )
