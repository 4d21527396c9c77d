"""What partners that hold data must do, and what they answer.

follow_up     duties, each with its due day
answer        an answer of a partner, read and held against the duty
"""
