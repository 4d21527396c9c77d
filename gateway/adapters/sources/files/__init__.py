"""A co-op's member system as files that are put into a folder (docs/source-files.md): the Source port over them.

folder      which file of the folder counts
source      the port: the newest file that is whole serves
loading     what a file is loaded for, and what each kind gives
delimited, fixed, parquet   the three kinds
totals      what a file says of itself, held against what it has
text        bytes as text, strictly
index       where each member's record stands
answers     a query answered from a loaded file
opened      a file read by position, whoever cuts it short
refusal, words   why a file is refused whole, and that in both languages
"""

from gateway.adapters.sources.files.source import Checked, FileSource

__all__ = ["Checked", "FileSource"]
