"""What every step of a check works with, and how one is tried."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

from ..modem.at.errors import InvalidValueError, ModemError, PortError
from ..modem.at.port import PortSettings
from ..modem.modem import Modem
from .evidence import Evidence, Step, Told, Trial, failed
from .person import Person, agrees


class Bench:
    """A modem, the person who is asked, and what was learnt so far.

    Questions to the person are asked between two runs of the loop: Ctrl-C is heard in
    either.
    """

    def __init__(
        self, port: PortSettings, person: Person, runner: asyncio.Runner
    ) -> None:
        """Take the port of a modem that was found, and who is asked."""
        self.port = port
        self.person = person
        self.modem = Modem(port)
        self.evidence = Evidence()
        self.mail = False
        """Whether the modem's mail client was told something."""
        self._runner = runner

    def run[T](self, work: Coroutine[object, object, T]) -> T:
        """Run something to its end; ``KeyboardInterrupt`` on Ctrl-C."""
        return self._runner.run(work)

    def agreed(self, step: Step, question: str) -> bool:
        """Ask for a step; a no is noted."""
        if agrees(self.person, f"\n{question}"):
            return True
        self.skip("the owner said no", step)
        return False

    def skip(self, why: str, *steps: Step) -> None:
        """Note why steps are not tried, where nothing is noted yet."""
        for step in steps:
            self.evidence.untried.setdefault(step, why)

    def attempt(
        self, step: Step, work: Callable[[], Coroutine[object, object, Told]]
    ) -> Told:
        """Try something and keep how it went, whatever ends it.

        ``PortError`` if the port went away; what else the modem fails at is a result.
        """
        self.person.say(f"   {step} ...")
        told = failed("it was stopped")
        began = datetime.now(UTC)
        since = self.run(_now())
        try:
            told = self.run(work())
        except PortError:
            told = failed("the port went away")
            raise
        except ModemError as err:
            told = failed(f"it failed: {_named(err)}")
        finally:
            self.evidence.trials[step] = self.run(self._kept(told, began, since))
        self.person.say(f"   {told.words}")
        return told

    async def _kept(self, told: Told, began: datetime, since: float) -> Trial:
        """Return the trial with what passed over the port, masked."""
        lines = tuple(
            f"{line.seconds - since:8.3f} {line.speaker} {line.text}"
            for line in self.modem.diagnosis().conversation
            if line.seconds >= since
        )
        return Trial(
            told, f"{began:%Y-%m-%d %H:%M:%S} UTC", await _now() - since, lines
        )


async def _now() -> float:
    return asyncio.get_running_loop().time()


def _named(err: ModemError) -> str:
    """Return what failed, and which field or number; none of what was typed."""
    if isinstance(err, InvalidValueError):
        return f"the modem takes no such {err.field} ({err.reason})"
    code = getattr(err, "code", None)
    return err.key if code is None else f"{err.key}, {int(code)}"
