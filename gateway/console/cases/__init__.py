"""案件: requests of the persons themselves, from the receipt at an office to the answer.

listing   all cases by due day, and the same as files
taking    a request taken in
steps     one case: who asks was checked, fee, decision, end; and the look at what was written
shown     what the pages of cases say in words, and when the contact desk is open
"""
