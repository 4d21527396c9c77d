"""Files become a policy document whole, or not at all."""

from pathlib import Path

import msgspec

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.finding import Finding, PolicyRefused
from gateway.adapters.policy_files.lint import check
from gateway.adapters.policy_files.reading import read_coop


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A document that may be proposed, and what a reader should look at."""

    document: PolicyDocument
    findings: tuple[Finding, ...]
    """Warnings only."""


def load(policies: Path, partners: Path, coop: str, *, samples: bool) -> Loaded:
    """Return the policy document of one co-op, read from its folder and the partners.

    `sample: true` documents, clients and readings are left out unless `samples`. Raises PolicyRefused with all
    findings of all files where any of them is an error; nothing is loaded by half.
    """
    document, findings = check(read_coop(policies / coop, partners), samples=samples)
    if document is None or any(finding.severity == "error" for finding in findings):
        raise PolicyRefused(findings)
    return Loaded(document=document, findings=findings)
