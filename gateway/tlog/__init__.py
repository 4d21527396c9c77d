"""提供ログ, the transparency log without its storage: bytes in, bytes out.

    entries.py      what an entry may say: one closed schema per kind
    jcs.py          the one way its JSON is written (RFC 8785)
    merkle.py       leaf and node hashes, the frontier that grows, proofs of inclusion and consistency (RFC 6962)
    note.py         text that names who signed it, and the keys that sign (C2SP signed-note)
    checkpoint.py   origin, size and root: the signed head of a log (C2SP tlog-checkpoint)
    tiles.py        the log as plain files: their names, entry bundles, reading them (C2SP tlog-tiles)
    hash_tiles.py   the hash tiles of a growing tree, and proofs out of them
    verify.py       what an auditor runs who does not trust the gateway: eight numbered steps
    content.py      its steps 5 to 7: schema, governance, time
    tampering.py    what was done to a log whose entries no longer match its tiles
    findings.py     what the verifier can find, one code each

Whatever is stored, served or shown to an auditor is made and checked here; who stores it is an adapter.
"""
