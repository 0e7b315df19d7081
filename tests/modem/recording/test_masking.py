"""What identifies a person, a SIM or a place is masked, in its own shape."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.recording.masking import Rule, mask, sweep
from custom_components.quectel_smtp.modem.recording.questions import QUESTIONS

RULES = {rule.command: rule for rule in QUESTIONS}


@pytest.mark.parametrize(
    ("command", "line", "shown"),
    [
        ("AT+CGSN", "867730050000017", "123456789012345"),
        ("AT+CGSN", '+CGSN: "867730050000017"', '+CGSN: "123456789012345"'),
        ("AT+CIMI", "460010123456789", "123456789012345"),
        ("AT+QCCID", "+QCCID: 8986012180123456789F", "+QCCID: 1234567890123456789F"),
        (
            "AT+CEREG?",
            '+CEREG: 2,1,"1A2B","0C3D4E01",7',
            '+CEREG: 2,1,"1234","12345678",7',
        ),
        ("AT+CEREG?", '+CEREG: 1,"1A2B","0C3D4E01",7', '+CEREG: 1,"1234","12345678",7'),
        ("AT+CSQ", '+CREG: 5,"BEEF","CAFE"', '+CREG: 5,"xxxx","xxxx"'),
        ("AT+COPS?", '+COPS: 0,0,"CHN-UNICOM",7', '+COPS: 0,0,"CHN-UNICOM",7'),
        (
            "AT+CGDCONT?",
            '+CGDCONT: 1,"IPV4V6","cmnet","0.0.0.0",0,0',
            '+CGDCONT: 1,"IPV4V6","xxxxx","1.1.1.1",0,0',
        ),
        (
            "AT+QICSGP=1",
            '+QICSGP: 1,"internet","home","s3cret",2',
            '+QICSGP: 1,"xxxxxxxx","xxxx","xxxxxx",2',
        ),
        # A number of two digits may be a password, too.
        (
            "AT+QICSGP=1",
            '+QICSGP: 1,"","7","42",0',
            '+QICSGP: 1,"","1","12",0',
        ),
        ('AT+QCFG="urc/cache"', '+QCFG: "urc/cache",1', '+QCFG: "urc/cache",1'),
        ("AT+CGPADDR", '+CGPADDR: 1,"2408:84::1f"', '+CGPADDR: 1,"1234:12::12"'),
        ("AT+QIACT?", '+QIACT: 1,1,1,"10.7.157.1"', '+QIACT: 1,1,1,"12.1.123.1"'),
        ("AT+QSMTPDST?", '+QSMTPDST: 1,"me@home.org"', '+QSMTPDST: 1,"xx@xxxx.xxx"'),
        ("AT+QSMTPSUB?", '+CSMTPSUB: 0,"My, subject"', '+CSMTPSUB: 0,"xxxxxxxxxxx"'),
        ('AT+QFLST="*"', '+QFLST: "UFS:my key.pem",42', '+QFLST: "UFS:xxxxxx.pem",42'),
        (
            'AT+QFLST="*"',
            '+QFLST: "UFS:qsmtp_ca_1.pem",42',
            '+QFLST: "UFS:qsmtp_ca_1.pem",42',
        ),
        ('AT+QFLST="*"', '+QFLST: ".pem",42', '+QFLST: ".pem",42'),
        (
            'AT+QSSLCFG="cacert",1',
            '+QSSLCFG: "cacert",1,"x y"',
            '+QSSLCFG: "cacert",1,"xxx"',
        ),
        ("ATI", "Revision: EC200NCNAAR03A05M16", "Revision: EC200NCNAAR03A05M16"),
        ("ATI", "IMEI: 867730050000017", "IMEI: 123456789012345"),
        ("AT+CSQ", "+CSQ: 24,99", "+CSQ: 24,99"),
        ("AT+CSQ", "+CME ERROR: SIM not inserted", "+CME ERROR: SIM not inserted"),
        ("AT+CSQ", '+CLIP: "+4912345678",145', '+CLIP: "xxxxxxxxxxx",123'),
        (
            "AT+CSQ",
            '+QSMTPCFG: "account","me","p@ss"',
            '+QSMTPCFG: "xxxxxxx","xx","x@xx"',
        ),
        ("AT+CSQ", "RDY", "RDY"),
        ("AT+CSQ", '+QIND: "mail for jane"', '+QIND: "xxxxxxxxxxxxx"'),
        ("AT+CSQ", "hello jane", "xxxxxxxxxx"),
        ("AT+QNWINFO", '+QNWINFO: "FDD LTE","46001"', '+QNWINFO: "FDD LTE","46001"'),
    ],
)
def test_a_line_keeps_its_shape_and_loses_what_it_tells(
    command: str, line: str, shown: str
) -> None:
    received = f"{command}\r\r\n{line}\r\n\r\nOK\r\n"
    expected = f"{command}\r\r\n{shown}\r\n\r\nOK\r\n"
    assert mask(RULES[command], received.encode()).shown.decode() == expected


def test_a_text_message_is_masked_with_the_line_that_announces_it() -> None:
    received = (
        b'\r\n+CMT: "+4912345678"\r\nMeet me\r\n\r\nQuectel\r\n\r\nOK\r\nEC25\r\n'
    )
    masked = mask(RULES["ATI"], received)
    assert b"Meet" not in masked.shown
    assert masked.shown.endswith(b"\r\nOK\r\nEC25\r\n")


def test_an_identity_that_a_result_code_tears_in_two_is_masked() -> None:
    received = b"\r\n8677300\r\nRDY\r\n50000017\r\n\r\nOK\r\n"
    masked = mask(RULES["AT+CGSN"], received)
    assert masked.shown == b"\r\n1234567\r\nRDY\r\n12345678\r\n\r\nOK\r\n"


def test_what_is_masked_in_one_answer_is_masked_in_every_other() -> None:
    masked = mask(
        RULES["AT+CGDCONT?"], b'\r\n+CGDCONT: 1,"IP","Home.Apn"\r\n\r\nOK\r\n'
    )
    assert masked.taken == {b"Home.Apn"}
    assert sweep(b"+QCFG: home.apn,2", masked.taken) == b"+QCFG: xxxxxxxx,2"
    assert sweep(b"+CSQ: 24,99", {b"24"}) == b"+CSQ: 24,99"


@given(st.sampled_from(QUESTIONS), st.binary(max_size=200))
def test_masking_never_fails_and_never_changes_a_length(
    rule: Rule, noise: bytes
) -> None:
    for received in (noise, rule.prefix + noise, b"+X: " + noise):
        masked = mask(rule, received)
        assert len(masked.shown) == len(received)
        assert len(sweep(masked.shown, masked.taken)) == len(received)


@given(st.sampled_from(QUESTIONS), st.text("0123456789", min_size=14, max_size=20))
def test_no_number_of_a_sim_or_modem_passes(rule: Rule, digits: str) -> None:
    for line in (
        digits,
        f"+X: {digits}",
        f'{rule.prefix!r} 1,"{digits}"',
        f"IMEI {digits}",
    ):
        shown = mask(rule, f"\r\n{line}\r\n".encode()).shown
        assert digits.encode() not in shown or digits.startswith("12345678901234")


def test_a_line_longer_than_any_answer_is_masked_as_a_whole() -> None:
    flood = b"x" * 30_000 + b" jane@example.com"
    masked = mask(Rule("ATI", bare=True), flood + b"\r\nQuectel\r\n")
    assert masked.shown == b"x" * len(flood) + b"\r\nxxxxxxx\r\n"
