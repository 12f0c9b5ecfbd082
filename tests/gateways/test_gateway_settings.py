"""Settings of gateways: complete or refused with one sentence that names what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from counseling.clock import utc_now
from counseling.config import BadConfiguration
from counseling.sms.twilio import Twilio
from tests.support.gateways import SMSGATE_SETTINGS, TWILIO_SETTINGS, with_gateways
from tests.support.settings import config_for

URL = "postgresql://somewhere/db"
SERVICE = "MG" + "1b" * 16


def test_both_gateways_are_read_and_the_named_one_comes_first(tmp_path: Path) -> None:
    config = with_gateways(URL, tmp_path, SMS_GATEWAY="twilio")
    assert config.gateway_names == ("twilio", "smsgate")
    assert config_for(URL, tmp_path).gateway_names == ()
    shown = repr(config)
    assert not any(
        secret in shown for secret in (*list(SMSGATE_SETTINGS.values())[1:], TWILIO_SETTINGS["TWILIO_AUTH_TOKEN"])
    )


def test_addresses_near_and_far(tmp_path: Path) -> None:
    near = "http://192.168.1.20:8080", "http://phone.local:8080/api", "http://[fd00::1]:8080"
    for url in (*near, "https://api.sms-gate.app/3rdparty/v1"):
        config = with_gateways(URL, tmp_path, SMSGATE_URL=url)
        assert config.smsgate is not None
        assert config.smsgate.url == url


@pytest.mark.parametrize("name", [*SMSGATE_SETTINGS, *TWILIO_SETTINGS, "PUBLIC_URL", "SMS_GATEWAY"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadConfiguration) as bad:
        with_gateways(URL, tmp_path, **{name: ""})
    assert name in str(bad.value)
    assert str(bad.value).count("\n") == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMSGATE_URL", "192.168.1.20"),
        ("SMSGATE_URL", "http://api.sms-gate.app"),
        ("SMSGATE_URL", "https://user:secret@phone.local"),
        ("SMSGATE_URL", "http://:secret@127.0.0.1:9"),
        ("SMSGATE_URL", "http://[fd00::1:8080"),
        ("SMSGATE_URL", "https://phone.local:0"),
        ("SMSGATE_SIGNING_KEY", "short"),
        ("SMSGATE_SIM_NUMBER", "0"),
        ("SMSGATE_SIM_NUMBER", "SIM2"),
        ("SMSGATE_DEVICE_ID", "my secret phone"),
        ("TWILIO_ACCOUNT_SID", "AC12"),
        ("TWILIO_AUTH_TOKEN", "secret"),
        ("TWILIO_API_BASE", "ftp://x"),
        ("TWILIO_TWO_WAY", "yes"),
        ("TWILIO_MESSAGING_SERVICE_SID", SERVICE),  # beside TWILIO_FROM
        ("SMS_GATEWAY", "kannel"),
        ("SMS_GATEWAY", "simulator"),
    ],
)
def test_what_is_malformed_is_named_and_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadConfiguration) as bad:
        with_gateways(URL, tmp_path, **{name: value})
    assert name in str(bad.value)
    assert "secret" not in str(bad.value)


def test_the_phone_may_be_named(tmp_path: Path) -> None:
    for device_id in (None, "yVULogr4Y1ksRfnos1Dsw", "ffffffffb971add9000001983ec0aba7"):
        config = with_gateways(URL, tmp_path, **({"SMSGATE_DEVICE_ID": device_id} if device_id else {}))
        assert config.smsgate is not None
        assert config.smsgate.device_id == device_id


def test_one_service_in_the_place_of_a_number_is_enough(tmp_path: Path) -> None:
    config = with_gateways(URL, tmp_path, TWILIO_FROM="", TWILIO_MESSAGING_SERVICE_SID=SERVICE)
    assert config.twilio is not None
    assert config.twilio.messaging_service_sid == SERVICE


def test_whether_twilio_is_two_way_is_said_by_whoever_set_it_up(tmp_path: Path) -> None:
    for value, two_way in ((None, False), ("0", False), ("1", True)):
        config = with_gateways(URL, tmp_path, **({"TWILIO_TWO_WAY": value} if value else {}))
        assert config.twilio is not None
        assert Twilio(config.twilio, utc_now).abilities.two_way is two_way


def test_a_demo_texts_no_real_phone(tmp_path: Path) -> None:
    for changes in ({"SMS_GATEWAY": "smsgate"}, {"SMS_GATEWAY": ""}):
        with pytest.raises(BadConfiguration):
            with_gateways(URL, tmp_path, DEMO="1", **changes)
