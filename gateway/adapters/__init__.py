"""The world behind the ports: clock, keys, log and policy stores, sources, telemetry.

The log
    log           the commit point on either database
    side_rows, held_sets, reached, erasable   who the members of entries are, and what is to be erased
    kept_requests the partners' signed requests
    publications  tiles, checkpoints, cosignatures, timestamps
    log_search, log_search_writes, log_folding, log_tallies, log_fields   the log as it is searched and counted
    log_reader    an exported log, read
    archive_store, witness_http, timestamp_http, coverage   where it is kept apart, who vouches for it, and how far

What is kept on either database
    proposals, partner_requests, staff, saved_views   the second door
    dossiers, follow_ups, member_events, overruns     the third, and what comes in
    exports, walks, deliveries                        what partners fetch in parts
    tables, *_tables   the tables; migrations: how they came to be
    database, engine, instants   which database, one engine for it, instants in it

Member systems
    source_http   a JSON service, over http1 and http1_line
    source_sql    a view of a database: source_sql_view, _select and _pages; _postgres with _lines, _engine for any other
    source_files  files in a folder

Files, keys and the rest of the world
    policy_files  policies and partners as files
    key_files, signer_state   the gateway's own keys, and what was last signed with them
    oidc_http     a co-op's identity provider
    bounded_post  one exchange with a service that nobody here runs
    clock, telemetry, open_telemetry
"""
