"""Art. 29: what is recorded and what is exempt, for every basis, at home and abroad; and for how long."""

from datetime import date

import pytest

from gateway.core.bases import REQUIRED, Basis
from gateway.core.reviews.provision_record import kept_until, record_duty

EXEMPT_ABROAD = {Basis.LAW, Basis.LIFE, Basis.PUBLIC_HEALTH, Basis.GOV_COOPERATION}


@pytest.mark.parametrize("basis", Basis)
def test_at_home_consent_alone_is_recorded(basis: Basis):
    duty = record_duty(basis, abroad=False)
    assert duty.recorded is (basis is Basis.CONSENT)
    assert duty.recorded or REQUIRED[basis].article in duty.ja


@pytest.mark.parametrize("basis", Basis)
def test_abroad_the_exceptions_of_article_27_1_alone_are_exempt(basis: Basis):
    assert record_duty(basis, abroad=True).recorded is (basis not in EXEMPT_ABROAD)


def test_records_are_kept_for_three_years_and_a_leap_day_ends_with_february():
    assert kept_until(date(2026, 10, 31)) == date(2029, 10, 31)
    assert kept_until(date(2028, 2, 29)) == date(2031, 2, 28)
