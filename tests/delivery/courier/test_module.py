"""The way by the modem's own mail client, and what it does with attachments."""

from types import SimpleNamespace
from typing import cast

import pytest

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.courier.carrier import NOTHING
from custom_components.quectel_smtp.delivery.courier.line import Line
from custom_components.quectel_smtp.delivery.courier.module import ModuleCarrier
from custom_components.quectel_smtp.delivery.rules.capacity import Capacity
from custom_components.quectel_smtp.delivery.rules.enclosing import Source
from custom_components.quectel_smtp.delivery.rules.fit import Fitted, fit
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.files import checksum
from tests.delivery.bench import SETTINGS, WORDING, SendingModem
from tests.delivery.rules.test_wording import item as email_item
from tests.modem.scripted_port import ERROR, Data, cme, frame
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize(
    "room", [frame("+QFLDS: 100000,200000"), ERROR], ids=["told", "untold"]
)
@virtual_time
async def test_what_the_modem_has_no_room_for_keeps_nothing_else_from_going(
    room: bytes,
) -> None:
    bench = SendingModem()
    bench.answers['AT+QFUPL="UFS:big.jpg",3,60,1'] = cme(420)
    bench.answers['AT+QFLDS="UFS"'] = room
    bench.answers['AT+QFUPL="UFS:a.jpg",3,60,1'] = Data(
        3, frame(f"+QFUPL: 3,{checksum(b'abc'):x}")
    )
    modem = bench.make(PortSettings("scripted"))
    await modem.open()
    carrier = ModuleCarrier(cast(Line, SimpleNamespace(modem=modem)), 300)
    found = tuple(Attachment(name, b"abc") for name in ("big.jpg", "a.jpg"))
    item = email_item()
    tried: list[Fitted] = []

    async def fit_to(
        capacity: Capacity, refused: frozenset[Source] = NOTHING
    ) -> Fitted:
        fitted = fit(
            item, found, capacity, SETTINGS.server, WORDING, 0.0, refused=refused
        )
        tried.append(fitted)
        return fitted

    assert await carrier.prepare(item, fit_to, SETTINGS) is None
    attached = [line for line in bench.lines if line.startswith("AT+QSMTPATT")]
    assert attached == ['AT+QSMTPATT=1,1,"UFS:a.jpg"']
    (body,) = bench.bodies
    assert "Not attached: big.jpg (too_large)" in body
    assert tried[-1].changes == (Change(Fit.ATTACHMENT_LEFT_OUT, "big.jpg"),)
