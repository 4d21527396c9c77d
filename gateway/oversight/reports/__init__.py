"""台帳と報告: what a co-op keeps and hands in of its joint use, made from the log, the published versions and the dossiers.

papers      what a published version says in words
ledger      共同利用台帳: who uses what for which purpose, as of any day
checked     the log of a period, held against its signed root
counting    the entries of a period, counted
month       提供実績月報
provisions  第三者提供記録簿 (Arts. 29, 30), and what is exempt from it
evidence    what there is to show for each clause of the two policies and each heading of the guideline
pack, pack_tables, gathering   監査資料: all of it in one archive, the same data the same bytes
catalogue   names of partners and fields, over all versions
words       what the law and the catalogues call things

Reports are tables (gateway/sheets): screens, files and the command line show the same ones. Nothing here says who a
member is.
"""
