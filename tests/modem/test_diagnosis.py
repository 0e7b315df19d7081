"""What a modem tells of itself to whoever looks for a fault, and what it does not."""

from custom_components.quectel_smtp.modem.at.conversation import Speaker
from custom_components.quectel_smtp.modem.mail.smtp import Result

from .scripted_modem import IMEI
from .test_modem import bench_that_sends, send
from .virtual_time import virtual_time


@virtual_time
async def test_what_was_said_is_there_without_secrets_and_outlives_the_port() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await modem.identify()
    assert (await send(modem)).result is Result.SENT
    open_one = modem.diagnosis()
    assert open_one.connected
    assert open_one.profile is not None
    said = [line.text for line in open_one.conversation]
    assert said[0] == "the port was opened"
    assert said[1:3] == ["ATQ0V1E0", "OK"]
    for shown in ("AT+QSMTPSUB", "+QSMTPPUT: 0,250", 'AT+QSMTPCFG="ssltype",0'):
        assert shown in said or shown.partition("=")[0] in said
    for private in (IMEI, "secret", "mail.example.com", "Hello", "a@example.com"):
        assert private not in "".join(said)
    await modem.close()
    closed = modem.diagnosis()
    assert not closed.connected
    assert closed.profile is None
    assert closed.garbled == closed.unhandled == 0
    assert closed.conversation[-1].speaker is Speaker.NOTE
    assert [line.text for line in closed.conversation[:-1]] == said


@virtual_time
async def test_lines_that_nobody_owned_are_counted() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    before = modem.diagnosis().unhandled
    bench.port.receive(b"\r\nnobody's\r\n")
    assert modem.diagnosis().unhandled == before + 1
    assert modem.diagnosis().conversation[-1].text == "…"
