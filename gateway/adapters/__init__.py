"""The world behind the ports: clock, keys, log and policy stores, sources, telemetry.

The log
    log           the commit point on either database
    kept_requests the partners' signed requests
    publications  tiles, checkpoints, cosignatures, timestamps
    search        the log as it is searched and counted
    members       who the members of entries are, and what is to be erased
    log_reader    an exported log, read
    anchors       where it is kept apart, who vouches for it, and how far

What is kept on either database
    proposals, partner_requests, staff     the second door
    dossiers, follow_ups, overruns         the third
    exports, walks                         what partners fetch in parts
    tables        the tables; migrations: how they came to be
    database, engine, instants   which database, one engine for it, instants in it

Member systems
    sources       a JSON service, a view of a database, files in a folder

Files, keys and the rest of the world
    policy_files  policies and partners as files
    key_files     the gateway's own keys
    oidc_http     a co-op's identity provider
    bounded_post  one exchange with a service that nobody here runs
    clock, telemetry, open_telemetry
"""
