"""訂正・停止等の通知: what partners that hold members' data are told to do with it, and what became of that.

opening.py    one follow-up: an entry, its row and what it puts in force, in one transaction
arising.py    those that arise by themselves: from restrictions, from retention that passed, from agreements that ended
asked.py      those that compliance enters: corrections and erasures; and what a partner answered on paper
holding.py    which partners hold a member, and by what name
told.py       lists, counts, the text of a reminder
"""
