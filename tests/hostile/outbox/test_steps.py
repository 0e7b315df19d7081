"""At whatever step of a send the modem restarts or loses its data connection.

Every email arrives all the same, once; or twice, the second marked, where its result
was lost for good.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
import itertools
from pathlib import Path

from tests.virtual_modem.fault_model import Action, Fault, Moment

from .left_over import Figures
from .scene import Scene, scene
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
_ACTIONS = (Action.REBOOT, Action.PDPDEACT)
_MOMENTS = (Moment.RECEIPT, Moment.BEFORE_FINAL, Moment.AFTER_FINAL)
_IN_DATA = (Moment.BEFORE_CONNECT, Moment.AFTER_CONNECT, Moment.MID_DATA)
_AROUND_RESULT = (Moment.BEFORE_RESULT, Moment.AFTER_RESULT)

FAULTS = [
    *(
        Fault(action, step, moment)
        for step, action, moment in itertools.product(_STEPS, _ACTIONS, _MOMENTS)
    ),
    *(
        Fault(action, "QSMTPBODY=", moment, 100 if moment is Moment.MID_DATA else 0)
        for action, moment in itertools.product(_ACTIONS, _IN_DATA)
    ),
    *(
        Fault(action, "QSMTPPUT=", moment)
        for action, moment in itertools.product(_ACTIONS, _AROUND_RESULT)
    ),
]
_SCENES = 4
"""Each is mostly waiting: several at a time take hardly longer than one."""


def loses_result(fault: Fault) -> bool:
    """Whether the email may be with the server, and its result lost for good."""
    return (
        fault.command == "QSMTPPUT="
        and fault.action is Action.REBOOT
        and fault.moment is not Moment.RECEIPT
    )


async def suffer(set_scene: Scene, fault: Fault) -> None:
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
    assert copies[second] == [False], fault
    marks = copies[first]
    assert len(marks) == 1 or loses_result(fault), fault
    virtual.forget()


async def suffer_all(folder: Path, faults: Sequence[Fault]) -> Counter[str]:
    """Let the same process suffer many faults; nothing of any stays with it."""
    folder.mkdir()
    async with scene(folder, imei=IMEI, idle=20) as set_scene:
        await (await set_scene.start()).until_ready()
        await suffer(set_scene, faults[0])
        before = await Figures.of(set_scene)
        for fault in faults[1:]:
            await suffer(set_scene, fault)
        before.check(await Figures.of(set_scene))
        return set_scene.check(repeats=sum(map(loses_result, faults)))


async def test_a_fault_at_any_step_of_a_send_costs_no_email(tmp_path: Path) -> None:
    parts = [FAULTS[start::_SCENES] for start in range(_SCENES)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(suffer_all(tmp_path / str(number), part))
            for number, part in enumerate(parts)
        ]
    total = sum((task.result() for task in tasks), Counter())
    print(f"{len(FAULTS)} faults: {dict(total)}")  # noqa: T201 - figures of the run
