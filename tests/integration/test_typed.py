"""What a person typed or pasted is read as it was meant, or what is wrong is named."""

from typing import Any
import unicodedata

from hypothesis import example, given, reject, strategies as st
import pytest

from custom_components.quectel_smtp import typed
from custom_components.quectel_smtp.entry_data import read
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from tests.translations import texts

from .conftest import DATA
from .modem_on_the_desk import IMEI

HIDDEN = {
    "\u00a0": "odd_blank",
    "\u202f": "odd_blank",
    "\u3000": "odd_blank",
    "\u200b": "invisible",
    "\u200d": "invisible",
    "\u2060": "invisible",
    "\ufeff": "invisible",
    "\u00ad": "invisible",
    "\u202a": "invisible",
    "\ufe0f": "invisible",
    "\u3164": "invisible",
    "\t": "control",
    "\n": "control",
    "\0": "control",
    "\x7f": "control",
    "\u2028": "control",
}
FIELDS = {
    "device": "/dev/ttyUSB2",
    "pin": "1234",
    "apn": "internet.example",
    "apn_username": "web user",
    "apn_password": "web 1",
    "host": "smtp.example.com",
    "username": "home@example.com",
    "password": "abcd efgh",
    "sender_address": "home@example.com",
}

around = st.text(st.sampled_from([" ", *HIDDEN]), max_size=5)
fields = st.sampled_from(sorted(FIELDS))


def _settings(field: str) -> str:
    """Return what a courier works with in place of an entry's field."""
    found = read(_entry(), {}, IMEI).settings
    assert found is not None
    pin = found.pin
    assert pin is not None
    return {
        "device": found.port.url,
        "pin": pin.code,
        "apn": found.pdp.apn,
        "apn_username": found.pdp.username,
        "apn_password": found.pdp.password,
        "host": found.server.host,
        "username": found.server.username,
        "password": found.server.password,
        "sender_address": found.server.sender_address,
    }[field]


def _entry(**change: Any) -> dict[str, Any]:
    return DATA | FIELDS | change


def test_the_fields_here_are_all_that_the_modem_gets_as_typed() -> None:
    assert set(FIELDS) == set(typed.VALUES)
    for field, value in FIELDS.items():
        assert _settings(field) == value


@given(fields, around, around)
@example("password", "\ufeff\u00a0 ", "\u200b\r\n")
def test_what_surrounds_a_value_and_can_not_be_seen_is_left_out(
    field: str, before: str, behind: str
) -> None:
    """In a form, and in an entry that is stored already."""
    pasted = before + FIELDS[field] + behind
    assert typed.tidied({field: pasted}) == {field: FIELDS[field]}
    stored = read(_entry(**{field: pasted}), {}, IMEI)
    assert stored == read(_entry(), {}, IMEI)
    assert stored.settings is not None


@given(fields, st.sampled_from(sorted(HIDDEN)), st.data())
def test_what_is_inside_a_value_and_can_not_be_seen_is_named(
    field: str, character: str, data: st.DataObject
) -> None:
    value = FIELDS[field]
    at = data.draw(st.integers(1, len(value) - 1))
    pasted = value[:at] + character + value[at:]
    err = read(_entry(**{field: f" {pasted} "}), {}, IMEI).invalid
    assert err is not None
    assert (err.field, err.reason) == (field, HIDDEN[character])
    assert value not in str(err)
    assert typed.placeholders(err) == {
        "limit": "",
        "character": f"U+{ord(character):04X}",
        "position": str(at + 1),
    }


@given(st.text())
def test_what_is_taken_has_nothing_that_can_not_be_seen(text: str) -> None:
    try:
        found = typed.visible(text, "password")
    except InvalidValueError:
        reject()
    kinds = {unicodedata.category(character) for character in found}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp"}
    assert found == found.strip()


@pytest.mark.parametrize("reason", ["odd_blank", "invisible", "control"])
def test_each_reason_has_its_words(reason: str) -> None:
    assert reason in texts()["config"]["error"]
    errors = texts()["config_subentries"]["recipient"]["error"]
    assert f"address_{reason}" in errors
    assert reason in HIDDEN.values()


