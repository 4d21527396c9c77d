"""The gateway as an operator runs it: operating-system processes on free ports of the loopback address, told by
environment variables, and everything done to it by its command line.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.forked import command

ROOT = Path(__file__).parent.parent.parent
COOPS = ("kyoritsusha", "coopdeli")
MEMBERS = 300
START_S = 60.0
"""Patience for a start, an answer or an end; met at once when all is well, even on a machine that is busy."""
BY = ("--by", "運用", "--reason", "試験")
TWO_PEOPLE = ("--proposer", "起案", "--approver", "承認", "--reason", "試験")


def until(ready: Callable[[], object], what: str, *, seconds: float = START_S) -> None:
    """Wait until `ready()` is true; fail with `what` past the deadline."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(0.02)


@contextmanager
def reserved_port() -> Iterator[int]:
    """Hold a free port: whoever listens on it with these options may, and nobody is given it by chance."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Process:
    """One process of ours, what it has said so far, and how it ends when it is asked to."""

    def __init__(self, name: str, *arguments: str, env: dict[str, str], folder: Path, ends: int) -> None:
        self.name = name
        self._ends = ends
        number = len(list(folder.glob(f"{name}-*.txt")))
        self._file = folder / f"{name}-{number}.txt"
        with self._file.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        return self._file.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, sent: signal.Signals) -> None:
        self._process.send_signal(sent)

    def until_ready(self, word: str) -> None:
        """Wait until it has said so; fail at once where it ends instead."""

        def ready() -> bool:
            assert self.alive, f"ended with {self._process.returncode}:\n{self.said}"
            return word in self.said

        until(ready, "a process was not ready")

    def wait(self) -> None:
        """Wait for the end that it was asked for; whatever comes of that, it has ended afterwards."""
        try:
            assert self._process.wait(START_S) == self._ends, self.said
        finally:
            self.kill()

    def kill(self) -> None:
        """End it on the spot."""
        self._process.kill()
        self._process.wait()


@dataclass
class Site:
    """One gateway on one database: a folder with its keys and policies, its member system, its processes."""

    folder: Path
    database_url: str
    port: int
    source_port: int
    keys: Path
    policies: Path
    source_timeout_s: float = 10.0
    coops: tuple[str, ...] = COOPS
    console_port: int | None = None
    """Where staff reach the console; None: there is none."""
    processes: list[Process] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """Further settings."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def env(self) -> dict[str, str]:
        secret = self.folder / "source.secret"
        source = {
            "url": f"http://127.0.0.1:{self.source_port}",
            "secret_file": str(secret),
            "timeout_s": self.source_timeout_s,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        return {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "GATEWAY_DEMO": "true",
            "GATEWAY_ISSUER": self.issuer,
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_DATABASE_URL": self.database_url,
            "GATEWAY_KEYS": str(self.keys),
            "GATEWAY_SIGNER_STATE": str(self.folder / "signer-state"),
            "GATEWAY_POLICIES": str(self.policies),
            "GATEWAY_PARTNERS": str(ROOT / "partners"),
            "GATEWAY_COOPS": json.dumps(self.coops),
            "GATEWAY_SOURCES": json.dumps(dict.fromkeys(self.coops, source)),
            "GATEWAY_REQUESTS_PER_SECOND": "100000",
            "GATEWAY_BURST": "100000",
            **self._console,
            **self.variables,
        }

    @property
    def _console(self) -> dict[str, str]:
        if self.console_port is None:
            return {}
        return {"GATEWAY_CONSOLE": self.console, "GATEWAY_CONSOLE_PORT": str(self.console_port)}

    def told(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command to its end, whatever that is."""
        return command(*arguments, env=self.env, stdin=stdin, timeout=START_S)

    def do(self, *arguments: str, stdin: str = "") -> Any:
        """Run one command that succeeds; return what it says with --json."""
        done = self.told(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, f"gateway {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def do_all(self, *commands: tuple[str, ...]) -> None:
        """Run commands that succeed, one after another."""
        for arguments in commands:
            done = self.told(*arguments)
            assert done.returncode == 0, f"gateway {' '.join(arguments)}: {done.stdout}{done.stderr}"

    def gateway(self) -> Process:
        """Start one more gateway process behind the site's port; not yet ready."""
        process = Process("gateway", "gateway", "serve", "--reuse-port", env=self.env, folder=self.folder, ends=0)
        self.processes.append(process)
        return process

    def worker(self) -> Process:
        """Start a process that only works; not yet ready."""
        process = Process("worker", "gateway", "work", env=self.env, folder=self.folder, ends=0)
        self.processes.append(process)
        return process

    def alive(self, name: str) -> list[Process]:
        """The running processes of one name."""
        return [process for process in self.processes if process.name == name and process.alive]

    def serving(self, *processes: Process) -> None:
        """Wait until all these processes listen, and one of them answers that it is ready."""
        for process in processes:
            process.until_ready("listening on")
        until(lambda: answers(f"{self.issuer}/readyz"), "no gateway was ready")

    def member_system(self, members: int = MEMBERS, *, late_s: float = 0.0) -> Process:
        """Start the co-op's member system, whose answers take `late_s` longer than they need; wait until it answers."""
        process = Process(
            "member-system",
            *(("tests.e2e.unhurried", str(late_s)) if late_s else ("gateway.demo.member_system",)),
            f"--port={self.source_port}",
            f"--members={members}",
            f"--secret-file={self.folder / 'source.secret'}",
            env=self.env,
            folder=self.folder,
            ends=-signal.SIGTERM,  # uvicorn's own way: once it is done, it lets the signal take its course
        )
        self.processes.append(process)
        until(lambda: answers(f"http://127.0.0.1:{self.source_port}/healthz"), "no member system was ready")
        return process

    def stop(self) -> None:
        """End all processes at once; fail where one does not end as it should."""
        with ExitStack() as ends:
            for process in self.processes:
                if process.alive:
                    process.send(signal.SIGTERM)
                    process.send(signal.SIGCONT)  # for one that a failed test left standing still
                    ends.callback(process.wait)


def answers(url: str) -> bool:
    """Tell whether a URL is answered with 200 now."""
    try:
        return httpx2.get(url, timeout=2).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def site(folder: Path, database_url: str, *, keys: Path, policies: Path, **more: Any) -> Iterator[Site]:
    """Give a gateway its place: free ports, a secret for its member system; nothing runs yet, nothing is left running."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.secret").write_text("s" * 40)
    with reserved_port() as port, reserved_port() as source_port:
        at = Site(
            folder=folder,
            database_url=database_url,
            port=port,
            source_port=source_port,
            keys=keys,
            policies=policies,
            **more,
        )
        try:
            yield at
        finally:
            at.stop()
