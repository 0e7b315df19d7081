"""No text in any field, over all of Unicode, becomes a command or ends data mode."""

from collections.abc import Generator
from dataclasses import replace
import re

from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.mail.message import Message, body_bytes
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.virtual_modem.observations import Phase, TransferEnd
from tests.virtual_modem.profiles import MailClient

from .bench import SERVER, Bench

TO = ("a@example.com",)
# Everything that the driver ever sends for an email that is ready to go.
EXPECTED = re.compile(
    r"AT(E0|&D0|Q0V1E0|\+(CMEE=1|CNMI=0,0,0,0,0|CEREG=1|CGSN|QIACT\?|QIACT=1"
    r'|QICSGP=1,1,"internet","","",0|QSMTPCLR|QSMTPPUT=60|QSMTPBODY=[01],\d+,\d+'
    r'|QLTS|CCLK\?|CCLK="[^"]*"|QFLST="\*"|(QSMTPCFG|QSSLCFG|QFUPL|QICSGP)=\?'
    r'|QSMTPCFG="(contextid|ssltype|smtpserver|account|sender|bodyoriginal)",[^\r\n]*'
    r'|QSMTPDST=1,[123],"[^"]*"|QSMTPSUB=0,"[^"]*"|QSMTPSUB=1,"([0-9A-F]{2})*"))?'
)
HOSTILE = (
    "+++",
    "+++\r\nATH\r\n",
    'x"\r\nAT+CFUN=0\r\n',
    'x";+QPOWD',
    "AT+QPOWD",
    "A/",
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    ".",
    "..\n.",
    "OK\r\n",
    "ERROR",
    "CONNECT",
    "+QSMTPPUT: 0,0",
    "+CME ERROR: 30",
    "RDY",
    "\x1a",
    "\x1b",
    "\x08",
    "\x11\x13",
    "\x7f",
    "\u2028",
    "\x85",
    "\ufeff",
    "\u202e",
    "😀",
    "%s%n",
    "$(reboot)",
    "x" * 998,
    "+" * 600,
)
texts = st.one_of(
    st.text(max_size=300),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), max_size=8).map(
        "".join
    ),
)


# Short enough to be taken, with all that means something in a header (RFC 5322 3.2.3).
names = st.one_of(
    st.text('aB9,()<>@:;[]\\".=?_ \t', max_size=30),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=9),
    texts,
)


@pytest.fixture(scope="module", params=MailClient)
def bench(request: pytest.FixtureRequest) -> Generator[Bench]:
    """Give one bench for all texts, with each of the modem's mail clients."""
    with Bench(request.param) as ready:
        yield ready


def check_witness(bench: Bench) -> None:
    """Check what the modem saw: our commands only, and whole transfers."""
    for seen in bench.virtual.commands():
        assert EXPECTED.fullmatch(seen.line), seen.line
        assert seen.phase is Phase.COMMAND
        assert seen.junk == ""
    assert {transfer.end for transfer in bench.virtual.transfers()} <= {
        TransferEnd.COMPLETE
    }
    assert bench.virtual.strays() == []
    bench.virtual.forget()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(subject=texts, body=texts)
def test_a_text_arrives_as_it_was_or_is_refused(
    bench: Bench, subject: str, body: str
) -> None:
    try:
        message = Message(subject, body, TO)
        # The modem's mail client takes less than the other one.
        message.subject_command()
    except InvalidValueError:
        return
    sent = len(bench.received)
    assert bench.run(bench.send(message)).result is Result.SENT
    assert len(bench.received) == sent + 1
    assert bench.received[-1].rcpt_tos == list(TO)
    assert bench.virtual.transfers()[-1].data == body_bytes(body)
    assert bench.last_body() == body_bytes(body)
    check_witness(bench)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(name=texts, username=texts, password=texts, address=texts, to=texts)
def test_a_setting_or_an_address_is_one_value_or_is_refused(
    bench: Bench, name: str, username: str, password: str, address: str, to: str
) -> None:
    server = SERVER
    for field, value in (
        ("sender_name", name),
        ("username", username),
        ("password", password),
        ("sender_address", address),
        ("host", to),
    ):
        try:
            changed = replace(server, **{field: value})  # type: ignore[arg-type]  # texts
            # The modem's mail client takes less than the other one.
            changed.commands(1)
        except InvalidValueError:
            continue
        server = changed
    bench.run(bench.modem.configure(server))
    try:
        message = Message("Hello", "Body", (to,))
        message.destination_commands()
    except InvalidValueError:
        message = Message("Hello", "Body", TO)
    assert bench.run(bench.modem.prepare(message)) is None
    bench.run(bench.modem.clear())
    check_witness(bench)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(name=names)
@example(name="  ")
def test_a_senders_name_is_read_as_it_was_written_or_is_refused(
    bench: Bench, name: str
) -> None:
    try:
        server = replace(SERVER, sender_name=name)
        server.commands(1)
    except InvalidValueError:
        return
    bench.run(bench.send(Message("Hello", "Body", TO), server))
    (sender,) = bench.last()["From"].addresses
    # Who reads a name that stands without quotation marks takes blanks in a row for one.
    read, written = (re.sub(" +", " ", each) for each in (sender.display_name, name))
    assert (read, sender.addr_spec) == (written, SERVER.sender_address)
    check_witness(bench)


@pytest.mark.parametrize("first", range(0, 256, 32))
def test_a_body_of_every_character_up_to_ff_arrives_but_for_nul(
    bench: Bench, first: int
) -> None:
    body = "".join(map(chr, range(first, first + 32)))
    if first == 0:
        with pytest.raises(InvalidValueError):
            Message("Hello", body, TO)
        body = body[1:]
    bench.run(bench.send(Message("Hello", body, TO)))
    assert bench.virtual.transfers()[-1].data == body_bytes(body)
    assert bench.last_body() == body_bytes(body)
    check_witness(bench)


@pytest.mark.parametrize(
    "body", ["+++", "x+++", "+++x", "x" * 509 + "+++" + "y" * 400], ids=range(4)
)
def test_an_escape_sequence_in_a_body_is_text(bench: Bench, body: str) -> None:
    bench.run(bench.send(Message("Hello", body, TO)))
    assert bench.last_body() == body_bytes(body)
    check_witness(bench)


def test_a_body_of_the_longest_length_arrives_whole(bench: Bench) -> None:
    body = ("é" * 49 + "\n") * 102 + "é" * 18
    assert len(body_bytes(body)) > 10_200
    bench.run(bench.send(Message("Hello", body, TO)))
    assert bench.last_body() == body_bytes(body)
    check_witness(bench)