# A server's name.


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("smtp.example.com:587", {"port": 587}),
        ("smtp://smtp.example.com", {}),
        ("SMTP://smtp.example.com:25/", {"port": 25}),
        ("smtps://smtp.example.com", {"security": "tls"}),
        ("smtps://smtp.example.com:465", {"port": 465, "security": "tls"}),
        ("submission://smtp.example.com:587", {"port": 587}),
        ("submissions://smtp.example.com", {"security": "tls"}),
        ("\u200bsmtp://smtp.example.com:2525\n", {"port": 2525}),
    ],
)
def test_a_url_or_port_in_place_of_a_server_is_taken_apart(
    pasted: str, meant: dict[str, Any]
) -> None:
    form = {"host": pasted, "port": 26, "security": "starttls"}
    apart = {"host": "smtp.example.com", "port": 26, "security": "starttls"} | meant
    assert typed.tidied(form) == apart
    stored = read(_entry(**form), {}, IMEI)
    assert stored == read(_entry(**apart), {}, IMEI)
    assert stored.invalid is None


@pytest.mark.parametrize(
    ("pasted", "field", "reason"),
    [
        ("https://mail.example.com/inbox", "host", "no_server"),
        ("mail.example.com/inbox", "host", "no_server"),
        ("home@smtp.example.com", "host", "no_server"),
        ("smtp.example.com:", "host", "no_server"),
        ("smtp.example.com:smtps", "host", "no_server"),
        ("smtp. example.com", "host", "no_server"),
        ("smtp.example.com:99999", "port", "out_of_range"),
        ("smtp.exam\u200bple.com:465", "host", "invisible"),
        (" \u200b ", "host", "empty"),
    ],
)
def test_what_is_no_server_is_refused(pasted: str, field: str, reason: str) -> None:
    err = read(_entry(host=pasted), {}, IMEI).invalid
    assert err is not None
    assert (err.field, err.reason) == (field, reason)


@given(st.dictionaries(st.sampled_from(sorted(_entry())), st.text()))
@example({"host": "smtp.example.com\x1b/"})
@example({"host": "smtp://\u200b:25"})
def test_anything_can_be_tidied_and_stays_so(values: dict[str, Any]) -> None:
    once = typed.tidied(values)
    assert typed.tidied(once) == once
    assert set(values) <= set(once) <= {*values, "port", "security"}


# Names and titles.


@given(st.text())
@example("Water\x07in\0the\x1bcellar\ud800")
@example("a\u2028b\x85c\x1cd")
def test_any_title_becomes_one_line_that_can_be_sent(title: str) -> None:
    line = typed.one_line(title)
    assert line == " ".join(line.split(" ")).strip()
    assert "Cc" not in {unicodedata.category(character) for character in line}
    line.encode()
    if title.isalnum():
        assert line == title


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" mia@bücher.example\n", "mia@xn--bcher-kva.example"),
        ("mia@BÜCHER.example", "mia@xn--bcher-kva.example"),
        ("mia@例え。jp", "mia@xn--r8jz45g.jp"),
        ("Mia@Example.com", "Mia@example.com"),
        ("mia@-ü.example", "mia@-ü.example"),
        ("mia@bü\u00adcher.example", "mia@bü\u00adcher.example"),
        ("müller@bücher.example", "müller@xn--bcher-kva.example"),
        ("mia@", "mia@"),
        ("mia@" + "ü" * 255, "mia@" + "ü" * 255),
    ],
)
def test_an_address_has_its_domain_in_ascii(pasted: str, address: str) -> None:
    assert typed.address(pasted) == address
    assert typed.address(address) == address
    assert typed.tidied({"sender_address": pasted})["sender_address"] == address


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("\u00a0Home\u00a0 \u200bSweet\tHome\n", "Home Sweet Home"),
        ("Haus \u2764\ufe0f", "Haus \u2764\ufe0f"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
    ],
)
def test_a_name_is_one_line_without_what_can_not_be_seen(
    pasted: str, name: str
) -> None:
    assert typed.name(pasted) == name
    stored = read(_entry(sender_name=pasted), {}, IMEI)
    assert stored.settings is not None
    assert stored.settings.server.sender_name == name


@pytest.mark.parametrize("character", ["x", "\u00e4", "@", "."])
def test_no_more_of_a_field_is_looked_at_than_any_can_use(character: str) -> None:
    """A million characters, each looked at by itself, would hold Home Assistant up."""
    pasted = character * 3 * typed.BLOCK_MOST
    for read_field in (typed.name, typed.one_line, typed.stripped, typed.address):
        assert len(read_field(pasted)) <= typed.MOST
    assert len(typed.visible(pasted, "host")) <= typed.MOST
    assert len(typed.lines(pasted)) <= typed.BLOCK_MOST
    assert all(
        len(value) <= typed.MOST
        for value in typed.tidied(dict.fromkeys(FIELDS, pasted)).values()
    )


def test_what_follows_more_blanks_than_any_field_has_is_nothing() -> None:
    assert typed.stripped(" " * typed.MOST + "mail.example.com") == ""
