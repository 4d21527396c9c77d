"""提供ログ: the log as people read it: a list with what narrows it, one entry with its whole chain, charts, what is unusual.

asking       which entries a URL asks for: period and filters; the URLs of what is beside it
figures      counts of a period: facets, histogram, reasons that come up often
listing      the list, and the way from a transfer id to its entry
tail         what comes in, newer rows alone
views        views that people keep
entry        one entry: who asked, on what ground it was decided, field by field, and what became of it
chain        the version, the reasons and the people behind it
evidence     the proof of an entry to take away; the partner's signed request, opened with a reason
charts       volume, refusals and fields over time, by partner or purpose
charting     charts as values
anomalies    what is unlike the weeks before
names        what codes of the log are called
signature    how far the log is signed, for the start page
log_files    the same as files, each of them in the log
"""
