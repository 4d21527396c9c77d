"""Member systems.

http          a JSON service, over http1 and http1_line
sql           a view of a database: sql_view, sql_select and sql_pages; sql_postgres with sql_lines, sql_engine for any other
files         files in a folder
"""
