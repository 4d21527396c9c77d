"""狭める申請: files without what nobody used, made from the report of unused grants (unused.py)."""

from collections.abc import Iterable

from gateway.control_plane.grants.matrix_changes import agreement_file
from gateway.control_plane.grants.unused import TakeOut
from gateway.core.refused import Refused
from gateway.ports.proposals import Files, PolicyFiles


def narrowed(files: Files, takes: Iterable[TakeOut], *, policy_files: PolicyFiles, coop: str) -> Files:
    """Return the files without the chosen fields and grants; every other byte stays. Raises Refused, and then none is.

    What is gone already stays gone. Nothing chosen, or nothing of it left to take out, is refused.
    """
    texts = dict(files)
    for take in takes:
        path = agreement_file(coop, take.partner)
        try:
            texts[path] = policy_files.set(texts[path], take.keys, None)
        except KeyError:  # the version published last says no more of it
            continue
        except ValueError:
            name = "/".join(take.keys[1::2])
            raise Refused(
                "file",
                f"{path}: この書き方のファイルでは {name} だけを除けません。ファイルを直接編集してください",
                f"{path}: the file is written so that {name} alone cannot be taken out; edit the file by hand",
            ) from None
    if texts == dict(files):
        raise Refused(
            "selection",
            "除く項目を選んでください。選んだものがすべて既に除かれている場合もあります",
            "choose what is to be taken out; what was chosen may be gone already",
        )
    return texts
