"""Whatever the modem does at any step of a send, every email arrives.

It arrives once; or twice, the second marked, where its result was lost for good, or the
modem reported an error that may follow acceptance. Nothing of any fault stays behind.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
import itertools
from pathlib import Path

import pytest

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.observations import Phase
from tests.virtual_modem.profiles import MailClient

from .left_over import Figures
from .scene import Route, Scene, scene
from .test_ports import IMEI

# A send from the opening of the port to the clearing away of what was sent.
_STEPS = (
    "ATQ0V1E0",
    "ATE0",
    "CMEE",
    "CGSN",
    "CPIN\\?",
    "CEREG\\?",
    "QICSGP=",
    "QIACT=",
    "QFLST",
    'QSMTPCFG="smtpserver"',
    'QSMTPCFG="account"',
    "QSMTPDST=1",
    "QSMTPSUB=",
    "QSMTPBODY=",
    "QSMTPPUT=",
    "QSMTPCLR",
)
_PDPDEACT = '+QIURC: "pdpdeact",7'
_MOMENTS = (Moment.RECEIPT, Moment.BEFORE_FINAL, Moment.AFTER_FINAL)
_GONE = (Action.REBOOT, Action.PDPDEACT)

LOSSES = [
    *(
        Fault(action, step, moment)
        for step, action, moment in itertools.product(_STEPS, _GONE, _MOMENTS)
    ),
    *(
        Fault(action, "QSMTPBODY=", moment, 100 if moment is Moment.MID_DATA else 0)
        for action, moment in itertools.product(
            _GONE, (Moment.BEFORE_CONNECT, Moment.AFTER_CONNECT, Moment.MID_DATA)
        )
    ),
    *(
        Fault(action, "QSMTPPUT=", moment)
        for action, moment in itertools.product(
            _GONE, (Moment.BEFORE_RESULT, Moment.AFTER_RESULT)
        )
    ),
]
"""The modem restarts, or the network takes the data connection away."""

_LINES = [
    fault
    for step in _STEPS
    for fault in (
        Fault(Action.HANGUP, step, seconds=0.2),
        Fault(Action.DROP, step, Moment.BEFORE_FINAL),
        Fault(Action.DROP, step, Moment.RECEIPT),
        Fault(Action.ERROR, step, code=0),
        Fault(Action.URC, step, Moment.LINE, text=_PDPDEACT),
        Fault(Action.URC, step, Moment.OUTPUT, offset=3, text=_PDPDEACT),
        Fault(Action.NOISE, step, Moment.LINE, size=200),
        Fault(Action.CHOP, step, Moment.LINE, size=1, seconds=0.001),
        Fault(Action.GLUE, step, seconds=0.2),
        Fault(Action.DELAY, step, Moment.BEFORE_FINAL, seconds=2.5),
        Fault(Action.SILENCE, step, seconds=1),
    )
]
_DATA = [
    Fault(Action.HANGUP, "QSMTPBODY=", Moment.BEFORE_CONNECT, seconds=0.2),
    Fault(Action.HANGUP, "QSMTPBODY=", Moment.AFTER_CONNECT, seconds=0.2),
    Fault(Action.HANGUP, "QSMTPBODY=", Moment.MID_DATA, offset=100, seconds=0.2),
    Fault(Action.DROP, "QSMTPBODY=", Moment.BEFORE_CONNECT),
    Fault(Action.LOSE, "QSMTPBODY=", Moment.AFTER_CONNECT, size=10),
    Fault(Action.LOSE, "QSMTPBODY=", Moment.MID_DATA, offset=100, size=10),
]
_RESULTS = [
    Fault(Action.HANGUP, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=0.2),
    Fault(Action.HANGUP, "QSMTPPUT=", Moment.AFTER_FINAL, seconds=0.2),
    Fault(Action.DROP, "QSMTPPUT=", Moment.BEFORE_RESULT),
    Fault(Action.RESULT, "QSMTPPUT=", Moment.BEFORE_RESULT, code=654),
    Fault(Action.RESULT, "QSMTPPUT=", Moment.BEFORE_RESULT, code=799),
    Fault(Action.RESULT_FIRST, "QSMTPPUT="),
    Fault(Action.URC, "QSMTPPUT=", Moment.BEFORE_RESULT, text=_PDPDEACT),
    Fault(Action.NOISE, "QSMTPPUT=", Moment.BEFORE_RESULT, size=200),
    Fault(Action.DELAY, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=1),
]
NOISES = [*_LINES, *_DATA, *_RESULTS]
"""The line is noisy, slow or cut; the modem is silent, or says what it should not."""
# One step of each kind for every change, all of them in the long run.
_FEW = [
    *(fault for fault in _LINES if fault.command in ("QSMTPSUB=", "QSMTPPUT=")),
    *_DATA,
    *_RESULTS,
]

# At its receipt: the command is not carried out.
_UNHEARD = (Action.REBOOT, Action.DROP, Action.ERROR)
_SCENES = 6
"""Each is mostly waiting: several at a time take hardly longer than one."""
# Seconds that the modem waits for bytes that were lost on the line.
_PATIENCE = 5.0
# Whatever reaches the modem then is lost.
_DEAF = (Phase.OFF, Phase.BOOTING, Phase.SILENT)


def may_repeat(fault: Fault) -> bool:
    """Whether the server may have the email, and we no result that says so."""
    if fault.command != "QSMTPPUT=":
        return False
    return fault.moment is not Moment.RECEIPT or fault.action not in _UNHEARD


def check_line(virtual: VirtualModem) -> None:
    """Check that nothing of an email ever stood where commands are read."""
    for seen in virtual.commands():
        # An escape may come where there is no data mode, and one that nobody knew of
        # may take the beginning of our greeting.
        line = seen.line.lstrip("+").upper()
        assert line.startswith("AT") or "ATQ0V1E0".endswith(line), seen
        assert "basement" not in seen.line, seen
    for stray in virtual.strays():
        assert stray.phase in _DEAF or b"basement" not in stray.data, stray


type Judge = Callable[[Fault], bool]


async def suffer(set_scene: Scene, fault: Fault, repeats: Judge) -> None:
    """Send an email from a cold start through a fault, then one without it."""
    virtual, engine = set_scene.virtual, set_scene.engine
    assert engine is not None
    virtual.hangup()
    await engine.until(lambda heard: not heard.status.get("connected"))
    number = virtual.fault(fault)
    first = await set_scene.submit(f"Through {number}")
    virtual.plug()
    await set_scene.until_over(first)
    second = await set_scene.submit(f"After {number}")
    await set_scene.until_over(second)
    assert virtual.fault_strikes(number) == 1, fault
    copies = set_scene.mailbox.copies()
    assert len(copies[first]) == 1 or repeats(fault), fault
    assert copies[second] == [False], fault
    check_line(virtual)
    virtual.forget()


async def suffer_part(
    folder: Path, faults: Sequence[Fault], route: Route, repeats: Judge
) -> Counter[str]:
    """Let the same process suffer many faults; nothing of any stays with it."""
    folder.mkdir()
    patience = {"shortest_patience": _PATIENCE}
    async with scene(
        folder, route, settings=patience, imei=IMEI, idle=20, late=200
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        await suffer(set_scene, faults[0], repeats)
        before = await Figures.of(set_scene)
        for fault in faults[1:]:
            await suffer(set_scene, fault, repeats)
        await before.check(set_scene)
        return set_scene.check(repeats=sum(map(repeats, faults)))


async def suffer_all(
    folder: Path,
    faults: Sequence[Fault],
    route: Route,
    repeats: Judge = may_repeat,
) -> None:
    """Let several processes, each with a modem of its own, share the faults.

    repeats: after which of them an email may come twice
    """
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                suffer_part(
                    folder / str(number), faults[number::_SCENES], route, repeats
                )
            )
            for number in range(_SCENES)
        ]
    total = sum((task.result() for task in tasks), Counter())
    print(f"{len(faults)} faults: {dict(total)}")  # noqa: T201 - figures of the run


async def test_a_modem_that_is_lost_at_any_step_of_a_send_costs_no_email(
    tmp_path: Path,
    mail_client: MailClient,
) -> None:
    await suffer_all(tmp_path, LOSSES, Route(mail_client))


async def test_a_bad_line_in_a_send_costs_no_email(
    tmp_path: Path, mail_client: MailClient
) -> None:
    await suffer_all(tmp_path, _FEW, Route(mail_client))


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_bad_line_at_any_step_of_a_send_costs_no_email(
    tmp_path: Path, mail_client: MailClient
) -> None:
    await suffer_all(tmp_path, NOISES, Route(mail_client))
