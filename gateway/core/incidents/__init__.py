"""A leak, from its discovery to the reports (APPI Art. 26).

incident      its words and scope
report        what a partner reports of one
breach        whether it is to be reported
deadlines, closed_days   and by when
"""
