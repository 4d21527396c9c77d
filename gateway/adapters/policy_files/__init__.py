"""Policies and partners as strict data: files in, one checked document out.

strict_yaml     YAML read strictly: plain values and where each stands
shape           what the files' members are made of
notice, joint_use, provision, catalogue, decisions, agreement, partner, source     the shapes of the files
shelf           where files stand: in folders, or in a mapping as a proposal holds them; which names belong there
reading         a co-op's files and the partners: every file read, every finding kept
document        everything the files say, as one value with a digest
resolve, resolve_notice     the document as the core decides with it
references, content     what the files may not say of one another and of themselves; core/ceiling has the rest
announced, end_of_use, member_system     likewise: a notice before its day, an end of use, a map to the member system
records         what files record beyond what the gates read, in short texts
samples         what is left out outside the demo, and the warning that says so
lint            every rule over every file
remembered      what was made of the parts of files, remembered by which parts they were
finding, shape_findings, names, words_*     what is told of it: place, rule, message and mend, in both languages
load            a checked document, or PolicyRefused with all findings
in_memory       the same check over a mapping; where a grant's fields stand
edit, seams, flow     one value of a text set or taken out, every other byte as it was
folder          a co-op's files out of the folders into a mapping, and back
schema          JSON Schema of each kind of file, for editors
"""
