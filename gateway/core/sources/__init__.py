"""Records of a member system: how it names and writes what is asked of it, before they are rows.

source_map    the columns, constants, codes and products of one member system
file_layout   what a file of members looks like
values, days  values of a database or a file as a row may have them
"""
