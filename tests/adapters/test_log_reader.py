"""An exported log behind a folder or a server that may do anything: a fault is never taken for a missing file."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.adapters.log_reader import AHEAD, MAX_BUNDLE, MAX_TILE, reader_of
from gateway.tlog.findings import Code, Unreadable
from gateway.tlog.tiles import bundle_path
from gateway.tlog.verify import Report, verify
from tests.tlog.exported_log import ENTRIES, LOG, ORIGIN, SIGNER, START, export, refused, release

LONG = export([*START, *map(release, range(9_000))])
PATHS = ["tile/0/000", "tile/entries/001", "checkpoint"]

Answer = Callable[[BaseHTTPRequestHandler, bytes | None], None]


def send(request: BaseHTTPRequestHandler, data: bytes | None, *, status: int = 200, length: int | None = None) -> None:
    body = b"" if data is None else data
    request.send_response(404 if data is None else status)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    request.end_headers()
    request.wfile.write(body)


class Site:
    """A log served over HTTP; `bend` answers the paths it knows in its own way, the first `times` times."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.bend: dict[str, Answer] = {}
        self.times = 10**9
        self.asked: Counter[str] = Counter()
        self.connections: set[object] = set()
        self.released = threading.Event()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.removeprefix("/logs/a/")
        self.asked[path] += 1
        self.connections.add(request.client_address)
        bent = self.bend.get(path)
        if bent is not None and self.asked[path] <= self.times:
            bent(request, self.files.get(path))
        else:
            send(request, self.files.get(path))


