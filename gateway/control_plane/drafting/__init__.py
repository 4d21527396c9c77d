"""Drafting: what a person types into a form becomes other files of a draft, every other byte of them kept.

Nothing here saves. A function is given files and values and returns files, or raises Refused with the field that is to
be mended; what the files then mean is judged where they are saved (control_plane/changes/wishes.py).
"""
