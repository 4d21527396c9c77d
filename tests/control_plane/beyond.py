"""Requests beyond a daily limit: a denial of one in the log, as the data plane writes it, and its background count."""

from datetime import datetime

from gateway.app.storage import Stores
from gateway.control_plane.quotas import counting
from gateway.oversight.log import searching
from gateway.ports import Committed, Submission
from gateway.tlog.entries import encode
from gateway.tlog.merkle import leaf_hash
from tests.control_plane.asking import denied
from tests.house import COOP

TROUBLE = "kyoritsusha-jccu-01.trouble"
"""A grant with a limit of its own, 500 members a day; its agreement's is 5,000."""
DELIVERY = "kyoritsusha-sunnet-01.delivery"
"""A grant whose limit is its agreement's."""


async def refused_beyond(
    stores: Stores, *, grant: str = TROUBLE, over: int = 620, at: datetime | None = None, client: str = "jccu-demo"
) -> None:
    """Let the log say that one request was refused for a grant's limit."""
    now = at or stores.clock()
    agreement = grant.partition(".")[0]
    entry = denied(
        ["name"],
        f"grant:{grant}:over_quota",
        at=now,
        over=over,
        partner=agreement.split("-")[1],
        client=client,
        agreement=agreement,
        purpose="P12",
    )
    data = encode(entry)
    said = Submission(
        entry=data,
        leaf=leaf_hash(data),
        kind=entry.kind,
        partner=entry.partner,
        purpose=entry.purpose,
        transfer=entry.transfer,
        time=now,
    )
    assert isinstance(await stores.log.append(COOP, said), Committed)


async def count(stores: Stores) -> None:
    """Fold the log into its index, and count what was refused for limits."""
    await searching.advance(stores.log, stores.search, COOP)
    await counting.advance(stores.search, stores.overruns, stores.snapshots.current(COOP))
