"""What an entry stands for, also one that was edited by hand."""

from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.records import Options, Way
from custom_components.quectel_smtp.entry_data import read, stand_in
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.network.pdp import Authentication

from .conftest import DATA
from .modem_on_the_desk import IMEI, PORT


def test_an_entry_is_read_whole() -> None:
    reading = read(DATA | {"pin": "1234", "iccid": "89"}, {}, IMEI)
    assert reading.invalid is None
    assert reading.settings is not None
    assert reading.settings.imei == IMEI
    assert reading.settings.port.url == PORT
    assert reading.settings.pdp.authentication is Authentication.NONE
    assert reading.settings.server.security is Security.TLS
    assert reading.settings.pin is not None
    assert (reading.settings.pin.code, reading.settings.pin.iccid) == ("1234", "89")
    assert reading.settings.options == Options()


def test_options_are_read_in_their_units() -> None:
    chosen = {
        "lifetime": 168,
        "emails_per_hour": 5,
        "emails_per_day": 50,
        "digest": False,
        "idle": 0,
        "way": "stream",
    }
    reading = read(DATA, chosen, IMEI)
    assert reading.settings is not None
    assert reading.settings.options == Options(
        lifetime=168 * 3600,
        per_hour=5,
        per_day=50,
        digest=False,
        idle=0,
        way=Way.STREAM,
    )


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"host": ""}, "host", "empty"),
        ({"host": None}, "host", "empty"),
        ({"host": "h" * 201}, "host", "too_long"),
        ({"username": "u" * 256}, "username", "too_long"),
        ({"password": 1234}, "password", "unusable"),
        ({"port": "465"}, "port", "unusable"),
        ({"port": True}, "port", "unusable"),
        ({"port": 0}, "port", "out_of_range"),
        ({"security": "ssl"}, "security", "unusable"),
        ({"authentication": 3}, "authentication", "unusable"),
        ({"apn": ["internet"]}, "apn", "unusable"),
        ({"sender_address": "home"}, "sender_address", "invalid"),
        ({"certificate": "not one"}, "certificate", "invalid"),
        ({"certificate": 1}, "certificate", "unusable"),
        ({"device": None}, "device", "empty"),
        ({"baudrate": "fast"}, "baudrate", "unusable"),
        ({"pin": 1234}, "pin", "unusable"),
    ],
)
def test_what_can_not_be_used_is_named(
    change: dict[str, Any], field: str, reason: str
) -> None:
    reading = read(DATA | change, {}, IMEI)
    assert reading.settings is None
    assert reading.invalid is not None
    assert (reading.invalid.field, reading.invalid.reason) == (field, reason)


@pytest.mark.parametrize("key", ["device", "apn", "authentication", "host", "port"])
def test_what_is_missing_is_named(key: str) -> None:
    reading = read({name: DATA[name] for name in DATA if name != key}, {}, IMEI)
    assert reading.invalid is not None
    assert (reading.invalid.field, reading.invalid.reason) == (key, "empty")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"lifetime": 0}, "lifetime"),
        ({"lifetime": 169}, "lifetime"),
        ({"lifetime": "long"}, "lifetime"),
        ({"emails_per_hour": 0}, "emails_per_hour"),
        ({"emails_per_day": 1.5}, "emails_per_day"),
        ({"digest": "yes"}, "digest"),
        ({"idle": -1}, "idle"),
        ({"way": "pigeon"}, "way"),
        ({"way": 1}, "way"),
        ({"reply_to": 1}, "reply_to"),
        ({"reply_to": "anna"}, "reply_to"),
    ],
)
def test_no_email_waits_for_an_option_that_can_not_be_used(
    options: dict[str, Any], field: str
) -> None:
    reading = read(DATA, options, IMEI)
    assert reading.invalid is not None
    assert reading.invalid.field == field
    assert reading.settings is not None
    assert reading.settings.options == Options()


def test_answers_go_where_an_option_says() -> None:
    found = read(DATA, {"reply_to": " anna@bücher.example\u200b"}, IMEI).settings
    assert found is not None
    assert found.reply_to == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize("options", [{}, {"way": "module"}, {"way": "stream"}])
def test_without_a_mail_client_of_the_modem_s_emails_go_by_ours(
    options: dict[str, Any],
) -> None:
    reading = read(DATA | {"mail_client": False}, options, IMEI)
    assert reading.invalid is None
    assert reading.settings is not None
    assert reading.settings.options.way is Way.STREAM


def test_an_account_that_the_modem_s_client_can_not_carry_goes_by_ours() -> None:
    options = {"way": "module", "idle": 0}
    reading = read(DATA | {"password": "p" * 51}, options, IMEI)
    assert reading.invalid is not None
    assert reading.invalid.field == "password"
    assert reading.settings is not None
    assert reading.settings.options == Options(way=Way.STREAM, idle=0)


@pytest.mark.parametrize("data", [{}, {"device": 1}, DATA])
def test_settings_can_be_stood_in_for_whatever_is_in_the_entry(
    data: dict[str, Any],
) -> None:
    found = stand_in(data)
    assert found.imei is None
    assert not found.server.password
