"""An S3-compatible object store on this machine, as a process of its own: moto's server, which nobody here wrote."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from obstore.store import S3Store

PATIENCE_S = 30.0
_number = count(1)


@dataclass(frozen=True)
class ObjectStore:
    """Where it answers; nobody's credentials are checked."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell a process of it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": "us-east-1",
        }

    def bucket(self) -> str:
        """Make a bucket whose objects can be locked, which has versions; return its name."""
        name = f"archive-{next(_number)}"
        made = httpx2.put(f"{self.url}/{name}", headers={"x-amz-bucket-object-lock-enabled": "true"})
        assert made.status_code == 200, made.text
        return name

    def store(self, bucket: str, prefix: str = "log") -> "S3Store":
        """The store of one bucket, as the gateway's own adapter would make it from the environment."""
        from obstore.store import S3Store

        return S3Store(
            bucket,
            prefix=prefix,
            endpoint=self.url,
            access_key_id="simulated",
            secret_access_key="simulated",
            region="us-east-1",
            checksum_algorithm="sha256",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def copy(self, bucket: str, prefix: str, folder: Path) -> None:
        """Copy the objects under a prefix to a folder, as any S3 tool does."""
        store = self.store(bucket, prefix)
        for page in store.list():
            for one in page:
                file = folder / one["path"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(bytes(store.get(one["path"]).bytes()))

    def versions(self, bucket: str) -> list[str]:
        """The key of every version of every object, as often as it has versions."""
        answer = httpx2.get(f"{self.url}/{bucket}?versions").text
        return re.findall(r"<Version>.*?<Key>([^<]+)</Key>", answer)


@contextmanager
def running() -> Iterator[ObjectStore]:
    """Start the server on a free port of the loopback address."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            store = ObjectStore(_url(process))
            # What it says of each request must go somewhere, or it would wait for a reader.
            threading.Thread(target=process.communicate, daemon=True).start()
            yield store
        finally:
            process.terminate()


def _url(process: "subprocess.Popen[str]") -> str:
    """Read where it listens from what it says."""
    assert process.stderr is not None
    end = time.monotonic() + PATIENCE_S
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
        assert time.monotonic() < end
    raise AssertionError("the object store ended")
