"""Policies and partners as strict data: files in, one checked document out.

strict_yaml     YAML read strictly: plain values and where each stands
shape           what the files' members are made of
notice, joint_use, catalogue, decisions, agreement, partner     the shapes of the files
document        everything one co-op's files say, as one value with a digest
reading         a co-op's folder: every file parsed, every finding kept
lint            the rules over all files, told by file, line and mend
load            a checked document, or PolicyRefused with all findings
resolve         the document as the core decides with it
schema          JSON Schema of each kind of file, for editors
"""
