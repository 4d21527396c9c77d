"""A co-op's files go from the folders into a mapping and back, every byte as it is; nothing else is touched.

Out of the folders: every file of the co-op and the partners that a reading looks at, and the co-op's notes; UTF-8 or
refused by name. Into them: only names that belong there, through no link, each file replaced whole or not at all.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import msgspec

from gateway.adapters.policy_files.shelf import NOTES, belongs, is_coop, passed_over
from gateway.ports.proposals import Files

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_MAKE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class FileRefused(ValueError):
    """A file is not taken in or put out; the text names it and the mend, in both languages."""

    def __init__(self, file: str, ja: str, en: str) -> None:
        super().__init__(f"`{file}`: {en}")
        self.file = file
        self.ja = f"`{file}`: {ja}"
        self.en = f"`{file}`: {en}"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of files that were put out; names as in the mapping."""

    changed: tuple[str, ...]
    """New, or their bytes differ from before."""
    left: tuple[str, ...]
    """In the co-op's folder and not in the mapping: still there."""
    pruned: tuple[str, ...]
    """In the co-op's folder and not in the mapping: removed."""


def files_of(policies: Path, partners: Path, coop: str) -> Files:
    """Return the files of one co-op and the partners, their texts exactly as on the disk.

    Raises FileRefused where one is a link or not UTF-8, OSError where it cannot be read. A folder that is missing
    has no files; check tells of it.
    """
    files = {}
    for name, file in (*_below(policies, "policies", _folder_of(coop)), *_below(partners, "partners")):
        if name.startswith("partners/") and name.endswith(NOTES):
            continue
        if file.is_symlink() or not belongs(name, coop):
            _refuse_name(name)
        try:
            files[name] = file.read_bytes().decode()
        except UnicodeDecodeError:
            raise FileRefused(
                name, "UTF-8 の本文ではありません。UTF-8 で保存してください", "it is not UTF-8; save it as UTF-8"
            ) from None
    return files


def write_files(files: Files, policies: Path, partners: Path, *, prune: bool = False) -> Written:
    """Put files into the two folders and return what changed; files of the co-op beside them are told, or removed.

    A partner's file that is not in the mapping is another co-op's matter and is neither told nor removed. Names that
    lead elsewhere, links and texts that are no UTF-8 are refused (FileRefused) before anything is written. A failing
    disk (OSError) may leave some files new and others old, none by half; doing it again finishes it.
    """
    roots = {"policies": policies, "partners": partners}
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    data = {}
    for name, text in files.items():
        _refuse_elsewhere(name, roots)
        if name in folders:
            _refuse_name(name)
        try:
            data[name] = text.encode()
        except UnicodeEncodeError:
            raise FileRefused(
                name, "UTF-8 で表せない文字があります", "it holds half a character; mend the text"
            ) from None
    coops = sorted({name.split("/")[1] for name in files if name.startswith("policies/")})
    beside = [name for coop in coops for name, _ in _below(policies, "policies", coop) if name not in files]
    changed = tuple(name for name, one in sorted(data.items()) if _replace(roots, name, one))
    for name in beside if prune else ():
        with _folder(roots, name) as (folder, last):
            os.unlink(last, dir_fd=folder)
    return Written(
        changed=changed, left=() if prune else tuple(sorted(beside)), pruned=tuple(sorted(beside)) if prune else ()
    )


def _folder_of(coop: str) -> str:
    if not is_coop(coop):
        raise FileRefused(
            coop,
            "生協の名前ではありません。policies/ の中のフォルダー名を指定してください",
            "it is no co-op's name; name its folder in policies/",
        )
    return coop


def _below(root: Path, kind: str, folder: str = "") -> Iterator[tuple[str, Path]]:
    """Yield every file and link below a folder but what is hidden, by its name in a mapping; links are not followed."""
    start = root / folder
    if folder and start.is_symlink():
        _refuse_name(f"{kind}/{folder}")
    for file in sorted(start.rglob("*")):
        within = file.relative_to(root).parts
        if (file.is_symlink() or file.is_file()) and not passed_over(within):
            yield "/".join((kind, *within)), file


def _refuse_elsewhere(name: str, roots: Mapping[str, Path]) -> None:
    if not belongs(name):
        _refuse_name(name)
    kind, *parts = name.split("/")
    path = roots[kind]
    for depth, part in enumerate(parts, 1):
        path /= part
        fits = path.is_file() if depth == len(parts) else path.is_dir()
        if path.is_symlink() or (path.exists() and not fits):
            _refuse_name(name)


def _refuse_name(name: str) -> None:
    raise FileRefused(
        name,
        "policies/<生協>/ と partners/ の中の通常のファイルではありません。名前を確かめ、リンクは実体に置き換えてください",
        "it is no plain file within policies/<coop>/ or partners/; mind its name, and put the file where a link stands",
    )


def _replace(roots: Mapping[str, Path], name: str, data: bytes) -> bool:
    """Put one file in its place, whole or not at all; return whether anything changed.

    A crash before the last step leaves the old file and a hidden copy, which no reading looks at.
    """
    with _folder(roots, name) as (folder, last):
        mode = None
        with suppress(FileNotFoundError):
            there = os.open(last, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            with os.fdopen(there, "rb") as file:
                if file.read() == data:
                    return False
                mode = stat.S_IMODE(os.fstat(there).st_mode)
        copy = f".{last}.{os.getpid()}.new"
        with suppress(FileNotFoundError):
            os.unlink(copy, dir_fd=folder)
        try:
            with os.fdopen(os.open(copy, _MAKE_FILE, 0o666, dir_fd=folder), "wb") as file:
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(copy, last, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(copy, dir_fd=folder)
            raise
        os.fsync(folder)
    return True


@contextmanager
def _folder(roots: Mapping[str, Path], name: str) -> Iterator[tuple[int, str]]:
    """Open the folder of a file, made where it is missing, step by step so that no link put there since is followed."""
    kind, *parts, last = name.split("/")
    roots[kind].mkdir(parents=True, exist_ok=True)
    folder = os.open(roots[kind], os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
            inner = os.open(part, _OPEN_FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, last
    finally:
        os.close(folder)
