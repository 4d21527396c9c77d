"""The overview of a proposal's matrices leads to no page that is not there."""

import re

from gateway.control_plane.changes import proposals as steps
from gateway.control_plane.changes.wishes import Wish
from gateway.control_plane.office import last_version
from tests.console.acting_room import HERE, JCCU, Room
from tests.house import COOP


async def test_an_agreement_that_a_draft_does_not_have_is_shown_as_in_force(room: Room):
    await room.office.in_force.refresh(COOP)
    base = last_version(room.office.in_force.current(COOP)) or ""
    files = dict(await room.office.proposals.files_of_version(COOP, base) or {})
    del files[JCCU]
    wish = Wish(files=files, title="日本生協連を外す", department=HERE, effective=None, reason="試験")
    draft = await steps.begin(room.office, COOP, wish, by="sato")
    sato = await room.person("sato")
    page = await sato.go(f"grants?proposal={draft.id}")
    assert page.status_code == 200
    links = dict.fromkeys(re.findall(rf'<th scope="row"><a href="/{COOP}/([^"]+)"', page.text))
    assert {link: (await sato.go(link)).status_code for link in links} == dict.fromkeys(links, 200)
    assert f"matrix/{draft.id}/sunnet/kyoritsusha-sunnet-01" in links
    assert "grants/jccu/kyoritsusha-jccu-01" in links
