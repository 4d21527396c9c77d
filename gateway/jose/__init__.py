"""Signed and encrypted messages: nothing that arrives is believed before the strict intake has read it.

intake      what every inbound JWT must be before any JOSE library sees it
rfc4648     base64url without padding, in its one canonical form
rfc5116     authenticated encryption at rest: AES-256-GCM
rfc7515     signing with a prepared key; verifying with exactly one key and that key's own algorithm
rfc7516     encryption to a partner's key; the gateway itself never decrypts an untrusted message
rfc7517     which public keys are accepted, and how public keys are written
rfc7638     the thumbprint by which a key is the same key

Pure protocol code: no I/O, no clock, no storage. The only randomness is that of encryption.
"""
