"""The staff console: server-rendered pages over the control plane and oversight. No rules of releasing are here.

The rooms
    entrance      password and code, the organisation's own account, sessions
    proposals     changes read and acted on, and the versions that came of them
    drafts        the pages on which a draft is changed: files, notice, partners and agreements
    grants        the matrix, what differs from the notice, what is unused, what a partner would get
    notices, partners, people     what is in force, and who acts
    transfers     the log searched, one entry and all that it rests on, charts, what is unusual
    members, cases                what a member's data went through, and what persons ask
    restrictions, follow_ups      stops, and what partners that hold the data must do
    incidents, emergencies        a leak from its receipt to its report; what must leave at once
    quotas        what was asked for beyond daily limits, and what an admin makes of it
    reviews       a period looked at and signed, what was found, declared measures, the log verified
    reports       ledger, monthly report, records of provision, the pack for an auditor
    exports       the same paths with another ending: a view as a file
    api           the same acts for programs
What stands beside them is the frame: app and desk; gate, visit, pages, forms, language, navigation, home; cookies, flash,
headers, refusal, static_files.

A page is added with three things and nothing else:

1. one `Route` in `PAGES` of app.py, under `/{coop}/…`. From then on its body limit is known (a POST: `FORM_LIMIT`,
   unless `LIMITS` says otherwise), and the entry of navigation.py that leads there is shown;
2. one template that extends base.html and fills the blocks `title` and `content`. No inline style, handler or script;
3. one function that ends in `page(request, template, **values)`:

       async def matrix(request: Request) -> Response:
           visit = require(request, *POLICY)             who may read this, at this instant; anybody else gets 403
           policy = visit.desk.current(visit.coop)       the ports are on the desk
           return page(request, "matrix.html", policy=policy)

A mutation is a POST that ends in `done(request, path, "key.of.message", …)`: 303, and the message on the page that
follows. Its fields are `visit.form`. Whoever adds one does nothing for protection: gate.py has by then found the session,
checked that the co-op is the person's own, and compared the form's `csrf` field and `Origin`; a form in a template calls
`{{ csrf() }}` for that field. To refuse, raise `Refusal(409, "key.of.message")`. Texts are gettext entries under
locale/<language>/*.po, by the same key in both; templates write `{{ t("key", name=value) }}`. A person's id is shown by
`{{ person(id) }}`, an instant by `{{ at(instant) }}`.
"""
