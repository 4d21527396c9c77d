"""Where the demo keeps what it makes, all of it deleted by the next run: `var/demo/`, or the folder given.

gateway.db     the gateway's database                    log/, log.vkey   共立社's log as exported, and its verifier key
keys/          the gateway's keys                        log-altered/     the same with one byte changed
office/        policy and partner files of the co-ops    partners/<id>/   client.json, sig.jwk.json, enc.jwk.json
codes.txt      member codes to try                       gateway.env      the settings, for the command line
"""

import re
import shlex
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

import gateway
from gateway.demo.awkward import AWKWARD
from gateway.settings import PREFIX, Settings

COOP = "kyoritsusha"
INCOMPLETE = "coopdeli"

MARK = "README.txt"
_NOTE = """【試験】 この場所のものはすべて架空です。次の `make demo` が消して作り直します。
Everything here is synthetic. The next `make demo` deletes it and starts afresh.
"""
STATE = Path("var/demo")
_OURS = (
    "gateway.db", "gateway.db-wal", "gateway.db-shm", "log", "log.vkey", "log-altered", "keys", "office", "partners",
    "staff", "codes.txt", "gateway.env",
)  # fmt: skip
_SAMPLE_YEAR = 2026
_DAY = re.compile(r"\b(20\d\d)(-\d\d-\d\d)\b")


class CannotStart(Exception):
    """The demo cannot start, and what to do about it, in Japanese and English."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja}\n{en}")


def take(state: Path) -> None:
    """Mark a new or empty folder as the demo's. Raises CannotStart for one that holds anybody else's files."""
    state.mkdir(parents=True, exist_ok=True)
    if not (state / MARK).exists() and any(state.iterdir()):
        raise CannotStart(
            f"`{state}` にはデモのものでないファイルがあります。空のフォルダを --state で指定してください。",
            f"`{state}` holds files that are not the demo's; name an empty folder with --state.",
        )
    (state / MARK).write_text(_NOTE, encoding="utf-8")


def clear(state: Path) -> None:
    """Delete what an earlier run made, and nothing else."""
    for name in _OURS:
        path = state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def lay_out_office(state: Path, today: date) -> bool:
    """Copy the policy and partner files to where the story edits them; tell whether sample dates had to be moved."""
    origin = next((root for root in _roots() if (root / "policies" / COOP).is_dir()), None)
    if origin is None:
        raise CannotStart(
            "policies/ と partners/ が見つかりません。リポジトリのフォルダで実行してください。",
            "policies/ and partners/ are not found; run this in the repository.",
        )
    for name in ("policies", "partners"):
        shutil.copytree(origin / name, state / "office" / name)
    moved = False
    for file in sorted((state / "office" / "policies").glob("*/*/*.yaml")):
        before = file.read_text(encoding="utf-8")
        after = _renew(file, before, today)
        if after != before:
            moved = True
            file.write_text(after, encoding="utf-8")
    return moved


def _roots() -> tuple[Path, ...]:
    return Path.cwd(), Path(gateway.__file__).parent.parent


def _renew(file: Path, text: str, today: date) -> str:
    """Return a sample with its dates moved by whole years, so that the demo also runs in other years than its samples.

    Supervision that would be overdue by now becomes due today. Notices are quotations and never moved.
    """
    years = today.year - (today.month < 4) - _SAMPLE_YEAR  # agreements run from April to March
    match file.parent.name:
        case "agreements":
            text = _DAY.sub(_later(years), text)
            return re.sub(r"(?<=\bdue: )[0-9-]{10}", lambda due: max(due[0], today.isoformat()), text)
        case "decisions":
            return re.sub(r"(?m)(?<=^    from: )[0-9-]{10}", lambda day: _DAY.sub(_later(years), day[0]), text)
        case _:
            return text


def _later(years: int) -> Callable[[re.Match[str]], str]:
    return lambda day: f"{int(day[1]) + years}{day[2]}"


def write_what_to_try(state: Path, settings: Settings) -> None:
    """Write the settings as a shell reads them (`set -a; . gateway.env`), and the codes of the awkward members."""
    told = settings.model_dump(mode="json", exclude_defaults=True)
    texts = {name: value if isinstance(value, str) else _json(value) for name, value in told.items()}
    lines = [f"{PREFIX}{name.upper()}={shlex.quote(text)}" for name, text in texts.items()]
    (state / "gateway.env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (state / "codes.txt").write_text("\n".join(AWKWARD.values()) + "\n", encoding="utf-8")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
