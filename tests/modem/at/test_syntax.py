"""Rule 14: no text in any field becomes a command, or is sent beyond its limit."""

from collections.abc import Callable

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.at.syntax import (
    LINE_LIMIT,
    command_name,
    fields,
    hex_string,
    integer,
    number,
    parameters,
    quote,
)
from custom_components.quectel_smtp.modem.mail.message import (
    Message,
    body_bytes,
    check_address,
)
from custom_components.quectel_smtp.modem.mail.server import (
    Security,
    ServerSettings,
    sender_phrase,
)
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings

HOSTILE = (
    '"',
    '""',
    '\\"',
    "\r",
    "\n",
    "\r\n",
    "\x85",
    "\u2028",
    "\0",
    "\x1a",
    "\x1b",
    "\x08",
    "\x11",
    "\x7f",
    "\ud800",
    "\ufeff",
    "\u202e",
    "😀",
    'x"\r\nAT+CFUN=0\r\n',
    'x";+QPOWD',
    "x" * 4096,
    "é" * 51,
)
SAFE = ("%s%n%x", "$(reboot)", "`id`", "|sh", "a,b;c", "A/", "AT+QPOWD", "1234", " ")

texts = st.one_of(
    st.text(),
    st.sampled_from(HOSTILE + SAFE),
    st.text(st.characters(), max_size=60).map(lambda text: text + '"\r\nAT+QPOWD\r\n'),
)


def is_one_line(line: str) -> bool:
    """Whether the modem reads ``line`` as one command with closed strings."""
    return (
        line.startswith("AT+")
        and line.isascii()
        and line.isprintable()
        and line.count('"') % 2 == 0
        and len(line) < LINE_LIMIT
    )


def attempt[T](make: Callable[[], T]) -> T | InvalidValueError:
    """Return what ``make`` makes, or why it refuses."""
    try:
        return make()
    except InvalidValueError as err:
        return err


@given(texts, st.integers(0, 100))
def test_a_quoted_text_is_the_text_or_is_refused(text: str, limit: int) -> None:
    quoted = attempt(lambda: quote(text, "field", limit))
    if isinstance(quoted, InvalidValueError):
        assert quoted.field == "field"
        assert quoted.reason in {"too_long", "not_ascii", "forbidden_character"}
    else:
        assert quoted == f'"{text}"'
        assert len(text) <= limit
        assert fields(quoted) == (text,)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_could_leave_its_quotes_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        quote(text, "field", 50)


@pytest.mark.parametrize("text", SAFE)
def test_what_only_looks_dangerous_is_sent_as_it_is(text: str) -> None:
    assert quote(text, "field", 50) == f'"{text}"'


@given(texts, texts, texts)
def test_no_text_makes_the_pdp_settings_more_than_one_line(
    apn: str, username: str, password: str
) -> None:
    settings = attempt(lambda: PdpSettings(apn, username, password))
    if isinstance(settings, InvalidValueError):
        assert settings.field in {"apn", "apn_username", "apn_password"}
        return
    line = settings.command()
    assert is_one_line(line)
    assert fields(line.partition("=")[2])[2:5] == (apn, username, password)


@given(texts, texts, texts, texts, texts)
def test_no_text_makes_the_server_settings_more_than_their_lines(
    host: str, username: str, password: str, name: str, address: str
) -> None:
    settings = attempt(
        lambda: ServerSettings(
            host, 465, Security.TLS, username, password, name, address
        )
    )
    if isinstance(settings, InvalidValueError):
        assert settings.field in {
            "host",
            "username",
            "password",
            "sender_name",
            "sender_address",
        }
        return
    for _, line in settings.commands(1):
        assert is_one_line(line)


@given(texts, texts, st.lists(texts, max_size=3))
def test_no_text_makes_an_email_more_than_its_lines(
    subject: str, body: str, to: list[str]
) -> None:
    message = attempt(lambda: Message(subject, body, tuple(to)))
    if isinstance(message, InvalidValueError):
        assert message.field in {"subject", "body", "recipients"}
        return
    for line in (*message.destination_commands(), message.subject_command()):
        assert is_one_line(line)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=25))
