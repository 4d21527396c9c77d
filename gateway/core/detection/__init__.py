"""What is unlike the usual.

anomalies, thresholds   what is unlike the weeks before, and from where on
enumeration   how many of the members it asks for a partner may not know
"""
