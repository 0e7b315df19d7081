"""What a test email came to, as a dialog tells it."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from homeassistant.core import HomeAssistant

from ..delivery.courier.courier import Courier
from ..delivery.records import Last, Reason, State
from ..findings import finding_attributes
from ..issues import reply_of
from ..modem.at.errors import ModemError
from ..texts import load_texts

PATIENCE: Final = 180.0
"""Seconds that a dialog waits for what becomes of a test email."""
_OTHERS_WAIT: Final = "others_wait"
_UNKNOWN: Final = "meaning_unknown"
_MEANINGS: Final = "sensor.last_send_result.state_attributes"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a test email has come.

    ``last`` is what its last attempt, or its end, was; without it there was none yet,
    and ``trouble`` says what is in the way, as far as that is known. ``others``: how many
    emails wait besides.
    """

    seconds: float
    last: Last | None = None
    trouble: ModemError | None = field(default=None, repr=False)
    others: int = 0

    @property
    def sent(self) -> bool:
        """Whether the mail server has accepted it for all of its addresses."""
        return self.last is not None and self.last.state is State.SENT

    @property
    def reason(self) -> Reason | None:
        """Why it is held or deferred."""
        return None if self.last is None else self.last.reason

    @property
    def at_recipient(self) -> bool:
        """Whether an address was refused, or may have been."""
        finding = None if self.last is None else self.last.finding
        named = finding is not None and finding.address is not None
        return named or self.reason is Reason.REFUSED

    @property
    def words(self) -> str | None:
        """The mail server's own words, with the address that it refused."""
        finding = None if self.last is None else self.last.finding
        if finding is None or not finding.words:
            return None
        said = reply_of(finding)
        return f"{finding.address}: {said}" if finding.address else said


async def outcome_of(courier: Courier, reference: str, patience: float) -> Outcome:
    """Return what becomes of an email: its end, or what holds it.

    What is tried again by itself is awaited as long as there is ``patience``, in seconds.
    """
    begun = monotonic()
    over = asyncio.Event()
    found: Last | None = None

    def look() -> None:
        nonlocal found
        last = courier.status.mail.last
        if last is not None and last.reference == reference:
            found = last
            if last.state is State.HELD or not last.state.waiting:
                over.set()

    unwatch = courier.watch(look)
    look()
    try:
        await asyncio.wait_for(over.wait(), patience)
    except TimeoutError:
        pass
    finally:
        unwatch()
    status = courier.status
    return Outcome(monotonic() - begun, found, status.trouble, status.mail.waiting - 1)


async def meaning_of(hass: HomeAssistant, outcome: Outcome) -> str:
    """Return in words what kept an email from being sent, in the instance's language."""
    common = await load_texts(hass, "common")
    if outcome.last is None and outcome.trouble is None and outcome.others > 0:
        # Those that came before it go before it.
        return common[_OTHERS_WAIT].replace("{count}", str(outcome.others))
    texts = await load_texts(hass, "entity")
    if outcome.last is None:
        known = {"error": outcome.trouble.key if outcome.trouble else None}
    else:
        known = finding_attributes(outcome.last.finding)
    for name in ("code_name", "reply_name", "error"):
        text = texts.get(f"{_MEANINGS}.{name}.state.{known.get(name)}")
        if text is not None:
            return text
    return common[_UNKNOWN]