def test_a_subject_of_any_language_arrives_as_it_was(subject: str) -> None:
    line = Message(subject, "", ("a@b",)).subject_command()
    kind, value = fields(line.partition("=")[2])
    assert (value if kind == "0" else bytes.fromhex(value).decode()) == subject


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_body_arrives_as_it_was_but_for_its_line_ends(body: str) -> None:
    encoded = body_bytes(body)
    assert encoded.endswith(b"\r\n")
    assert b"\r" not in encoded.replace(b"\r\n", b"")
    plain = body.replace("\r\n", "\n").replace("\r", "\n")
    expected = plain if plain.endswith("\n") else plain + "\n"
    assert encoded.decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a\0b", "forbidden_character"),
        ("\ud800", "invalid"),
        ("é\n" * 5120, "too_long"),
        ("é" * 500, "too_long"),
    ],
    ids=["NUL", "surrogate", "body", "line"],
)
def test_a_body_that_no_email_can_hold_is_refused(body: str, reason: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        body_bytes(body)
    assert caught.value.reason == reason


def test_a_body_that_ends_its_last_line_is_left_as_it_is() -> None:
    assert body_bytes("a\n") == body_bytes("a") == b"a\r\n"


def test_a_body_may_have_10240_bytes_with_its_last_line_end() -> None:
    lines = ("x" * 98 + "\n") * 102 + "x" * 38
    assert len(body_bytes(lines)) == 10240
    with pytest.raises(InvalidValueError) as caught:
        body_bytes(lines + "x")
    assert caught.value.limit == 10240


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("x" * 101, "too_long"),
        ("é" * 51, "too_long"),
        ("a\r\nBcc: b@c", "forbidden_character"),
        ("a\x7f", "forbidden_character"),
        ("\ud800", "invalid"),
    ],
)
def test_a_subject_that_would_be_more_than_a_subject_is_refused(
    subject: str, reason: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Message(subject, "", ("a@b",)).subject_command()
    assert caught.value.reason == reason


def test_a_subject_has_up_to_a_thousand_bytes_by_whichever_way() -> None:
    assert Message("😀" * 250, "", ("a@b",))
    with pytest.raises(InvalidValueError) as caught:
        Message("😀" * 250 + "x", "", ("a@b",))
    assert (caught.value.field, caught.value.limit) == ("subject", 1000)


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        ("TEST SMTP", 'AT+QSMTPSUB=0,"TEST SMTP"'),
        ('a "b"', "AT+QSMTPSUB=1," + '"6120226222"'),
        ("ü", 'AT+QSMTPSUB=1,"C3BC"'),
        ("", 'AT+QSMTPSUB=0,""'),
    ],
)
def test_a_subject_is_sent_plain_or_as_the_hex_of_its_bytes(
    subject: str, line: str
) -> None:
    assert Message(subject, "", ("a@b",)).subject_command() == line


@pytest.mark.parametrize(
    "address",
    [
        "user@example.com",
        "u.s+e-r_1@sub.example-host.com",
        "a@b",
        "root@localhost",
        "x" * 242 + "@example.com",
    ],
)
def test_a_plain_address_is_taken(address: str) -> None:
    assert check_address(address, "to") == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@@b",
        "a@b@c",
        "a b@c",
        "a@b>\r\nRCPT TO:<c@d",
        "<a@b>",
        '"a b"@c',
        "a,b@c",
        "a@b;c@d",
        "a@[::1]",
        "a@-b",
        "a@b-",
        ".a@b",
        "a.@b",
        "a..b@c",
        "a@b..c",
        "jörg@example.com",
        "a@exämple.com",
        "x" * 243 + "@example.com",
        "a@b\n",
    ],
)
def test_an_address_that_is_more_than_an_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        check_address(address, "to")
    assert caught.value.field == "to"


def _addresses(count: int) -> tuple[str, ...]:
    return tuple(f"a{n}@example.com" for n in range(count))


@pytest.mark.parametrize(
    ("count", "reason", "limit"), [(0, "empty", None), (101, "too_many", 100)]
)
def test_an_email_has_one_to_a_hundred_addresses(
    count: int, reason: str, limit: int | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Message("", "", _addresses(count))
    assert (caught.value.reason, caught.value.limit) == (reason, limit)
    assert Message("", "", _addresses(1), _addresses(98), _addresses(1))


def test_a_body_has_up_to_four_and_a_half_million_bytes_by_whichever_way() -> None:
    lines = ("x" * 98 + "\n") * 44_999 + "x" * 98
    assert len(body_bytes(Message("", lines, ("a@b",)).body, limit=10**7)) == 4_500_000
    with pytest.raises(InvalidValueError) as caught:
        Message("", lines + "x", ("a@b",))
    assert (caught.value.field, caught.value.limit) == ("body", 4_500_000)


@given(st.integers(1, 100))
def test_the_modem_s_mail_client_takes_up_to_twenty_addresses(count: int) -> None:
    message = Message("", "", cc=_addresses(count))
    if count <= 20:
        assert len(message.destination_commands()) == count
        return
    with pytest.raises(InvalidValueError) as caught:
        message.destination_commands()
    assert (caught.value.reason, caught.value.limit) == ("too_many", 20)


@given(st.integers(1, 242))
def test_the_modem_s_mail_client_takes_addresses_of_up_to_50_bytes(count: int) -> None:
    message = Message("", "", ("x" * count + "@example.com",))
    if count + 12 <= 50:
        assert message.destination_commands()
        return
    with pytest.raises(InvalidValueError) as caught:
        message.destination_commands()
    assert (caught.value.field, caught.value.reason) == ("recipients", "too_long")
    assert caught.value.limit == 50


def test_each_kind_of_recipient_has_its_number() -> None:
    message = Message("", "", ("a@b",), ("c@d",), ("e@f",))
    assert message.destination_commands() == (
        'AT+QSMTPDST=1,1,"a@b"',
        'AT+QSMTPDST=1,2,"c@d"',
        'AT+QSMTPDST=1,3,"e@f"',
    )


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("Home", "Home"),
        ("Mr. & Mrs. O'Neill", "Mr. & Mrs. O'Neill"),
        ("Doe, John", "=?utf-8?q?Doe=2C_John?="),
        ("Home (cellar)", "=?utf-8?q?Home_=28cellar=29?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ("Küche", "=?utf-8?b?S8O8Y2hl?="),
        ('The "House"', "=?utf-8?q?The_=22House=22?="),
        ("Smith & Söhne", "=?utf-8?q?Smith_=26_S=C3=B6hne?="),
        ("家", "=?utf-8?b?5a62?="),
        ("", ""),
    ],
)
def test_a_senders_name_is_sent_as_a_header_can_carry_it(
    name: str, phrase: str
) -> None:
    assert sender_phrase(name) == phrase


