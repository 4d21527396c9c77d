"""漏えい対応: incidents listed, received, scoped, confirmed, reported, and told to persons.

No rule is here: oversight/incidents/ refuses, and its words are shown on the page that the act was tried from.
"""
