"""A time-stamping authority: `openssl ts -reply` behind a small HTTP server, with certificates made for the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simulators.answering import Answer, Faults, answering

POLICY = "1.2.3.4.1"
_CONFIG = """[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(kw_only=True)
class SimulatedAuthority:
    """`bend_query` and `bend_answer` change what it is asked and what it says."""

    folder: Path
    faults: Faults = field(default_factory=Faults)
    bend_query: Callable[[bytes], bytes] | None = None
    bend_answer: Callable[[bytes], bytes] | None = None
    url: str = ""

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    async def answer(self, path: str, kind: str, body: bytes) -> Answer:
        assert (path, kind) == ("/tsa", "application/timestamp-query")
        query = self.bend_query(body) if self.bend_query else body
        (self.folder / "query").write_bytes(query)
        names = {
            "-config": "config",
            "-queryfile": "query",
            "-signer": "tsa.pem",
            "-inkey": "tsa.key",
            "-out": "answer",
        }
        files = [word for option, name in names.items() for word in (option, str(self.folder / name))]
        await openssl("ts", "-reply", "-section", "tsa", *files)
        answer = (self.folder / "answer").read_bytes()
        return 200, "application/timestamp-reply", self.bend_answer(answer) if self.bend_answer else answer


async def openssl(*words: str) -> tuple[int, str]:
    """Run openssl; give its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        "openssl", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


def make_authority(folder: Path, *, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING) -> Path:
    """Make a root and the certificate of an authority under it; give the folder."""
    folder.mkdir()
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("root", root_key, "root", root_key, x509.BasicConstraints(ca=True, path_length=None))
    own = _certificate("authority", key, "root", root_key, x509.ExtendedKeyUsage([purpose]))
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "tsa.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "config").write_text(_CONFIG.format(folder=folder, policy=POLICY))
    (folder / "serial").write_text("01\n")
    return folder


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


@asynccontextmanager
async def running_authority(authority: SimulatedAuthority) -> AsyncIterator[SimulatedAuthority]:
    """Serve an authority."""
    async with answering(authority.faults, authority.answer) as url:
        authority.url = f"{url}/tsa"
        yield authority
