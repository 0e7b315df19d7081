"""What is printed of any object of the integration shows no secret and no private text.

Objects end up in tracebacks, assertions and debug logs that nobody thought of. So each text
that a dataclass has is left out of its ``repr``, unless it is listed here as harmless.
"""

from annotationlib import Format
from collections.abc import Iterator
import dataclasses
import importlib
import inspect
import pkgutil
from types import UnionType
from typing import Any, TypeAliasType, get_args, get_origin, get_type_hints

import pytest

import custom_components.quectel_smtp as integration
from custom_components.quectel_smtp.delivery.settings import Pin, Settings
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.mail.server import ServerSettings
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings

CANARY = "canary"
HARMLESS = {
    "Account": {"host"},
    # Facts of an email's form, by names that are listed there.
    "Anatomy": {"headers", "content_type", "encoding"},
    # Of a report that may be shown to anybody.
    "Answer": {"name", "question", "words", "lines"},
    "Attempt": {"result", "status_code", "verdict"},
    "Before": {"certificates"},
    "Cell": {"technology", "plmn", "band"},
    "Command": {"prefixes"},
    "Email": {"reference", "recipient"},
    "EmailResult": {"reference", "merged_into"},
    "EmailRow": {"reference", "recipient"},
    "Ended": {"reference"},
    # Of a transcript, in which all is masked.
    "Evidence": {"exchanges", "trials", "untried"},
    "Exchange": {"command", "received"},
    "Finding": {"error"},
    "Identity": {"manufacturer", "model", "firmware"},
    "Issue": {"key", "placeholders"},
    "Item": {"reference", "recipient"},
    "Last": {"reference", "recipient"},
    # What the modem says; tests compare it. It is masked where it is logged.
    "Line": {"text"},
    "Listed": {"reference", "recipient"},
    "Masked": {"shown"},
    "Network": {"operator"},
    "Passed": {"root"},
    "PdpSettings": {"apn"},
    "Product": {"name"},
    "Provider": {"name", "host", "help"},
    "Profile": {"tls_settings"},
    "Quality": {"technology"},
    "Recording": {"silent_after"},
    "Report": {"header"},
    "Root": {"name", "owner", "pem"},
    "Rule": {"command"},
    "ServerSettings": {"host"},
    "StoredFile": {"name"},
    "TlsSetting": {"name", "spellings"},
    "TlsSettings": {"ca_pem"},
    "Told": {"words"},
    "Transcript": {"header"},
    "Transition": {"reference", "recipient", "merged_into"},
    "Trial": {"began", "lines"},
    "Unsettled": {"reference"},
    "UsbModem": {"vid", "pid", "location"},
    "UsbPort": {"product_id", "interface", "manufacturer", "product", "serial"},
    "Wording": {
        *("reference", "repeat", "waited", "times"),
        *("digest_subject", "digest_entry", "attachments", "whole_text"),
        *("not_attached", "more_not_attached"),
    },
}


def _dataclasses() -> Iterator[type[Any]]:
    """Return the integration's own, but for descriptions of Home Assistant's kind."""
    for found in pkgutil.walk_packages(
        integration.__path__, f"{integration.__name__}."
    ):
        if found.name.rpartition(".")[2] in (
            "__main__",
            "button",
            "sensor_descriptions",
            "event",
        ):
            continue
        for kind in vars(importlib.import_module(found.name)).values():
            if (
                inspect.isclass(kind)
                and dataclasses.is_dataclass(kind)
                and kind.__module__ == found.name
            ):
                yield kind


def _filled(kind: type[Any]) -> Any:
    """Return an object whose texts are all the canary, but for those known harmless."""
    made = object.__new__(kind)
    # What is imported for types alone can't be looked at: no text is of such a type.
    hints = get_type_hints(kind, format=Format.FORWARDREF)
    for field in dataclasses.fields(kind):
        harmless = field.name in HARMLESS.get(kind.__name__, ())
        value = None if harmless else _sample(hints[field.name])
        object.__setattr__(made, field.name, value)
    return made


def _sample(hint: Any) -> Any:
    """Return a value of this type that has the canary where it can have a text."""
    if isinstance(hint, TypeAliasType):
        return _sample(hint.__value__)
    if hint is str:
        return CANARY
    if hint is bytes:
        return CANARY.encode()
    if dataclasses.is_dataclass(hint):
        return _filled(hint)  # type: ignore[arg-type]  # a type, as hints are
    samples = [_sample(part) for part in get_args(hint)]
    if isinstance(hint, UnionType):
        return next((sample for sample in samples if sample is not None), None)
    if get_origin(hint) in (tuple, list, set, frozenset, dict):
        return tuple(samples)
    return None


@pytest.mark.parametrize("kind", _dataclasses(), ids=lambda kind: kind.__name__)
def test_what_is_printed_of_an_object_shows_no_text_that_may_be_private(
    kind: type[Any],
) -> None:
    made = _filled(kind)
    assert CANARY not in repr(made)
    assert CANARY not in f"{made}"


@pytest.mark.parametrize("kind", [Settings, ServerSettings, PdpSettings, Pin, Command])
def test_the_objects_that_hold_secrets_are_looked_at_with_one_in_them(
    kind: type[Any],
) -> None:
    assert kind in _dataclasses()
    assert CANARY in str(dataclasses.asdict(_filled(kind)))


def test_what_is_listed_as_harmless_exists() -> None:
    known = {
        kind.__name__: {field.name for field in dataclasses.fields(kind)}
        for kind in _dataclasses()
    }
    for kind, names in HARMLESS.items():
        assert names <= known[kind], kind
