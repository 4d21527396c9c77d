"""The story of the second door, told by the command line alone."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.completed_copy import COOP, DEPARTMENT, incomplete
from tests.e2e.independent_client import Keys, elliptic_keys
from tests.e2e.second_door import (
    BY_SATO,
    CLIENT,
    PARTNER,
    empty_site,
    handed_to_the_partner,
    the_log_tells_who_did_what,
    the_real_co_op_is_incomplete,
    told_with,
)
from tests.e2e.serving import Site


@dataclass
class AtTheTerminal:
    """Two people at a terminal."""

    at: Site

    async def publishes(self, title: str) -> str:
        said = ("--title", title, "--department", DEPARTMENT, *BY_SATO)
        return self._through(self.at.do("policy", "propose", COOP, *said)["proposal"])

    async def returns(self, version: str) -> str:
        said = ("--department", DEPARTMENT, *BY_SATO)
        return self._through(self.at.do("policy", "roll-back", COOP, version[:12], *said)["proposal"])

    async def admits(self, keys: Keys) -> None:
        paths = {name: self.at.folder / f"{name}.json" for name in ("jwks", "challenge", "answer")}
        paths["jwks"].write_text(json.dumps(keys.public()))
        made = self.at.told("partner", "challenge", COOP, PARTNER, CLIENT, str(paths["jwks"]))
        assert made.returncode == 0, made.stderr
        paths["challenge"].write_text(made.stdout)
        paths["answer"].write_text(json.dumps(handed_to_the_partner(self.at, keys, json.loads(made.stdout))))
        proof = ("--challenge", str(paths["challenge"]), "--answer", str(paths["answer"]))
        asked = [
            self.at.do("partner", "add-key", COOP, PARTNER, CLIENT, str(paths["jwks"]), *proof, *BY_SATO),
            self.at.do("partner", "ask-resume", COOP, PARTNER, *BY_SATO),
        ]
        self.at.do_all(*(("partner", "approve", COOP, one["request"], "--by", "ito") for one in asked))

    def _through(self, draft: str) -> str:
        seen = self.at.do("policy", "preview", COOP, draft)["digest"]
        self.at.do_all(
            ("policy", "submit", COOP, draft, "--preview", seen, "--by", "sato"),
            ("policy", "approve", COOP, draft, "--preview", seen, "--by", "ito"),
            ("policy", "publish", COOP, draft, "--by", "ito"),
        )
        return str(self.at.do("policy", "history", COOP)[-1]["digest"])


async def test_the_story_goes_by_the_command_line_alone(tmp_path: Path):
    folder, keys = incomplete(tmp_path / "policies", today=datetime.now(UTC).date()), elliptic_keys()
    with empty_site(tmp_path, folder.parent) as at:
        at.member_system()
        at.serving(at.gateway())
        await told_with(AtTheTerminal(at), at, keys, folder)
        the_log_tells_who_did_what(at)
    the_real_co_op_is_incomplete(tmp_path)
