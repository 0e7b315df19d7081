"""The last lines that are kept for whoever looks for a fault hold nothing private."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.conversation import (
    LINES,
    MASK,
    Conversation,
    Said,
    Speaker,
    masked_command,
    masked_line,
)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("+CSQ: 24,99", "+CSQ: 24,99"),
        ("+CPIN: SIM PIN", "+CPIN: SIM PIN"),
        ("+CME ERROR: 677", "+CME ERROR: 677"),
        ("+QSMTPPUT: 0,250", "+QSMTPPUT: 0,250"),
        ('+CEREG: 1,1,"1A2B","01A2B3C4",7', "+CEREG: 1,1,…,…,7"),
        ('+COPS: 0,0,"Example Mobile",7', "+COPS: 0,0,…,7"),
        ('+QIACT: 1,1,1,"10.20.30.40"', "+QIACT: 1,1,1,…"),
        ("+CGPADDR: 1,10.20.30.40", "+CGPADDR: 1,…"),
        ('+QIURC: "recv",0', '+QIURC: "recv",0'),
        ('+QIURC: "dnsgip","203.0.113.9"', '+QIURC: "dnsgip",…'),
        ('+QSSLCFG: "sslversion",(0-5),(0-4)', '+QSSLCFG: "sslversion",(0-5),(0-4)'),
        ("+QISEND: (0-11),(0-1460)", "+QISEND: (0-11),(0-1460)"),
        ('+QCSQ: "LTE",-71,-103,118,-12', '+QCSQ: "LTE",-71,-103,118,-12'),
        ('+QSMTPDST: 1,1,"anna@example.com"', "+QSMTPDST: 1,1,…"),
        ('+QSMTPDST: 1,1,"anna@exam', "+QSMTPDST: 1,1,…"),
        ("+CREG: 0,1,6699,27447", "+CREG: 0,1,…,…"),
        ("867730050000017", MASK),
        ("EC200ACNHAR01A01M16", MASK),
        ('AT+CPIN="1234"', MASK),
        ("", MASK),
    ],
)
def test_of_a_line_only_what_is_known_to_be_harmless_is_kept(
    line: str, kept: str
) -> None:
    assert masked_line(line) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("ATQ0V1E0", "ATQ0V1E0"),
        ("AT+CPIN?", "AT+CPIN?"),
        ("AT+QSMTPCFG=?", "AT+QSMTPCFG=?"),
        ('AT+QICFG="qisend/timeout",120', 'AT+QICFG="qisend/timeout",120'),
        ('AT+QIDNSGIP=1,"mail.canary.example"', "AT+QIDNSGIP=1,…"),
        (
            'AT+QIOPEN=1,0,"TCP","mail.canary.example",465,0,0',
            'AT+QIOPEN=1,0,"TCP",…,465,0,0',
        ),
        ("AT+QSMTPPUT=300", "AT+QSMTPPUT=300"),
        ("anything", MASK),
    ],
)
def test_of_a_command_words_of_ours_and_numbers_are_shown(line: str, kept: str) -> None:
    assert masked_command(line) == kept


def test_of_a_secret_command_there_is_its_name() -> None:
    conversation = Conversation()
    conversation.wrote(Command('AT+CPIN="1234"', secret=True), 1.0)
    conversation.heard("OK", 1.5)
    conversation.note("the port was lost", 2.0)
    assert conversation.said() == (
        Said(1.0, Speaker.WE, "AT+CPIN"),
        Said(1.5, Speaker.MODEM, "OK"),
        Said(2.0, Speaker.NOTE, "the port was lost"),
    )


@pytest.mark.parametrize(
    "line", ["OK", "+CSQ: 24,99", "+QIRD: 1460", "+CME ERROR: 677", "+CREG: 0,1,6699"]
)
def test_a_line_is_kept_as_it_is_masked(line: str) -> None:
    """Also the plain ones, which are looked at once."""
    conversation = Conversation()
    conversation.heard(line, 1.0)
    (said,) = conversation.said()
    assert said.text == (line if line == "OK" else masked_line(line))


def test_the_last_lines_are_kept_and_no_more() -> None:
    conversation = Conversation()
    for number in range(LINES + 50):
        conversation.wrote(Command(f"AT+CFUN={number}"), float(number))
    said = conversation.said()
    assert len(said) == LINES
    assert said[0].text == "AT+CFUN=50"


_PRIVATE = st.one_of(
    st.from_regex(r"[a-z.]{3,20}@[a-z]{3,20}\.example", fullmatch=True),
    st.from_regex(r"\+?[0-9]{7,20}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
    st.from_regex(r"[A-Za-z]{2,10} [a-z]{3,12}", fullmatch=True),
)
_NAMES = st.sampled_from(
    ["CSQ", "CEREG", "COPS", "CPIN", "QSMTPDST", "QIURC", "QSMTPPUT", "CGSN", "QCSQ"]
)


@given(
    _NAMES, st.lists(st.integers(0, 99).map(str), max_size=3), _PRIVATE, st.booleans()
)
def test_no_private_value_is_kept_wherever_it_stands(
    name: str, others: list[str], private: str, quoted: bool
) -> None:
    value = f'"{private}"' if quoted else private
    for line in (
        f"+{name}: {','.join([*others, value, '7'])}",
        f"+{name}: {value}",
        value,
    ):
        assert private not in masked_line(line)
        conversation = Conversation()
        conversation.heard(line, 1.0)
        assert private not in conversation.said()[0].text
    assert private not in masked_command(f"AT+{name}={','.join([*others, value])}")


@given(st.text())
def test_any_text_can_be_masked_and_once_is_enough(text: str) -> None:
    kept = masked_line(text)
    assert masked_line(kept) == kept
    masked_command(text)
