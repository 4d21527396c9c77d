"""What is looked at again, and the evidence that it was.

sampling, checklists   which entries a reviewer looks at, and what is asked of each
clauses, safety_measures   headings under which evidence stands
provision_record  which releases Art. 29 asks a record of
"""
