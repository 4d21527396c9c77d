"""A co-op's folder and the partners beside it: every file read strictly, every finding kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath, PurePosixPath
from typing import TypeVar, cast

from pydantic import ValidationError

from gateway.adapters.policy_files.agreement import AgreementsFile
from gateway.adapters.policy_files.catalogue import FieldsFile
from gateway.adapters.policy_files.decisions import DecisionsFile
from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.finding import Finding, tell
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.shape import Shape
from gateway.adapters.policy_files.shape_findings import problem_findings, shape_findings
from gateway.adapters.policy_files.shelf import InMapping, OnDisk, Shelf, belongs
from gateway.adapters.policy_files.source import SourceFile
from gateway.adapters.policy_files.strict_yaml import Path, Place, parse
from gateway.adapters.policy_files.words_shape import SHAPE
from gateway.ports.proposals import Files

S = TypeVar("S", bound=Shape)


@dataclass
class Reading:
    """What the files say so far, where each part of it stands, and what is wrong with them."""

    coop: str
    shelf: Shelf = field(default_factory=OnDisk)
    """Where the files stand."""
    notices: dict[str, NoticeFile] = field(default_factory=dict)
    fields: FieldsFile | None = None
    decisions: dict[str, DecisionsFile] = field(default_factory=dict)
    agreements: dict[str, AgreementsFile] = field(default_factory=dict)
    source: SourceFile | None = None
    partners: dict[str, PartnerFile] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Notice version → archived text."""
    findings: list[Finding] = field(default_factory=list)
    places: dict[Path, list[tuple[str, Mapping[Path, Place]]]] = field(default_factory=dict)
    """Where in the document files stand → each file of that place, and where in it its own parts stand."""
    whole: bool = True
    """Whether all but agreements could be read, so that the rules over all files make sense."""

    def place(self, path: Path) -> tuple[str, Place]:
        """Return file and place of a part of the document, or of the nearest enclosing part that stands somewhere."""
        for length in range(len(path), 0, -1):
            for root in dict.fromkeys((path[: min(2, length)], path[:1], ())):
                for file, places in reversed(self.places.get(root, ())):
                    for within in _within(root, path[len(root) : length]):
                        if within in places:
                            return file, places[within]
        return self.coop, Place(1, 1)

    def document(self) -> PolicyDocument | None:
        """Return all that was read, samples included; None where something but an agreement could not be read."""
        if not self.whole or self.fields is None or self.source is None:
            return None
        document = PolicyDocument.model_construct(
            coop=self.coop,
            notices=self.notices,
            fields=self.fields.fields,
            decisions={name: one for file in self.decisions.values() for name, one in file.decisions.items()},
            agreements={name: file.agreements for name, file in self.agreements.items()},
            source=self.source,
            partners=self.partners,
        )
        named = set(document.partners_named())
        return document.model_copy(update={"partners": {k: v for k, v in self.partners.items() if k in named}})


def read_coop(folder: PurePath, partners: PurePath, shelf: Shelf | None = None) -> Reading:
    """Return what the files of one co-op and the partners say; they stand on a disk where no shelf is given."""
    reading = Reading(coop=folder.name, shelf=shelf or OnDisk())
    if not reading.shelf.is_folder(folder):
        _miss(reading, folder)
        return reading
    for file in reading.shelf.files(folder):
        _read_one(reading, folder, file)
    for name in ("fields.yaml", "source.yaml", "notices/*.yaml"):
        if not reading.shelf.holds(folder, name):
            _miss(reading, folder / name.partition("/")[0])
    read_partners(reading, partners)
    for version, notice in reading.notices.items():
        _archive(reading, version, folder / notice.source.file, notice.source.sha256)
    return reading


def read_files(coop: str, files: Files) -> Reading:
    """Return what the files of a mapping say, as those of a disk do; a name that does not belong there is a finding."""
    kept = {name: text for name, text in files.items() if belongs(name, coop)}
    reading = read_coop(PurePosixPath("policies", coop), PurePosixPath("partners"), InMapping(kept))
    for name in sorted(files.keys() - kept.keys()):
        _refuse(reading, "foreign_file", name, name)
    return reading


def read_partners(reading: Reading, partners: PurePath) -> None:
    """Add every partner file to what was read."""
    if not reading.shelf.is_folder(partners):
        _miss(reading, partners)
        return
    for file in reading.shelf.files(partners):
        if file.parent != partners or file.suffix != ".yaml":
            _refuse(reading, "foreign_file", file, file.name)
        elif (one := _shaped(reading, file, PartnerFile, ("partners", file.stem))) is not None:
            _filed(reading, file, ("partners", file.stem, "id"), one.id, file.stem)
            reading.partners[file.stem] = one
        else:
            reading.whole = False


