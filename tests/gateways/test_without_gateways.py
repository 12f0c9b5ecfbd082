"""An installation that has no such gateway has no such address."""

import pytest
from flask.testing import FlaskClient

from tests.support.fake_phone import signed
from tests.support.outbox import EIGHT


@pytest.mark.parametrize("path", ["/sms/smsgate", "/sms/twilio/inbound", "/sms/twilio/status"])
def test_reports_of_gateways_that_nobody_has_are_not_heard(client: FlaskClient, path: str) -> None:
    assert client.post(path, data=b"{}", headers=signed(b"{}", EIGHT)).status_code == 404
