"""Each failure that can happen has its words, wherever it is shown."""

from collections.abc import Iterator
import re

import pytest

from custom_components.quectel_smtp.delivery.records import Reason
from custom_components.quectel_smtp.flow.account_checks import AccountError
from custom_components.quectel_smtp.flow.at_port import NoAtPortError
from custom_components.quectel_smtp.flow.modem_checks import (
    NoResultError,
    PinKnownRefusedError,
    ResultsElsewhereError,
    Stage,
)
from custom_components.quectel_smtp.modem.at import codes, errors
from custom_components.quectel_smtp.ports import PortForeignError, SettingsInvalidError
from tests.translations import texts

_ATTRIBUTES = texts()["entity"]["sensor"]["last_send_result"]["state_attributes"]

# Shown by other means: on the field that it names, as a step of its own, or as a repair
# issue.
_NO_ERROR_OF_A_FORM = {
    "invalid_value",
    AccountError.key,
    ResultsElsewhereError.key,
    PortForeignError.key,
    SettingsInvalidError.key,
}


def _kinds(kind: type[errors.ModemError]) -> Iterator[type[errors.ModemError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


_KEYS = sorted({kind.key for kind in _kinds(errors.ModemError)})
_OF_CHECKS = {
    AccountError.key,
    NoAtPortError.key,
    NoResultError.key,
    PinKnownRefusedError.key,
    ResultsElsewhereError.key,
}


@pytest.mark.parametrize("key", _KEYS)
def test_each_failure_has_its_words_in_the_flow(key: str) -> None:
    assert key in texts()["config"]["error"] or key in _NO_ERROR_OF_A_FORM


@pytest.mark.parametrize(
    "entity", [("event", "email"), ("sensor", "emails_waiting")], ids=".".join
)
def test_each_reason_why_an_email_waits_has_its_words(entity: tuple[str, str]) -> None:
    platform, name = entity
    attributes = texts()["entity"][platform][name]["state_attributes"]
    assert set(attributes["reason"]["state"]) == set(Reason)


@pytest.mark.parametrize("key", [key for key in _KEYS if key not in _OF_CHECKS])
def test_each_failure_has_its_words_on_the_sensor(key: str) -> None:
    assert key in _ATTRIBUTES["error"]["state"]


@pytest.mark.parametrize(
    "table",
    [codes.SmtpError, codes.TcpError, codes.FileError, codes.EquipmentError],
)
def test_each_code_has_its_words_on_the_sensor(table: type[codes.SmtpError]) -> None:
    names = {member.name.lower() for member in table}
    assert names <= set(_ATTRIBUTES["code_name"]["state"])


def test_each_reply_has_its_words_on_the_sensor() -> None:
    names = {member.name.lower() for member in codes.SmtpReply}
    assert names <= set(_ATTRIBUTES["reply_name"]["state"])


@pytest.mark.parametrize("stage", list(Stage))
def test_each_stage_of_a_check_has_its_words(stage: Stage) -> None:
    assert stage.value in texts()["config"]["progress"]


@pytest.mark.parametrize("key", sorted(texts()["exceptions"]))
def test_an_exception_says_what_is_wrong_and_one_thing_to_do(key: str) -> None:
    text = texts()["exceptions"][key]["message"]
    assert text.endswith(".")
    assert text.count(". ") + text.count(": ") + text.count(", ") >= 1, text


@pytest.mark.parametrize("key", sorted(texts()["config"]["error"]))
def test_an_error_says_what_is_wrong_and_one_thing_to_do(key: str) -> None:
    """Two sentences at least, save where the one says both."""
    text = texts()["config"]["error"][key]
    assert text.endswith(".")
    if key not in ("empty", "too_long", "out_of_range", "pin_invalid"):
        assert text.count(". ") + text.count(": ") + text.count("; ") >= 1, text


def _flat(content: dict[str, object]) -> Iterator[str]:
    for value in content.values():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield str(value)


def test_a_word_of_the_trade_has_a_plain_one_before_it() -> None:
    """It stands in brackets, if at all."""
    for text in _flat(texts()):
        plain = re.sub(r"\([^)]*\)", "", text)
        assert not re.search(r"\b(PDP|URC|CA|bytes)\b", plain), text
