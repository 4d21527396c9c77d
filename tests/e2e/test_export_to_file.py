"""`gateway client pull --out` against a gateway as it runs: 2,500 members in a file, whatever its form; the log knows each."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from typer.testing import CliRunner

from gateway.cli import app
from gateway.client import Client
from tests.e2e.conftest import Installation, OpenSite
from tests.e2e.serving import BY, Site

COOP = "kyoritsusha"
FIELDS = ["postal_code", "name", "phone"]
MEMBERS = 3_600


def partner_folder(at: Site, installation: Installation) -> Path:
    """A partner's own folder: client.json and its keys."""
    folder = at.folder / "partner"
    folder.mkdir()
    config = {"issuer": at.issuer, "resource": f"{at.issuer}/v1", "client_id": "sunnet-demo", "coop": COOP}
    config |= {"agreement": f"{COOP}-sunnet-01"}
    purpose = {"purpose": "P4", "products": ["G1"], "fields": FIELDS}
    (folder / "client.json").write_text(json.dumps({**config, "purposes": [purpose]}))
    keys = installation.partners["sunnet"]
    for name, key in (("sig", keys.sig), ("enc", keys.enc)):
        path = folder / f"{name}.jwk.json"
        path.write_text(json.dumps(key))
        path.chmod(0o600)
    return folder


def pull(folder: Path, *arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["client", "pull", str(folder), "--purpose", "P4", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_population_in_every_form_is_what_the_pages_give(
    open_site: OpenSite, installation: Installation, tmp_path: Path
):
    with open_site(tmp_path, "sqlite") as at:
        at.member_system(MEMBERS)
        at.serving(at.gateway())
        folder, target = partner_folder(at, installation), tmp_path / "m"
        with Client.from_folder(folder) as client:
            pages = [page.results for page in client.pages("P4")]
        people = {one.member: dict(one.data or {}) for page in pages for one in page}
        assert len(people) >= 2_500

        cp932 = ("--out", f"{target}.csv", "--encoding", "cp932")
        refused = CliRunner().invoke(app, ["client", "pull", str(folder), "P4", *cp932, "--lang", "en"])
        assert refused.exit_code == 1
        assert "field `name`" in refused.stderr
        assert "--unencodable geta" in refused.stderr
        assert f"{target}.csv.part" in refused.stderr
        told = pull(folder, *cp932, "--unencodable", "geta")  # what was fetched is here
        with Path(f"{target}.csv").open(encoding="cp932", newline="") as file:
            rows = {row.pop("member"): row for row in csv.DictReader(file)}
        assert {one: row["postal_code"] for one, row in rows.items()} == {
            one: data["postal_code"] or "" for one, data in people.items()
        }
        assert told["replaced"] == sum(row["name"].count("〓") for row in rows.values()) > 0
        assert (told["records"], told["resync"], told["delta"]) == (len(people), False, False)

        pull(folder, "--out", f"{target}.ndjson", "--format", "ndjson")
        lines = map(json.loads, Path(f"{target}.ndjson").read_text(encoding="utf-8").splitlines())
        assert {line["member"]: line["data"] for line in lines} == people

        pull(folder, "--out", f"{target}.parquet", "--format", "parquet")
        assert {row.pop("member"): row for row in pq.read_table(f"{target}.parquet").to_pylist()} == people

        stopped, other = [*people][5], [*people][6]
        at.do("member", "restrict", COOP, "--codes", "-", "--kind", "stop_provide", *BY, stdin=f"{stopped}\n")
        since = f"{target}.ndjson.since"
        told = pull(folder, "--out", f"{target}.ndjson", "--format", "ndjson", "--since", since, "--apply")
        lines = map(json.loads, Path(f"{target}.ndjson").read_text(encoding="utf-8").splitlines())
        assert {line["member"]: line["data"] for line in lines} == {
            one: data for one, data in people.items() if one != stopped
        }
        assert (told["resync"], told["records"], told["removals"]) == (False, 0, 1)
        assert Path(f"{target}.ndjson.removals.csv").read_text().splitlines()[1].startswith(f"{stopped},")

        held = [json.loads(line) for line in Path(f"{target}.csv.receipts.jsonl").read_text().splitlines()]
        known = {one["transfer"] for one in at.do("member", "history", COOP, "--codes", "-", *BY, stdin=f"{other}\n")}
        assert {one["transfer"] for one in held} <= known
        assert len(known) == 4  # the pages' walk and the three files
