"""漏えい対応 what a leak may have reached, when it is to be reported, and to whom it is told.

scope      which releases, and how many different persons and fields they reached
intake     what is known of an incident, as people write it
file       one incident: what stands in its dossier, and its steps
standing   its deadlines, and which of them comes next
drafting   the nine matters of Rule 8 in Japanese, unknown ones marked
words      what triggers and grounds are called
persons    who is to be told, once a reason is in the log
reported   what a partner's system reports
"""
