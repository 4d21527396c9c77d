"""Commands in processes of their own that cost no start: each is forked from one that has imported the command line.

Exit code, standard streams and environment are a command's own; what was imported is neither loaded nor taken down for it,
which costs most commands more than what they do. `python -m gateway` itself is run by tests/cli/test_changes_document.py,
and by every gateway that serves in tests/e2e.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock
from typing import NoReturn

ROOT = Path(__file__).parent.parent
POLL_S = 0.005
_ASKING = Lock()
"""Threads ask one after another."""
NEEDED_LATER = "gateway.adapters"
"""What commands import when they come to use it."""


def command(
    *arguments: str, env: Mapping[str, str], stdin: str = "", timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `gateway` with arguments to its end, at the root of the repository; fail after `timeout` seconds."""
    with tempfile.TemporaryDirectory() as told:
        folder = Path(told)
        (folder / "stdin").write_text(stdin, encoding="utf-8")
        asked = {"folder": told, "arguments": arguments, "env": dict(env)}
        with _ASKING:
            parent = _parent()
            assert parent.stdin is not None
            parent.stdin.write(json.dumps(asked).encode() + b"\n")
            parent.stdin.flush()
        deadline = time.monotonic() + timeout
        while not (folder / "code").exists():
            assert parent.poll() is None, "the process that commands are forked from has ended"
            assert time.monotonic() < deadline, f"gateway {' '.join(arguments)}: not done within {timeout} s"
            time.sleep(POLL_S)
        code = int((folder / "code").read_text())
        stdout, stderr = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(["gateway", *arguments], code, stdout, stderr)


@cache
def _parent() -> subprocess.Popen[bytes]:
    made = subprocess.Popen([sys.executable, "-m", "tests.forked"], cwd=ROOT, stdin=subprocess.PIPE)
    atexit.register(made.communicate)
    return made


def _serve() -> None:
    """Import what commands need, and fork a process for each line that asks for one."""
    from gateway.cli import NOUNS

    for noun in NOUNS.values():
        import_module(f"gateway.cli.{noun.partition(':')[0]}")
    for found in iter_modules(import_module(NEEDED_LATER).__path__):
        import_module(f"{NEEDED_LATER}.{found.name}")
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            asked = json.loads(line)
            _begin(Path(asked["folder"]), asked["env"])
            _end(asked["arguments"])


def _begin(folder: Path, env: Mapping[str, str]) -> None:
    """Go on in a child with these streams and this environment; the parent waits for it and leaves its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child != 0:
        _, status = os.waitpid(child, 0)
        (folder / "ended").write_text(str(os.waitstatus_to_exitcode(status)))
        (folder / "ended").rename(folder / "code")
        os._exit(0)
    os.environ.clear()
    os.environ.update(env)
    streams = [(folder / name).open(mode, encoding="utf-8") for name, mode in _STREAMS]
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, (_, mode) in enumerate(_STREAMS)
    )


def _end(arguments: list[str]) -> NoReturn:
    """Run the command, and end as the interpreter would, but for the taking down of all that was imported."""
    sys.argv[1:] = arguments
    code: str | int | None = 1
    try:
        runpy.run_module("gateway", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # as the interpreter: told, and an exit code
        traceback.print_exc()
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))

if __name__ == "__main__":
    _serve()
