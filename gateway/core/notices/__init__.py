"""Changes of a notice in law (APPI Art. 27(6)).

change        what a change of the notice is, and what it asks for
matters       the words that it is read from
cohorts       which of the members acquired before it are covered
responsible_party   who answers for jointly used data, published otherwise than before
"""
