"""A console with a person of each kind, on a clock that the test moves."""

from datetime import timedelta

import pytest

from tests.clock import SettableClock
from tests.console.simulated import OTHER, Console


@pytest.fixture
def console(clock: SettableClock) -> Console:
    made = Console(clock)
    made.staff.add("kian", "admin", name="起案 花子")
    made.staff.add("shonin", "manager", name="承認 太郎")
    made.staff.add("kansa", "auditor", name="監査 次郎")
    made.staff.add("unyo", "operator", name="運用 三郎")
    made.staff.add("taken", "admin", coop=OTHER, name="別の生協")
    made.publish(clock() - timedelta(days=30))
    return made
