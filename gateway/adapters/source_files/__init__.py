"""A co-op's member system as files that are put into a folder (docs/source-files.md): the Source port over them."""

from gateway.adapters.source_files.source import Checked, FileSource

__all__ = ["Checked", "FileSource"]
