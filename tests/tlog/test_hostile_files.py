"""Files of a log made to break whoever reads them: read in little memory, told in a line, found wherever they stand."""

import struct
import tracemalloc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.cli.log.words import line_of
from gateway.tlog.entries import Access, encode
from gateway.tlog.sets import low_bits
from tests.tlog.exported_log import SIGNER, export, partner, publish, release, write

ONE_OF_MANY = struct.pack("<IBHHH", 12347, 1, 0, 0, 400) + struct.pack("<HH", 0, 65_535) * 400
"""1.6 kB that state one value, and claim 400 runs of 65,536."""


def test_runs_that_claim_more_than_their_container_states_are_not_written_out() -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match="runs it states"):
        low_bits(ONE_OF_MANY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"])
def test_an_entry_of_an_instant_that_japan_has_no_calendar_for_is_a_line(time: str) -> None:
    entry = encode(Access(coop="kyoritsusha", time=time, look_up="export", by="sato", reason="?"))
    assert line_of(7, entry, lang="en").startswith("        7  ")


def test_a_key_is_found_in_a_folder_with_a_plus_in_its_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "a+b" / "log", export([publish(gov=-1), partner(gov=0), release(2)]))
    key = tmp_path / "a+b" / "log.vkey"
    key.write_text(f"{SIGNER.key.encode()}\n")
    for given in (str(key), SIGNER.key.encode()):
        done = CliRunner().invoke(app, ["log", "verify", str(folder), "--key", given])
        assert done.exit_code == 0, done.output
