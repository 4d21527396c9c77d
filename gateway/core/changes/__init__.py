"""Changes of policy, between people: what they say otherwise, and who may bring them about.

proposal      the life of a change: states, acts, and the first rule that an act breaks
partner_request   acts on a partner that take two people
overrun       a request beyond a daily limit, until somebody decides
comparison, widening   what one policy version says otherwise than another, and whether it could widen
replay        old questions under a new version
sentence      a grant in words
"""
