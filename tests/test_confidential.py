"""What listens to every test's log hears what is private, and nothing else."""

import logging

import pytest

from . import confidential

_OURS = logging.getLogger(f"{confidential.OURS}.modem.at")
_OTHER = logging.getLogger("homeassistant.components.automation")


@pytest.mark.parametrize(
    "said",
    [
        "logged in with correct horse",
        "550 <anna@example.com>: no such mailbox",
        "> AT+CPIN=1234",
        "IMEI 860000000000019",
        "SIM 89490200001234567890",
        "+8613800000000 called",
        '+CEREG: 2,1,"7E5D","0BADCE11",7',
        "+QIACT: 1,1,1,10.147.213.99",
        "Water in the cellar",
    ],
)
def test_what_is_private_is_heard_in_our_own_log_at_debug(said: str) -> None:
    _OURS.debug("%s", said)
    (heard,) = confidential.heard()
    assert said in heard


def test_a_password_is_heard_in_everybody_s_log() -> None:
    _OTHER.error("Refused: %s", "right horse")
    _OTHER.error("Refused: %s", "anna@example.com")
    assert len(list(confidential.heard())) == 1


def test_what_tells_of_nobody_is_not_heard() -> None:
    for said in (
        "> AT+QSMTPPUT=300",
        "2026-11-26 07:36:47.123456 < AT+CSQ: OK",
        "socket://127.0.0.1:7000",
        "12.345678901234567 s",
        "Version 1.2.3",
    ):
        _OURS.debug("%s", said)
    assert not list(confidential.heard())
