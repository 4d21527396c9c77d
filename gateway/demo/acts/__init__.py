"""The acts of the story, in the order of telling; each checks what it tells on real answers and the real log.

cast        who is who
ceiling     the published notice, and a grant wider than it
pulls       the same members, field by field, as each partner receives them; then everybody
fields      one member, field by field
silence     not available: why, the partner never learns
refusals    three requests that were refused; and a notice that is incomplete
change      a narrower grant, by two people
stops       a member's stop, and its end; a partner suspended and resumed
third_door  who received a member's data; a stop that partners answer; the month
nightly     everybody as a file, then the difference
proof       the log, exported, verified, and verified again with one byte changed
console     the second door, open to a browser
farewell    what to try now
"""
