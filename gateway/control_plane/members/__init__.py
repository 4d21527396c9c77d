"""組合員イベントの取込: what the co-op's core system tells of its members, taken in.

reading      bytes in the form that they came in → rows, with control totals
faults       what can be wrong with a row, and how to mend it, in both languages
rules        rows → events that may be taken in, and what is wrong with the others
taking_in    the one act: events not told before → one entry of the log
desk         what these work with

Every door (command line, staff API, console) brings bytes and calls the same two: `reading.read`, `taking_in.take_in`.
"""