@contextmanager
def served(site: Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked has gone

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/logs/a/"
        finally:
            site.released.set()
            server.shutdown()
            thread.join()


def verified(url: str, *, timeout_s: float = 5.0) -> Report:
    with reader_of(url, timeout_s=timeout_s, wait_s=0.001) as files:
        return verify(files.read, known=[SIGNER.key], origin=ORIGIN)


def test_a_long_log_is_read_ahead_over_few_connections_each_file_once():
    site = Site(LONG)
    with served(site) as url:
        assert verified(url).ok
    assert set(site.asked) == set(LONG)
    assert set(site.asked.values()) == {1}
    assert len(site.connections) <= 8


def test_nothing_is_fetched_ahead_of_what_is_asked_for_by_more_than_a_bound():
    site = Site(LONG)
    with served(site) as url, reader_of(url) as files:
        files.read("checkpoint")
        files.read("tile/entries/000")
        files.read("tile/entries/020")
    assert len(site.asked) <= 3 + AHEAD


def test_without_a_checkpoint_nothing_is_fetched_ahead():
    site = Site({path: data for path, data in LONG.items() if path != "checkpoint"})
    with served(site) as url, reader_of(url) as files:
        assert files.read("checkpoint") is None
        assert files.read("tile/entries/000") == LONG["tile/entries/000"]
    assert len(site.asked) == 2


def broken(request: BaseHTTPRequestHandler, data: bytes | None) -> None:
    send(request, data, status=500)


def short(request: BaseHTTPRequestHandler, data: bytes | None) -> None:
    send(request, (data or b"")[:-7], length=len(data or b""))
    request.close_connection = True


def gone(request: BaseHTTPRequestHandler, _: bytes | None) -> None:
    request.close_connection = True


def moved(request: BaseHTTPRequestHandler, _: bytes | None) -> None:
    request.send_response(302)
    request.send_header("Location", "/logs/b/")
    request.send_header("Content-Length", "0")
    request.end_headers()


def not_gzip(request: BaseHTTPRequestHandler, data: bytes | None) -> None:
    request.send_response(200)
    request.send_header("Content-Encoding", "gzip")
    request.send_header("Content-Length", str(len(data or b"")))
    request.end_headers()
    request.wfile.write(data or b"")


def forbidden(request: BaseHTTPRequestHandler, data: bytes | None) -> None:
    send(request, data, status=403)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", [broken, short, gone, moved, not_gzip, forbidden])
def test_a_server_that_fails_is_a_finding_that_names_the_file(path: str, fault: Answer):
    site = Site(LOG)
    site.bend[path] = fault
    with served(site) as url:
        report = verified(url)
    refused(report, Code.UNREADABLE)
    assert report.finding is not None
    assert f"`{path}`" in report.finding.sentence


@pytest.mark.parametrize("fault", [broken, short, gone, not_gzip])
def test_a_fault_that_passes_is_overcome(fault: Answer):
    site = Site(LOG)
    site.bend, site.times = dict.fromkeys(PATHS, fault), 1
    with served(site) as url:
        assert verified(url).ok


def test_a_server_that_never_answers():
    site = Site(LOG)

    def wait(*_: object) -> None:
        site.released.wait(20)

    site.bend["tile/0/001"] = wait
    with served(site) as url:
        refused(verified(url, timeout_s=0.1), Code.UNREADABLE)


def test_a_server_that_never_ends():
    site = Site(LOG)

    def drip(request: BaseHTTPRequestHandler, _: bytes | None) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        while not site.released.wait(0.02):
            request.wfile.write(b"x")

    site.bend["tile/entries/001"] = drip
    with served(site) as url:
        refused(verified(url, timeout_s=0.1), Code.UNREADABLE)


def test_a_file_that_is_longer_than_any_of_its_kind_is_cut():
    site = Site(LOG | {"tile/0/000": bytes(100_000), bundle_path(1): bytes(MAX_BUNDLE + 100_000)})
    with served(site) as url, reader_of(url) as files:
        assert len(files.read("tile/0/000") or b"") == MAX_TILE + 1
        assert len(files.read(bundle_path(1)) or b"") == MAX_BUNDLE + 1
    with served(site) as url:
        refused(verified(url), Code.TILE_MALFORMED, 0)


def test_nobody_there():
    refused(verified("http://127.0.0.1:9"), Code.UNREADABLE)


@pytest.mark.parametrize(
    "url", ["http://user:secret@127.0.0.1/", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", "http:///a", "https://"]
)
def test_a_url_that_is_more_than_a_place(url: str):
    with pytest.raises(ValueError, match="place"), reader_of(url):
        pass


# Folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, data in LOG.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def test_a_folder_is_read_as_it_stands(folder: Path):
    with reader_of(str(folder)) as files:
        assert {path: files.read(path) for path in LOG} == LOG
        assert files.read("tile/0/777") is None
        assert files.read("checkpoint/x") is None
        assert files.stamped() == []
    assert verified(str(folder)).size == len(ENTRIES)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_waited_for_nor_read_for_ever(folder: Path, make: Callable[[Path], None]):
    (folder / "tile/0/001").unlink()
    make(folder / "tile/0/001")
    refused(verified(str(folder)), Code.UNREADABLE)


def test_a_link_that_leads_in_a_circle(folder: Path):
    (folder / "checkpoint").unlink()
    (folder / "checkpoint").symlink_to("checkpoint")
    refused(verified(str(folder)), Code.UNREADABLE)


@pytest.mark.parametrize(
    "path", ["../checkpoint", "/etc/hostname", "tile/../checkpoint", "", "tile//0", "./checkpoint"]
)
def test_a_path_leads_nowhere_else(folder: Path, path: str):
    with served(Site(LOG)) as url:
        for where in (str(folder), url):
            with reader_of(where) as files, pytest.raises(ValueError, match="path"):
                files.read(path)


def test_the_stamped_sizes_of_a_folder(folder: Path):
    (folder / "timestamps").mkdir()
    for name in (
        "600.checkpoint",
        "600.tsr",
        "44.checkpoint",
        "x.checkpoint",
        "044.checkpoint",
        "9" * 30 + ".checkpoint",
    ):
        (folder / "timestamps" / name).touch()
    with reader_of(str(folder)) as files:
        assert files.stamped() == [44, 600]


def test_what_is_read_says_which_file_it_was():
    with served(Site(LOG)) as url, reader_of(url) as files:
        assert files.read("tile/0/000") == LOG["tile/0/000"]
    site = Site(LOG)
    site.bend["tile/0/000"] = forbidden
    with served(site) as url, reader_of(url) as files, pytest.raises(Unreadable, match=r"`tile/0/000`: .* 403"):
        files.read("tile/0/000")
