"""Which file of a folder counts: the last by name that is whole, of a few."""

import re
from pathlib import Path
from typing import Final

from gateway.adapters.sources.files import delimited, fixed
from gateway.adapters.sources.files.loading import Loaded, Wanted
from gateway.adapters.sources.files.opened import Changed, Identity, Opened, identity_of
from gateway.adapters.sources.files.refusal import FileRefused, Refusal

TRIED: Final = 3
"""So many files, the last by name, may be loaded; an older one is no answer for today."""


class Found:
    """What a look into the folder came to."""

    def __init__(self, loaded: Loaded | None, refused: dict[Identity, Refusal]) -> None:
        """Take the file that serves, and the refusals of those that came before it."""
        self.loaded = loaded
        self.refused = refused

    @property
    def refusal(self) -> Refusal | None:
        """Why the newest file does not serve; None where it does, or where there is none."""
        return next(iter(self.refused.values()), None)

    def again(self) -> "Found":
        """Return what serves alone: who needs other columns refuses other files."""
        return Found(self.loaded, {})


NOTHING: Final = Found(None, {})


def look(folder: Path, wanted: Wanted, before: Found) -> Found:
    """Return what serves now, loading what is new. Raises OSError where the folder cannot be read.

    A file that was loaded goes on serving while a newer one is refused, also one that was put in its own place; not
    once it was changed or taken away.
    """
    serving = before.loaded if before.loaded is not None and before.loaded.opened.intact() else None
    refused: dict[Identity, Refusal] = {}
    names = _names(folder, wanted.layout.pattern)
    for name in names:
        if len(refused) == TRIED:
            break
        identity = identity_of(folder / name)
        if identity is None:  # taken away since, or no file
            continue
        if serving is not None and serving.opened.identity == identity:
            return Found(serving, refused)
        known = before.refused.get(identity)
        if known is None:
            try:
                return Found(load(folder / name, wanted), refused)
            except FileNotFoundError:  # taken away since
                continue
            except FileRefused as fault:
                known = fault.refusal
        refused[identity] = known
        if serving is not None and serving.opened.name == name:
            return Found(serving, refused)
    return Found(serving if serving is not None and serving.opened.name in names else None, refused)


def load(path: Path, wanted: Wanted) -> Loaded:
    """Return a file that was read from end to end. Raises FileRefused, and OSError."""
    opened = Opened(path)
    try:
        if opened.size == 0:
            raise opened.refuse("empty")
        loaded = _load(opened, wanted)
        opened.check()
    except Changed:
        raise opened.refuse("changing") from None
    except FileRefused:
        if not opened.intact():  # what was found wrong is of no state that there ever was
            raise opened.refuse("changing") from None
        raise
    return loaded


def _load(opened: Opened, wanted: Wanted) -> Loaded:
    match wanted.layout.format:
        case "csv":
            return delimited.load(opened, wanted)
        case "fixed":
            return fixed.load(opened, wanted)
        case "parquet":
            # Only whoever has such files pays for the library.
            from gateway.adapters.sources.files import parquet

            return parquet.load(opened, wanted)


def _names(folder: Path, pattern: str) -> list[str]:
    """Return the names that match, the last first; `*` stands for anything, every other character for itself."""
    matches = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch
    hidden = pattern.startswith(".")
    return sorted(
        (one.name for one in folder.iterdir() if matches(one.name) and (hidden or not one.name.startswith("."))),
        reverse=True,
    )
