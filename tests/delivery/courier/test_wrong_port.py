"""A port behind which nothing, or a stranger, answers is left alone most of the time."""

import asyncio
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.records import State
from tests.delivery.bench import Office, email
from tests.modem.virtual_time import virtual_time

HOUR = 3600.0
STRANGE = b"\x1a\xc1\x02\x0b\x0a\x52\x7e"


async def share_of_time(office: Office, seconds: float) -> float:
    """Return for which part of the time the port is open."""
    opened = 0
    for _ in range(int(seconds)):
        await asyncio.sleep(1.0)
        opened += bool(office.modem.ports) and not office.modem.port.closed
    return opened / seconds


@pytest.mark.parametrize(("answer", "most"), [(None, 0.15), (STRANGE, 0.02)])
@virtual_time
async def test_who_does_not_answer_as_a_modem_does_is_asked_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, most: float
) -> None:
    office = Office(tmp_path)
    answers = office.modem.answers
    office.modem.answers = {}
    monkeypatch.setattr(office.modem, "answer", lambda _: answer)
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        share = await share_of_time(office, 4 * HOUR)
        assert share < most
        # It is asked at other speeds from time to time, too.
        asked = len(office.modem.speeds)
        await asyncio.sleep(24 * HOUR)
        assert set(office.modem.speeds[asked:]) == set(office.modem.speeds)
        # Whoever plugs the modem in, or sends, need not wait for the next look.
        office.modem.answers = answers
        monkeypatch.undo()
        courier.look()
        await office.until(lambda: courier.status.network, 30)
        found = email()
        await courier.submit(found)
        assert await office.ended(found) is State.SENT
