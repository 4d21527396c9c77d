"""点検: a period is looked at, signed by one person and countersigned by another; what was found is followed to its end.

periods     which months there are, and which nobody has reviewed
period_log  a period read from the log: how many entries of each kind, its sample, its root
review      what is kept of a review, and its steps until it is signed
signing     the signature and the countersignature, and who may not give one
findings    what was found: its owner, by when, what was done about it, and who closed it
"""
