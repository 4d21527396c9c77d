"""docker-compose.yml without an engine: the same commands in the same order, on a PostgreSQL that the tests start."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner, Result

from gateway.adapters.clock import system_clock
from gateway.cli import app
from gateway.core.days import jst_day
from tests.e2e.policy_copies import in_term
from tests.postgres import Server

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DATABASE = "compose"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Stack:
    """The services as they run here, and where the gateway answers."""

    services: dict[str, Any]
    issuer: str
    folder: Path

    def run(self, service: str) -> str:
        """Run a one-shot service to its end and return what it printed."""
        described = self.services[service]
        if "entrypoint" not in described:
            return self.gateway(*described["command"], service=service)
        done = subprocess.run(
            argv(described), check=False, env=self.environment(service), cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"
        return done.stdout

    def gateway(self, *arguments: str, service: str = "gateway") -> str:
        """Run one command of the image in a service's environment, to its good end."""
        done = self.ended(*arguments, service=service)
        assert done.exit_code == 0, done.output
        return done.stdout

    def ended(self, *arguments: str, service: str = "gateway") -> Result:
        """Run one command to its end, whatever that is; in this process, to save the start of an interpreter."""
        return CliRunner().invoke(app, list(arguments), env=self.environment(service))

    def environment(self, service: str) -> dict[str, str]:
        """What a container of the service would have, and a PATH with this interpreter."""
        return {"PATH": path(), "PYTHONPATH": str(ROOT), **self.services[service].get("environment", {})}


def path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def dockerfile(word: str) -> list[str]:
    """The arguments of every instruction of a kind, with its continuation lines."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word}\s+(.*)$", joined, re.MULTILINE)


def argv(service: Mapping[str, Any]) -> list[str]:
    """The command line of a service: `$$` is compose's way to write `$`."""
    entrypoint: list[str] = service.get("entrypoint") or yaml.safe_load(dockerfile("ENTRYPOINT")[-1])
    return [part.replace("$$", "$") for part in entrypoint + service.get("command", [])]


def healthcheck(service: Mapping[str, Any]) -> list[str]:
    """The check of a service, or the image's; nothing where it has none, since it answers nobody."""
    if service.get("healthcheck") == {"disable": True}:
        return []
    if "healthcheck" in service:
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD"
        return command
    image: list[str] = yaml.safe_load(dockerfile("HEALTHCHECK")[-1].split("CMD", 1)[1])
    return image


def here(folder: Path, server: Server, ports: Mapping[str, int]) -> dict[str, Any]:
    """The services with the places of containers replaced by places of this machine."""
    text = COMPOSE
    for there, place in {
        "/secrets/": f"{folder}/secrets/",
        "GATEWAY_KEYS: /keys": f"GATEWAY_KEYS: {folder}/keys",
        "GATEWAY_SIGNER_STATE: /signer": f"GATEWAY_SIGNER_STATE: {folder}/signer",
        "GATEWAY_POLICIES: /policies": f"GATEWAY_POLICIES: {in_term(folder / 'policies', today=jst_day(system_clock()))}",
        "GATEWAY_PARTNERS: /partners": f"GATEWAY_PARTNERS: {ROOT}/partners",
        "@postgres:5432/gateway?": f"@/{DATABASE}?host={server.folder}&",
        "postgres:5432:gateway:": f"localhost:5432:{DATABASE}:",
        "member-system:8402": "127.0.0.1:8402",
        "0.0.0.0": "127.0.0.1",
        **{there: str(port) for there, port in ports.items()},
    }.items():
        assert there in text, there
        text = text.replace(there, place)
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(folder: Path, server: Server) -> Iterator[Stack]:
    """Bring the services up in the order of their dependencies."""
    partner, staff, members = free_ports(3)
    services = here(folder, server, {"8400": partner, "8401": staff, "8402": members})
    for secret in ("database", "source"):
        (folder / "secrets" / secret).mkdir(parents=True)
    stack = Stack(services, f"http://127.0.0.1:{partner}", folder)
    order = TopologicalSorter({name: service.get("depends_on", {}) for name, service in services.items()})
    with ExitStack() as alive:
        for name in order.static_order():
            if name == "postgres":
                asyncio.run(_database(server, folder / "secrets" / "database" / "password"))
            elif services[name].get("restart") == "no":
                stack.run(name)
            else:
                alive.enter_context(_started(stack, name))
        yield stack


async def _database(server: Server, password: Path) -> None:
    """Make the role and database that the image would, with a password that is asked for."""
    await server.execute(f"CREATE ROLE gateway LOGIN PASSWORD '{password.read_text()}'")
    await server.execute(f"CREATE DATABASE {DATABASE} OWNER gateway")
    rules = server.folder / "pg_hba.conf"
    rules.write_text("local all gateway scram-sha-256\n" + rules.read_text())
    await server.execute("SELECT pg_reload_conf()")


@contextmanager
def _started(stack: Stack, name: str) -> Iterator[None]:
    service, environment = stack.services[name], stack.environment(name)
    with subprocess.Popen(argv(service), env=environment, cwd=ROOT) as process:
        try:
            end = time.monotonic() + PATIENCE_S
            check = healthcheck(service)
            while check and subprocess.run(check, check=False, env=environment, capture_output=True).returncode:
                assert process.poll() is None, f"{name} ended"
                assert time.monotonic() < end, f"{name} does not become healthy"
            yield
        finally:
            process.terminate()
