"""Whatever the modem does at any step of a send by the stream, every email arrives.

As ``test_steps.py`` has it of the modem's own mail client.
"""

from dataclasses import replace
import itertools
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.records import Way
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .scene import Route
from .test_steps import suffer_all

_BY_STREAM = Route(way=Way.STREAM)
_PDPDEACT = '+QIURC: "pdpdeact",1'
_MOMENTS = (Moment.RECEIPT, Moment.BEFORE_FINAL, Moment.AFTER_FINAL)
_GONE = (Action.REBOOT, Action.PDPDEACT)
_SEND, _READ = "QISEND=10,", "QIRD=10,"
# EHLO, MAIL, RCPT, DATA, and the text in three pieces.
_DATA, _TEXT, _END = 3, 4, 6
# Each reply is read, and then there is no more: greeting, EHLO, MAIL, RCPT, DATA, text.
_LAST_REPLY = 10

# A send from the first command that the module's own way has not, and what it says.
_STEPS = (
    Fault(Action.DROP, "QISEND=\\?"),
    Fault(Action.DROP, "QIRD=\\?"),
    Fault(Action.DROP, 'QICFG="viewmode"'),
    Fault(Action.DROP, "QIOPEN="),
    Fault(Action.DROP, _READ),
    Fault(Action.DROP, _SEND),
    Fault(Action.DROP, _SEND, skip=_DATA),
    Fault(Action.DROP, _SEND, skip=_TEXT),
    Fault(Action.DROP, _SEND, skip=_END),
    Fault(Action.DROP, _READ, skip=_LAST_REPLY),
    Fault(Action.DROP, "QICLOSE="),
)

LOSSES = [
    *(
        replace(step, action=action, moment=moment)
        for step, action, moment in itertools.product(_STEPS, _GONE, _MOMENTS)
    ),
    *(
        Fault(action, "QIOPEN=", moment)
        for action, moment in itertools.product(
            _GONE, (Moment.BEFORE_RESULT, Moment.AFTER_RESULT)
        )
    ),
    *(
        Fault(action, _SEND, moment, 100 * (moment is Moment.MID_DATA), skip=_TEXT)
        for action, moment in itertools.product(
            _GONE, (Moment.BEFORE_CONNECT, Moment.AFTER_CONNECT, Moment.MID_DATA)
        )
    ),
]
"""The modem restarts, or the network takes the data connection away."""

NOISES = [
    *(
        replace(fault, command=step.command, skip=step.skip)
        for step in _STEPS
        for fault in (
            Fault(Action.HANGUP, "", seconds=0.2),
            Fault(Action.DROP, "", Moment.BEFORE_FINAL),
            Fault(Action.DROP, "", Moment.RECEIPT),
            Fault(Action.ERROR, "", code=0),
            Fault(Action.URC, "", Moment.LINE, text=_PDPDEACT),
            Fault(Action.NOISE, "", Moment.LINE, size=200),
            Fault(Action.CHOP, "", Moment.LINE, size=1, seconds=0.001),
            Fault(Action.GLUE, "", seconds=0.2),
            Fault(Action.DELAY, "", Moment.BEFORE_FINAL, seconds=2.5),
            Fault(Action.SILENCE, "", seconds=1),
        )
    ),
    Fault(Action.HANGUP, _SEND, Moment.BEFORE_CONNECT, skip=_TEXT, seconds=0.2),
    Fault(Action.HANGUP, _SEND, Moment.AFTER_CONNECT, skip=_TEXT, seconds=0.2),
    Fault(Action.HANGUP, _SEND, Moment.MID_DATA, 100, skip=_TEXT, seconds=0.2),
    Fault(Action.DROP, _SEND, Moment.BEFORE_CONNECT, skip=_TEXT),
    Fault(Action.LOSE, _SEND, Moment.AFTER_CONNECT, skip=_TEXT, size=10),
    Fault(Action.LOSE, _SEND, Moment.MID_DATA, 100, skip=_TEXT, size=10),
    Fault(Action.DROP, "QIOPEN=", Moment.BEFORE_RESULT),
    Fault(Action.RESULT, "QIOPEN=", Moment.BEFORE_RESULT, code=566),
    Fault(Action.RESULT_FIRST, "QIOPEN="),
]
"""The line is noisy, slow or cut; the modem is silent, or says what it should not."""


def may_repeat(fault: Fault) -> bool:
    """Whether the server may have the email, and we no reply that says so."""
    return fault.skip >= _END


async def test_a_modem_that_is_lost_at_some_steps_of_a_stream_costs_no_email(
    tmp_path: Path,
) -> None:
    await suffer_all(tmp_path, LOSSES[::4], _BY_STREAM, may_repeat)


async def test_a_bad_line_at_some_steps_of_a_stream_costs_no_email(
    tmp_path: Path,
) -> None:
    await suffer_all(tmp_path, NOISES[::7], _BY_STREAM, may_repeat)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("faults", [LOSSES, NOISES], ids=["losses", "noises"])
async def test_no_fault_at_any_step_of_a_stream_costs_an_email(
    faults: list[Fault], tmp_path: Path
) -> None:
    await suffer_all(tmp_path, faults, _BY_STREAM, may_repeat)
