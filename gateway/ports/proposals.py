"""Proposed policy versions: what their files say, what was foreseen of them, and how they stand."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, Protocol

import msgspec

from gateway.core.changes.proposal import Proposal, State
from gateway.core.policy import Policy

Files = Mapping[str, str]
"""Path → text: `policies/<coop>/…` and `partners/<id>.yaml`, as they stand in a repository; text ends as it was read."""


class EditRefused(ValueError):
    """A text cannot be edited so; it says what is wrong and how to mend it, in both languages."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(en)
        self.ja = ja
        self.en = en


class Proposals(Protocol):
    """The proposals of every co-op. They are changed by entries of the log alone (`Submission.change`): an act and what
    it does are one transaction. What is kept here besides never changes: contents and previews, by their digest.

    Every method raises Unavailable where the database fails. Nobody retries.
    """

    async def get(self, coop: str, proposal: str) -> Proposal | None:
        """Return one proposal as committed."""
        ...

    async def all(self, coop: str, *, states: Collection[State] = ()) -> list[Proposal]:
        """Return the proposals in these states (none named: in any), the one changed last first."""
        ...

    async def keep_files(self, coop: str, files: Files) -> str:
        """Store files; return their digest, the same for the same files. Durable when it returns."""
        ...

    async def files(self, coop: str, content: str) -> Files | None:
        """Return the files of a digest."""
        ...

    async def files_of_version(self, coop: str, policy: str) -> Files | None:
        """Return the files that a version was published from, by its policy digest; None where they were not kept."""
        ...

    async def keep_preview(self, coop: str, body: bytes) -> str:
        """Store a preview; return its digest, lower-case hexadecimal SHA-256. Durable when it returns."""
        ...

    async def preview(self, coop: str, digest: str) -> bytes | None:
        """Return a preview."""
        ...


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something found in files, ready for a reader."""

    file: str
    line: int
    severity: Literal["error", "warning"]
    rule: str
    ja: str
    en: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What files say."""

    document: bytes | None
    """The canonical document; None where an error was found."""
    digest: str | None
    policy: Policy | None
    """The document as the core decides with it."""
    findings: tuple[Told, ...]


class PolicyFiles(Protocol):
    """What files of policies mean: checked as the command line's `policy lint` does it, without touching a disk."""

    def check(self, coop: str, files: Files, *, afresh: bool = False) -> Checked:
        """Return the document that the files make, and all findings; never raises for what the files say.

        What was judged before of parts that did not change may be remembered; `afresh`, all of it is judged now.
        """
        ...

    def set(self, text: str, path: tuple[str, ...], value: object | None, *, make: bool = False) -> str:
        """Return a YAML text with the value at a path of keys set, or taken out (None); every other byte stays.

        Raises KeyError where the enclosing mapping is missing (with `make` it is made), EditRefused where the text
        cannot be changed so.
        """
        ...

    def read(self, text: str) -> Mapping[str, Any]:
        """Return what a YAML text says: texts, whole numbers, truth values, days, tuples and mappings of these.

        Raises EditRefused where it is no mapping that can be read.
        """
        ...

    def belongs(self, name: str, coop: str) -> bool:
        """Tell whether a file of this name can stand among a co-op's: below `policies/<coop>/` or `partners/`."""
        ...
