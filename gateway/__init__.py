"""共同利用ゲートウェイ: the one door through which a co-op's member data reaches its joint users.

The rooms, from the street to the foundation:

    cli/            parse, call, print; one file per noun
    app/            the composition root: the only place where ports meet adapters
    settings.py     the only reader of the environment
    console/        staff: server-rendered pages and an API over the control plane; no rules here
    data_plane/     partner systems: the seven steps and the file that calls them
    control_plane/  co-op admins: what may be released, to whom, for which purpose
    oversight/      compliance: what was released, and what must follow
    sheets/         帳票: tables and documents as files: CSV, XLSX, JSON, PDF
    web/            the shared HTTP edge: guard, problem documents, headers
    ports/          every Protocol between the rooms and the world
    tlog/           the transfer log without storage: entries, Merkle tree, notes, tiles, verifier
    oauth/ jose/    protocol code, one file per RFC
    core/           values in, values out: policy, gates, transforms
    adapters/       clock, keys, log and policy stores, sources, telemetry
    client/         the partner's side; imports nothing else of the house
    demo/           a synthetic co-op, its member system, its partners and the story

The seven steps of a transfer: authenticate, decide, fetch, minimize, protect, record, release.

Imports point down that list; adapters import from ports down; only app/ imports adapters.
"""