def _read_one(reading: Reading, folder: PurePath, file: PurePath) -> None:
    shape: Shape | None
    match file.relative_to(folder).parts, file.suffix:
        case ("notices", _), ".yaml":
            root: Path = ("notices", file.stem)
            shape = notice = _shaped(reading, file, NoticeFile, root)
            if notice is not None:
                _filed(reading, file, (*root, "version"), notice.version, file.stem)
                _filed(reading, file, (*root, "effective"), notice.effective.start.isoformat(), file.stem)
                reading.notices[file.stem] = notice
        case ("fields.yaml",), _:
            root = ()
            shape = reading.fields = _shaped(reading, file, FieldsFile, root)
        case ("source.yaml",), _:
            root = ("source",)
            shape = reading.source = _shaped(reading, file, SourceFile, root)
        case ("decisions", _), ".yaml":
            root = ()
            shape = decisions = _shaped(reading, file, DecisionsFile, root)
            if decisions is not None:
                _once(reading, file, [d for other in reading.decisions.values() for d in other.decisions], decisions)
                reading.decisions[file.stem] = decisions
        case ("agreements", _), ".yaml":
            root = ("agreements", file.stem)
            agreements = _shaped(reading, file, AgreementsFile, root)
            if agreements is None:
                return
            shape = agreements
            _filed(reading, file, (*root, "partner"), agreements.partner, file.stem)
            _once(reading, file, [a for other in reading.agreements.values() for a in other.agreements], agreements)
            reading.agreements[file.stem] = agreements
        case ("source", _), ".txt":
            return
        case _:
            _refuse(reading, "foreign_file", file, file.relative_to(folder).as_posix())
            return
    if shape is None:
        reading.whole = False
    else:
        _filed(reading, file, (*root, "coop"), getattr(shape, "coop", ""), reading.coop)


def _shaped(reading: Reading, file: PurePath, shape: type[S], root: Path) -> S | None:
    """Return the file in its shape, or None with the findings that say why not."""
    try:
        parsed = parse(text := _text(reading.shelf.data(file)))
    except (UnicodeError, OSError):
        _refuse(reading, "unreadable", file, file.name)
        return None
    reading.places.setdefault(root, []).append((str(file), parsed.places))
    found = problem_findings(parsed, str(file))
    one = None
    if parsed.places:
        try:
            one = cast("S", _valid(shape, text))
        except ValidationError as error:
            told = {(f.line, f.column) for f in found}
            found += [f for f in shape_findings(error, parsed, str(file)) if (f.line, f.column) not in told]
    reading.findings += found
    return None if found else one


@lru_cache(maxsize=512)
def _valid(shape: type[Shape], text: str) -> Shape:
    """Return a file in its shape; as `parse`, it is remembered, and nobody can write to it. Raises ValidationError."""
    return shape.model_validate(parse(text).value)


def _within(root: Path, path: Path) -> tuple[Path, ...]:
    """Return where in a file a part of the document may stand; `agreements` of an agreement file is not repeated."""
    return (("agreements", *path), path) if root[:1] == ("agreements",) else (path,)


def _filed(reading: Reading, file: PurePath, path: Path, said: str, stands: str) -> None:
    if said != stands:
        _refuse(reading, "misfiled", file, said, other=stands, place=reading.place(path)[1])


def _once(reading: Reading, file: PurePath, known: list[str], shape: DecisionsFile | AgreementsFile) -> None:
    root: Path = ("agreements", file.stem) if isinstance(shape, AgreementsFile) else ("decisions",)
    for name in shape.agreements if isinstance(shape, AgreementsFile) else shape.decisions:
        if name in known:
            _refuse(reading, "duplicate_key", file, name, place=reading.place((*root, name))[1])


def _archive(reading: Reading, version: str, file: PurePath, sha256: str) -> None:
    where, place = reading.place(("notices", version, "source", "file"))
    try:
        data = reading.shelf.data(file)
        text = data.decode()
    except (OSError, UnicodeError):
        _refuse(reading, "no_archive", where, file.name, place=place)
        return
    if hashlib.sha256(data).hexdigest() != sha256:
        where, place = reading.place(("notices", version, "source", "sha256"))
        _refuse(reading, "archive_changed", where, file.name, place=place)
        return
    reading.texts[version] = text


def _text(data: bytes) -> str:
    """Return the text of a file, its lines ending alike whoever wrote it. Raises UnicodeError."""
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")


def _miss(reading: Reading, file: PurePath) -> None:
    reading.whole = False
    _refuse(reading, "missing_file", file, file.name)


def _refuse(
    reading: Reading, state: str, file: PurePath | str, subject: str, *, other: str = "", place: Place | None = None
) -> None:
    reading.findings.append(
        tell(SHAPE[state], state=state, file=str(file), place=place or Place(1, 1), subject=subject, other=other)
    )
