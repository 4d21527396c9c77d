"""Values in, values out: what may be released is decided here, without I/O, clock, randomness or framework.

What a release is decided on
    days        JST calendar days as instants; the instant of a decision, which remembers the next boundary
    policy      one published policy version, resolved: notices, catalogue, decisions, agreements, partners
    bases       the seven legal bases and the evidence each must show
    state       what governance entries say besides policy: partner states, keys, member restrictions
    request     what a partner asks, or where its claims are malformed
    reasons     `gate:subject:state`, stable for ever

The four gates
    notice_gate, agreement_gate, grant_gate   the first three
    decide      the gates in order: Permit or Denial
    member_gate the fourth gate
    population  which members a grant covers
    ceiling     grant within notice: what a policy file may not say
    transforms  how a granted field leaves
    projection  a row as what leaves of it
    grant_schema  JSON Schema of exactly what a partner receives
    walk        a walk over a population, answer by answer, and what an earlier one gave
    outcome     Sealed, Receipt and the other values that prove a step was taken
    identity    member tags, commitments, pairwise identifiers
    enumeration how many of the members it asks for a partner may not know

Records of a member system
    source_map  how it names and writes what is asked of it
    file_layout what a file of members looks like
    rows        records as they come from a source: typed, refused one by one
    source_values, source_days   values of a database or a file as a row may have them

Changes of policy
    proposal    the life of a change: states, acts, and the first rule that an act breaks
    partner_request   acts on a partner that take two people
    overrun     a request beyond a daily limit, until somebody decides
    comparison, widening   what one policy version says otherwise than another, and whether it could widen
    replay      old questions under a new version
    sentence    a grant in words
    notice_change, notice_matters   what a change of the notice is in law, and the words that it is read from
    notice_cohorts    which of the members acquired before it are covered
    responsible_party who answers for jointly used data, published otherwise than before

Members and their rights
    member_events     what a core system tells of its members
    masters     which side may say it
    restriction_grounds   what a stop rests on, each with its article
    rights, rights_words  requests of the persons themselves: steps and rules; words
    desk_hours  when a contact desk is open

What must follow
    dossier     what is kept of one matter, from its receipt to its end
    follow_up, follow_up_answer   what partners that hold data must do by when; what they answer
    incident, incident_report     a leak: its words and scope; what a partner reports of one
    breach, deadlines, closed_days   whether it is reported, and by when
    anomalies, anomaly_thresholds what is unlike the weeks before, and from where on
    sampling, checklists   which entries a reviewer looks at, and what is asked of each
    clauses, safety_measures   headings under which evidence stands
    provision_record  which releases Art. 29 asks a record of

People and words
    staff       who may act for a co-op, and when
    refused     a refusal to a person: the rule, and the mend
    plain_text  what a person may write into a name or a reason
    legal_parameters  numbers that the law leaves open or changes, each with its day and source
    trial       how test data is marked
"""
