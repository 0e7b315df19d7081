"""What the modem counts of its data connection is read for what it is, or not at all."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.errors import NoAnswerError
from custom_components.quectel_smtp.modem.network.traffic import Traffic, counter
from tests.modem.scripted_modem import ScriptedModem
from tests.modem.scripted_port import ERROR, OK, frame, open_port
from tests.modem.virtual_time import run, virtual_time

QUESTION = "AT+QGDCNT?"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (frame("+QGDCNT: 3832,4618"), Traffic(3832, 4618)),
        (frame("+QGDCNT: 0,0,1"), Traffic()),
        # Some firmware has no line for it, or the command not at all.
        (OK, None),
        (ERROR, None),
        (frame("+QGDCNT: 7"), None),
        (frame("+QGDCNT: -1,5"), None),
        (frame("+QGDCNT: a,5"), None),
    ],
)
@virtual_time
async def test_the_counter_is_read(answer: bytes, found: Traffic | None) -> None:
    port = open_port()
    port.answers[QUESTION] = answer
    assert await counter(port.channel) == found
    assert port.lines == [QUESTION]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_answer_is_too_odd(text: str) -> None:
    async def ask() -> None:
        port = open_port()
        port.answers[QUESTION] = frame(f"+QGDCNT: {text}")
        found = await counter(port.channel)
        assert found is None or found >= Traffic()

    run(ask())


@virtual_time
async def test_a_modem_that_does_not_count_is_asked_once() -> None:
    bench = ScriptedModem()
    bench.answers[QUESTION] = ERROR
    modem = bench.modem()
    await modem.open()
    assert await modem.traffic() == (None, Traffic())
    assert await modem.traffic() == (None, Traffic())
    assert bench.lines.count(QUESTION) == 1


@virtual_time
async def test_a_modem_that_falls_silent_at_it_is_asked_once() -> None:
    bench = ScriptedModem()
    bench.answers[QUESTION] = None
    modem = bench.modem()
    await modem.open()
    with pytest.raises(NoAnswerError):
        await modem.traffic()
    assert await modem.traffic() == (None, Traffic())
    assert bench.lines.count(QUESTION) == 1
    # Behind a port that is opened anew may be another one.
    bench.answers[QUESTION] = frame("+QGDCNT: 1,2")
    await modem.open()
    assert await modem.traffic() == (Traffic(1, 2), Traffic())
