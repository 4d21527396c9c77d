"""提供ログ, the transparency log without its storage: bytes in, bytes out.

    entries.py      what an entry may say: one closed schema per kind
    jcs.py          the one way its JSON is written (RFC 8785)
    merkle.py       leaf and node hashes, the frontier that grows, proofs of inclusion and consistency (RFC 6962)
    note.py         text that names who signed it, and the keys that sign (C2SP signed-note)
    checkpoint.py   origin, size and root: the signed head of a log (C2SP tlog-checkpoint)
    cosignature.py  what witnesses add to it, and how many must have (C2SP tlog-cosignature)
    timestamp.py    what a time-stamping authority says of a checkpoint (RFC 3161)
    tiles.py        the log as plain files: their names, entry bundles, reading them (C2SP tlog-tiles)
    hash_tiles.py   the hash tiles of a growing tree, and proofs out of them
    proving.py      proofs of inclusion and growth out of the tiles
    proof.py        such a proof as a file, and its check (C2SP tlog-proof)
    sets.py         members of a large transfer as sets of ordinals, and the commitment to them
    codes.py        member codes kept beside an entry, sealed
    member_proof.py that a member is, or is not, among those an entry commits to
    verify.py       what an auditor runs who does not trust the gateway: ten numbered steps
    growth.py       its steps 5 and 6: the auditor's own earlier checkpoint, time-stamps
    content.py      its steps 7 to 9: schema, governance and policy in force, time
    duties.py       a part of step 8: which duties of partners block releases
    reviewed.py     its step 10: what was signed of a period is what the log has of it
    alike.py        releases accepted for being like another one: what makes steps 7 to 9 fast
    tampering.py    what was done to a log whose entries no longer match its tiles
    findings.py     what the verifier can find, one code each

Whatever is stored, served or shown to an auditor is made and checked here; who stores it is an adapter.
"""
