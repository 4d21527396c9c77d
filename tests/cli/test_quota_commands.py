"""gateway quota and gateway report unused-grants, as their users type them."""

import json
from typing import Any

import pytest

from tests.cli.proposal_desk import TWO_NAMES, Desk
from tests.cli.test_retention_commands import COOP
from tests.control_plane.beyond import TROUBLE, refused_beyond

AGAIN = ("--reason", "連絡先が一時的に増えるため", "--by")


@pytest.fixture
def desk(tmp_path: Any, sqlite_url: str) -> Desk:
    made = Desk(tmp_path, sqlite_url)
    made.run("policy", "publish", COOP, *TWO_NAMES)
    made.employ()
    return made


def beyond(desk: Desk) -> None:
    """Let one request be refused for a limit, and count it as `rebuild` does."""
    desk.inside(refused_beyond)
    assert desk.facts("quota", "rebuild", COOP) == {"grants": 1, "requests": 1}


def test_what_waits_is_listed_a_draft_raises_it_and_the_usual_way_puts_it_in_force(desk: Desk) -> None:
    assert desk.facts("quota", "list", COOP) == []
    beyond(desk)
    [one] = desk.facts("quota", "list", COOP)
    assert (one["grant"], one["members_per_day"], one["wanted"], one["state"]) == (TROUBLE, 500, 700, "open")
    assert one["overruns"][0]["asked"] == 620
    assert "未対応" in desk.run("quota", "list", COOP)
    assert "open" in desk.run("quota", "list", COOP, "--lang", "en")
    draft = desk.facts("quota", "propose", COOP, TROUBLE, *AGAIN, "sato", "--members-per-day", "800")
    assert draft["state"] == "draft"
    assert "members_per_day: 800" in desk.run("policy", "diff", COOP, draft["proposal"])
    said = desk.run("quota", "propose", COOP, TROUBLE, *AGAIN, "kato", code=1)
    assert "[settled]" in said
    digest = desk.seen(draft["proposal"])
    desk.policy("submit", draft["proposal"], "--preview", digest, by="sato")
    desk.policy("approve", draft["proposal"], "--preview", digest, by="ito")
    desk.policy("publish", draft["proposal"], by="sato")
    [one] = desk.facts("quota", "list", COOP)
    assert (one["members_per_day"], one["state"]) == (800, "raised")
    assert desk.facts("quota", "rebuild", COOP) == {"grants": 1, "requests": 1}
    assert desk.facts("quota", "list", COOP) == [one]


def test_it_is_dismissed_by_an_admin_of_the_department_with_a_reason(desk: Desk) -> None:
    beyond(desk)
    assert "[department]" in desk.run("quota", "dismiss", COOP, TROUBLE, *AGAIN, "mori", code=1)
    done = desk.facts("quota", "dismiss", COOP, TROUBLE, *AGAIN, "sato")
    assert done == {"grant": TROUBLE, "state": "dismissed"}
    assert [one["state"] for one in desk.facts("quota", "list", COOP)] == ["dismissed"]


def test_wrong_asking_is_told_and_does_nothing(desk: Desk) -> None:
    beyond(desk)
    assert "[grant]" in desk.run("quota", "propose", COOP, "kyoritsusha-jccu-01.nothing", *AGAIN, "sato", code=1)
    assert "[field]" in desk.run("quota", "propose", COOP, TROUBLE, *AGAIN, "sato", "--members-per-day", "5001", code=1)
    desk.run("quota", "propose", COOP, TROUBLE, *AGAIN, "sato", "--members-per-day", "0", code=2)
    desk.run("quota", "list", "nobody", code=2)
    desk.run("quota", "dismiss", COOP, TROUBLE, "--by", "sato", "--reason", " ", code=2)


def test_what_nobody_asked_for_is_reported_with_what_may_be_taken_out(desk: Desk) -> None:
    [table] = json.loads(desk.run("report", "unused-grants", COOP, "--days", "1", "--json"))["tables"]
    assert table["key"] == "unused_grants"
    rows = {(row["agreement"], row["grant"], row["field"]): row for row in table["rows"]}
    row = rows["kyoritsusha-jccu-01", "trouble", "email"]
    assert (row["partner"], row["requests"]) == ("日本生活協同組合連合会", 0)
    assert (row["transform"], row["narrowing"]) == ("mask", "no")
    assert "使われていない提供範囲" in desk.run("report", "unused-grants", COOP)
    assert "Grants that nobody used" in desk.run("report", "unused-grants", COOP, "--lang", "en")
    for ending in ("csv", "xlsx", "json", "pdf"):
        out = desk.folder / f"unused.{ending}"
        desk.run("report", "unused-grants", COOP, "--out", str(out))
        assert out.stat().st_size > 100
    desk.run("report", "unused-grants", COOP, "--days", "0", code=2)
    desk.run("report", "unused-grants", COOP, "--days", "367", code=2)
