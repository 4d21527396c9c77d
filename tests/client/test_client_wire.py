"""On a real connection: what leaves this machine, and that its environment does not lead it elsewhere."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway.client import AsyncClient, Client, Refused, TransportError, generate_keys
from tests.client.gateway_peer import CONFIG


class Down(BaseHTTPRequestHandler):
    """A gateway that is not available just now."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self):
        self.seen.append({"path": self.path} | {name.lower(): value for name, value in self.headers.items()})
        self.send_response(503)
        self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(b'{"type": "urn:joint-use:problem:unavailable", "request_id": "r-1"}')

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with HTTPServer(("127.0.0.1", 0), Down) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        issuer = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "client.json").write_text(json.dumps(CONFIG | {"issuer": issuer, "resource": f"{issuer}/v1"}))
        generate_keys(tmp_path)
        Down.seen.clear()
        yield tmp_path
        server.shutdown()
        thread.join()


def test_a_request_carries_what_the_profile_names_and_nothing_else(folder: Path):
    with Client.from_folder(folder) as client, pytest.raises(Refused) as caught:
        client.pull("P4", ["00000001"])
    assert (caught.value.slug, caught.value.request_id) == ("unavailable", "r-1")
    [request] = Down.seen
    assert request.keys() == {"path", "host", "user-agent", "accept-encoding"}
    assert request["path"] == "/.well-known/oauth-authorization-server"
    assert request["accept-encoding"] == "identity"


async def test_the_asynchronous_client_says_the_same(folder: Path):
    async with AsyncClient.from_folder(folder) as client:
        with pytest.raises(Refused):
            await client.pull("P4", ["00000001"])
    assert [request["user-agent"] for request in Down.seen] == ["joint-use-client"]


def test_nobody_at_the_address_is_a_transport_error(tmp_path: Path):
    with HTTPServer(("127.0.0.1", 0), Down) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "client.json").write_text(json.dumps(CONFIG | {"issuer": issuer, "resource": f"{issuer}/v1"}))
    generate_keys(tmp_path)
    with Client.from_folder(tmp_path) as client, pytest.raises(TransportError, match="ConnectError"):
        client.pull("P4", ["00000001"])
