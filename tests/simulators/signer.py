"""The real response signer behind a switch: a broken one fails the worst way, with what it was to sign in its text."""

from gateway.jose.rfc7515 import Signer


class SimulatedSigner:
    """Signs with the real key; while `broken`, it raises, and the exception holds the data in plain."""

    def __init__(self, real: Signer) -> None:
        self._real = real
        self.broken = False
        self.signed = 0

    @property
    def kid(self) -> str:
        return self._real.kid

    @property
    def alg(self) -> str:
        return self._real.alg

    def sign(self, data: bytes) -> bytes:
        if self.broken:
            raise RuntimeError(f"cannot sign {data!r}")
        self.signed += 1
        return self._real.sign(data)
