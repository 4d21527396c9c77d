"""Members and their rights.

events        what a core system tells of its members
masters       which side may say it
restriction_grounds   what a stop rests on, each with its article
rights, rights_words  requests of the persons themselves: steps and rules; words
desk_hours    when a contact desk is open
"""
