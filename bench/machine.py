"""Cores, CPU time of process trees, and child processes that end with the run (Linux)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str], None]
"""Is told what is being measured."""

ROOT = Path(__file__).parent.parent
_TICK = os.sysconf("SC_CLK_TCK")
_STARTING_S = _ENDING_S = 30.0


def cores() -> tuple[set[int], set[int]]:
    """Return (the core of the server that is measured, the core of everything around it); one core serves both."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}


@contextmanager
def on(core: Collection[int]) -> Iterator[None]:
    """Keep this process on a core meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(root: int, to: Collection[int]) -> None:
    """Keep a process, its threads and its descendants on these cores."""
    for pid in tree(root):
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), to)


def tree(root: int) -> list[int]:
    """Return a process and its living descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(_fields(stat)[1])
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(root: int) -> float:
    """Return the CPU time a process tree has used, user and system, ended children included."""
    # Fields 14 to 17 of proc(5): utime, stime, and both of the children waited for.
    return sum(sum(map(int, _fields(Path(f"/proc/{pid}/stat"))[11:15])) for pid in tree(root)) / _TICK


def _fields(stat: Path) -> list[str]:
    # The second field is a name in brackets and may hold anything; what follows is numbers.
    return stat.read_text().rpartition(")")[2].split()


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(arguments: Sequence[str], *, port: int, core: set[int], env: Mapping[str, str]) -> Iterator[int]:
    """Run a Python program that listens on a port, on one core; yield its process id when it answers."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env={**inherited, **env}, stdout=subprocess.DEVNULL, text=True
    )
    try:
        os.sched_setaffinity(process.pid, core)
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    last = time.monotonic() + _STARTING_S
    while time.monotonic() < last:
        if process.poll() is not None:
            raise RuntimeError(f"`{' '.join(map(str, process.args))}` ended with {process.returncode}")  # type: ignore[arg-type]  # a list here
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port} after {_STARTING_S:.0f} s")
