from datetime import date

import pytest

from gateway.demo.people import make_members


@pytest.fixture(scope="session")
def today():
    return date(2026, 11, 22)


@pytest.fixture(scope="session")
def members(today):
    """The demo's 5,000 members; read, never changed."""
    return make_members(today=today)
