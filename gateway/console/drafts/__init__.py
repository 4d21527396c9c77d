"""The pages on which a draft is changed: its files, its notice and decisions, its partners and agreements.

None keeps a rule of its own. A page makes other files of those of the draft (draft.py) and hands them to the control
plane, which checks all of them and refuses them whole.
"""
