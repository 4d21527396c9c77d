"""Who the members of entries are, and what is to be erased.

side_rows     tags, salts and ordinals: what an entry's commitment is opened with
held_sets     which members each partner holds
releases      the releases of a range, for those that fold them
reached       which partners were given one member's data
erasable      what is old enough to be erased
events        what core systems told of members
"""
