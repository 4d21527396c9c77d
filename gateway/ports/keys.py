"""The secrets of a co-op."""

import msgspec


class CoopSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """Long-lived secrets of one co-op, 32 bytes each, from the key store."""

    subject: bytes
    pairwise: bytes
    requests: bytes
    """Encrypts signed requests at rest."""
    cursors: bytes

    def __repr__(self) -> str:
        """Keys do not print themselves."""
        return "<CoopSecrets>"
