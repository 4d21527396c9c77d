"""The staff API: what the console's pages and the command line do, over JSON; no rule is here.

    app.py         every route, mounted behind the gate
    sessions.py    sign in for a token, sign out
    gate.py        what every other request passes: where it comes from, its token, its co-op
    proposals.py   変更申請: list, begin, look, amend, preview, roll back
    steps.py       submit, approve, reject, withdraw, publish
    readings.py    versions, people, grants that nobody used
    partner_requests.py, role_reviews.py   what takes two people
    over_quota.py  what was asked for beyond daily limits
    member_events.py   組合員イベント taken in
    log_feed.py    提供ログ for programs that watch it
    inbound.py     what may be sent, read strictly
    shown.py       what is answered
    problems.py    what is told to whoever is refused
    openapi.py, openapi_schemas.py   the document that says all this, written by hand

control_plane/ refuses, and the SQL of the commit point has the last word. Source: design.md §5, security-profile §8.
"""
