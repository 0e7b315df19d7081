"""What the radio tells is read, and what it doesn't tell is unknown."""

import pytest

from custom_components.quectel_smtp.modem.mail import attachments, files, readback
from custom_components.quectel_smtp.modem.mail.message import TextCharset
from custom_components.quectel_smtp.modem.mail.readback import Subject
from custom_components.quectel_smtp.modem.network import radio
from tests.modem.scripted_port import ERROR, OK, ScriptedPort, frame, open_port
from tests.modem.virtual_time import virtual_time


def answering(line: str, answer: bytes) -> ScriptedPort:
    """Return a port that answers ``line`` so."""
    port = open_port()
    port.answers[line] = answer
    return port


@pytest.mark.parametrize(
    ("answer", "quality"),
    [
        (frame('+QCSQ: "LTE",-65,-92,15,-11'), ("LTE", -65, -92, 15, -11)),
        (frame('+QCSQ: "LTE",-65,x,15,-11'), ("LTE", -65, None, 15, -11)),
        (frame('+QCSQ: "NOSERVICE"'), None),
        (OK, None),
        (ERROR, None),
    ],
)
@virtual_time
async def test_quality_is_read_or_unknown(
    answer: bytes, quality: tuple[str, int, int, int, int] | None
) -> None:
    found = await radio.quality(answering("AT+QCSQ", answer).channel)
    assert found == (None if quality is None else radio.Quality(*quality))


@pytest.mark.parametrize(
    ("answer", "cell"),
    [
        (
            frame('+QNWINFO: "FDD LTE","46011","LTE BAND 3",1650'),
            radio.Cell("FDD LTE", "46011", "LTE BAND 3", 1650),
        ),
        (
            frame('+QNWINFO: "FDD LTE",46011,"LTE BAND 3",x'),
            radio.Cell("FDD LTE", "46011", "LTE BAND 3", None),
        ),
        (frame("+QNWINFO: No Service"), None),
        (ERROR, None),
    ],
)
@virtual_time
async def test_the_cell_is_read_or_unknown(
    answer: bytes, cell: radio.Cell | None
) -> None:
    assert await radio.cell(answering("AT+QNWINFO", answer).channel) == cell


@pytest.mark.parametrize(
    ("answer", "imsi"),
    [(frame("460010123456789"), "460010123456789"), (OK, None), (ERROR, None)],
)
@virtual_time
async def test_the_subscriber_is_read_or_unknown(
    answer: bytes, imsi: str | None
) -> None:
    assert await radio.subscriber(answering("AT+CIMI", answer).channel) == imsi


@pytest.mark.parametrize(
    ("answer", "value"), [(frame("+CFUN: 4"), 4), (OK, None), (ERROR, None)]
)
@virtual_time
async def test_functionality_is_read_or_unknown(
    answer: bytes, value: int | None
) -> None:
    assert await radio.functionality(answering("AT+CFUN?", answer).channel) == value


@virtual_time
async def test_lines_without_numbers_are_left_out_of_lists() -> None:
    port = open_port()
    port.answers |= {
        "AT+CGACT?": frame("+CGACT: 1,1", "+CGACT: x,1", "+CGACT: 2,0", "+CGACT:"),
        "AT+QSMTPDST?": frame('+QSMTPDST: 1,"a@b"', "+QSMTPDST: x"),
        "AT+QSMTPATT?": frame('+QSMTPATT: 1,"UFS:a",2', "+QSMTPATT: x"),
    }
    assert await radio.active_contexts(port.channel) == (1,)
    assert len(await readback.recipients(port.channel)) == 1
    assert await attachments.attached(port.channel) == (
        attachments.Attached(1, "a", 2),
    )


@pytest.mark.parametrize(
    ("answer", "free"),
    [(frame("+QFLDS: 180224,286720"), 180224), (OK, None), (ERROR, None)],
)
@virtual_time
async def test_free_space_is_read_or_unknown(answer: bytes, free: int | None) -> None:
    assert await files.free_space(answering('AT+QFLDS="UFS"', answer).channel) == free


@pytest.mark.parametrize(
    ("answer", "subject"),
    [
        (frame('+CSMTPSUB: 0,""'), Subject(TextCharset.ASCII, "")),
        (frame('+QSMTPSUB: 1,"C3BC"'), Subject(TextCharset.UTF_8, "ü")),
        (frame('+QSMTPSUB: 1,"C3"'), None),
        (frame('+QSMTPSUB: 1,"zz"'), None),
        (frame('+QSMTPSUB: 9,""'), None),
        (frame("+QSMTPSUB: 0"), None),
        (OK, None),
    ],
)
@virtual_time
async def test_the_subject_is_read_back_or_unknown(
    answer: bytes, subject: Subject | None
) -> None:
    port = answering("AT+QSMTPSUB?", answer)
    assert await readback.subject(port.channel) == subject


@pytest.mark.parametrize("answer", [OK, frame("+QSMTPPUT: (a-b)")])
@virtual_time
async def test_a_range_that_is_not_told_is_unknown(answer: bytes) -> None:
    assert await readback.put_times(answering("AT+QSMTPPUT=?", answer).channel) is None


@virtual_time
async def test_a_setting_without_its_line_is_empty() -> None:
    assert await readback.setting(open_port().channel, "sender") == ()