@pytest.mark.parametrize("name", ["a\r\nBcc: b@c", "a\0", "\ud800"])
def test_a_senders_name_never_becomes_a_header(name: str) -> None:
    with pytest.raises(InvalidValueError):
        sender_phrase(name)


def test_a_server_needs_a_name() -> None:
    with pytest.raises(InvalidValueError) as caught:
        ServerSettings("", 25, Security.NONE, "", "", "", "a@b")
    assert caught.value.field == "host"


def _server(**values: str) -> ServerSettings:
    usual = {
        "host": "mail.example.com",
        "username": "user",
        "password": "secret",
        "sender_name": "Home",
        "sender_address": "home@example.com",
    }
    found = usual | values
    return ServerSettings(
        found["host"],
        465,
        Security.TLS,
        found["username"],
        found["password"],
        found["sender_name"],
        found["sender_address"],
    )


@pytest.mark.parametrize(
    ("field", "value", "reason", "limit"),
    [
        ("host", "h" * 201, "too_long", 200),
        ("host", "mail.exämple.com", "not_ascii", None),
        ("username", "u" * 256, "too_long", 255),
        ("username", "ü" * 128, "too_long", 255),
        ("password", "p" * 256, "too_long", 255),
        ("password", "a\0b", "forbidden_character", None),
        ("password", "a\nb", "forbidden_character", None),
        ("sender_name", "n" * 256, "too_long", 255),
        ("sender_name", "a\r\nBcc: b@c", "forbidden_character", None),
        ("sender_address", "x" * 243 + "@example.com", "too_long", 254),
    ],
)
def test_what_no_mail_server_takes_is_refused_by_field(
    field: str, value: str, reason: str, limit: int | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        _server(**{field: value})
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert caught.value.limit == limit


@pytest.mark.parametrize("field", ["username", "password", "sender_name"])
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=255))
def test_any_text_of_an_account_is_the_modem_s_or_named_as_not_so(
    field: str, value: str
) -> None:
    assume(len(value.encode()) <= 255)
    server = _server(**{field: value})
    sent = sender_phrase(value) if field == "sender_name" else value
    fits = sent.isascii() and '"' not in sent and len(sent) <= 50
    if fits:
        commands = server.commands(context_id=1)
        assert any(f'"{sent}"' in line for _, line in commands)
        return
    with pytest.raises(InvalidValueError) as caught:
        server.commands(context_id=1)
    assert caught.value.field == field


@pytest.mark.parametrize(("value", "limit"), [(-1, 0), (17, 16)])
def test_a_number_outside_its_range_is_refused(value: int, limit: int) -> None:
    with pytest.raises(InvalidValueError) as caught:
        integer(value, "context", 0, 16)
    assert (caught.value.reason, caught.value.limit) == ("out_of_range", limit)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('+COPS: 0,0,"CHN, UNICOM",7', ("0", "0", "CHN, UNICOM", "7")),
        ('+QSMTPSUB: 0,""', ("0", "")),
        ('+X: "never closed, 1', ("never closed, 1",)),
        ("+X: 1 , 2 ,", ("1", "2", "")),
        ("+X:", ("",)),
        ("no colon", ()),
        ('+QFLST: "UFS:a",1', ("UFS:a", "1")),
    ],
)
def test_parameters_are_split_at_the_commas_between_them(
    line: str, found: tuple[str, ...]
) -> None:
    assert parameters(line) == found


@given(st.text())
def test_taking_apart_any_text_raises_nothing(text: str) -> None:
    assert len(fields(text)) >= 1
    number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-1", -1),
        ("", None),
        ("1.5", None),
        ("٣", None),
        ("1" * 10, None),
        ("--1", None),
    ],
)
def test_a_number_is_a_short_decimal_or_none(text: str, value: int | None) -> None:
    assert number(text) == value


@given(st.integers(0, 10**9 - 1))
def test_what_stands_in_quotation_marks_is_no_number(value: int) -> None:
    quoted, plain = parameters(f'+X: "{value}",{value}')
    assert quoted == plain
    assert number(quoted) is None
    assert number(plain) == value


def test_a_commands_name_has_none_of_its_parameters() -> None:
    assert command_name('AT+CPIN="1234"') == "AT+CPIN"
    assert command_name("AT+CPIN?") == "AT+CPIN?"
    assert hex_string(b"TEST SMTP") == "5445535420534D5450"
