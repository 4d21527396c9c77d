"""Why somebody acts stands in an entry, which holds only so much: a reason beyond that is refused, on every form alike."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from gateway.core.plain_text import LONGEST_REASON
from gateway.tlog.entries import MAX_ENTRY
from tests.clock import SettableClock
from tests.console.furnished import Furnished, furnished
from tests.console.paper_forms import PaperForm, forms_of
from tests.house import COOP

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOO_LONG = "a" * (MAX_ENTRY + 1)
TURNED = "\u202e由理"
LONGEST = "𠮷" * LONGEST_REASON
"""As many bytes as a reason can have."""
FORMS = (
    ("homu", "follow-ups", r"/follow-ups/fu-\w+", "answer"),
    ("homu", "follow-ups", r"/follow-ups/fu-\w+", "members"),
    ("homu", "restrictions", "", "members"),
    ("homu", "incidents", r"/incidents/incident-\w+", "intake"),
    ("homu", "transfers?kind=release", r"/transfers/[0-9]+", "request"),
    ("ito", "proposals?state=submitted", r"/proposals/[0-9a-f]{16}", "reject"),
    ("sato", "proposals?state=submitted", r"/proposals/[0-9a-f]{16}", "withdraw"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    sqlite_template: Path, gateway_keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Furnished]:
    folder = tmp_path_factory.mktemp("furnished")
    database = await asyncio.to_thread(shutil.copy, sqlite_template, folder / "gateway.db")
    async with furnished(f"sqlite:///{database}", folder, SettableClock(), keys=gateway_keys) as made:
        yield made


async def form_of(http: httpx2.AsyncClient, listed: str, one: str, act: str) -> PaperForm:
    """Return the form of an act that asks why, from the page of the first of a list that has one."""
    page = (await http.get(f"/{COOP}/{listed}")).text
    found = [f"/{COOP}/{listed}"] if not one else list(dict.fromkeys(re.findall(rf'href="(/{COOP}{one})"', page)))
    for url in [way for each in found for way in (each, f"{each}/{act}")]:
        for form in forms_of((await http.get(url)).text):
            if form.method == "post" and "reason" in form.fields and form.action.endswith(f"/{act}"):
                return form
    raise AssertionError(f"no form to {act}")


@pytest.mark.parametrize(("person", "listed", "one", "act"), FORMS)
async def test_a_reason_that_no_entry_holds_is_refused(
    place: Furnished, person: str, listed: str, one: str, act: str
) -> None:
    cookies = {"session": await place.session(person)}
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(base_url=place.origin, cookies=cookies, headers=headers, timeout=30) as http:
        form = await form_of(http, listed, one, act)
        # No partner is one of ours: of an incident at the co-op none is named.
        typed = {name: value or ("" if name == "partner" else "記録") for name, value in form.fields.items()}
        before = len(await place.house.entries())
        for reason in (TOO_LONG, LONGEST + "a", TURNED):
            answer = await http.post(form.action, data={**typed, "reason": reason})
            assert answer.status_code == 409, answer.text
        assert len(await place.house.entries()) == before
        if act != "reject":  # what was rejected is no more to be withdrawn
            answer = await http.post(form.action, data={**typed, "reason": LONGEST})
            assert answer.status_code in {200, 303}, answer.text
            assert len(await place.house.entries()) > before
