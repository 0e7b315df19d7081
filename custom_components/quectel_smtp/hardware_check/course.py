"""The course of a check: what is asked of the person, in order, and tried on their yes."""

from typing import Final

from ..modem.at.errors import ModemError, PinRequiredError, PortError
from ..modem.network.pdp import PdpSettings
from ..modem.network.sim import PIN_TRIES_KEPT, SimState
from ..modem.recording import recorder
from ..modem.recording.masking import Rule
from ..modem.recording.questions import QUESTIONS
from ..modem.service import settle, unlock
from . import trials
from .account import ask_pdp
from .bench import Bench
from .emails import EMAILS, send_emails
from .evidence import Fate, Step, Told, failed
from .on_commands import ACTIVATE_AGAIN, ACTIVE, WHY_NOT
from .person import agrees
from .tidying import Before, look

# Asked while the data connection is up: to activate it again succeeds or fails, and is all.
_PROBES: Final = (Rule(ACTIVATE_AGAIN), Rule(WHY_NOT), Rule(ACTIVE, 0))


class Course:
    """One check of one modem, and what was heard until it ended."""

    def __init__(self, bench: Bench) -> None:
        """Take a bench on which nothing was tried yet."""
        self._bench = bench
        self.answers: recorder.Answers = []
        """What the modem was asked, and what it said; nothing is masked yet."""
        self.probes: recorder.Answers = []
        """The same with the data connection up."""
        self.typed: tuple[str, ...] = ()
        """What the modem was told of a person's data connection."""
        self.before: Before | None = None
        """What was in the modem before it was changed; None: nothing was."""

    def run(self) -> None:
        """Go through all steps; ``KeyboardInterrupt`` and ``ModemError`` end them."""
        bench = self._bench
        try:
            self._ask_questions()
            if self._connect():
                send_emails(bench)
            else:
                bench.skip("there was no data connection", *EMAILS)
        finally:
            bench.run(bench.modem.close())

    def _ask_questions(self) -> None:
        bench = self._bench

        async def work() -> Told:
            silent = await recorder.ask(bench.port, QUESTIONS, self.answers)
            if silent is not None:
                return failed(f"the modem did not answer {silent}")
            return Told(f"{len(self.answers)} answers")

        if bench.agreed(Step.QUESTIONS, f"1. Ask {len(QUESTIONS)} questions?"):
            bench.attempt(Step.QUESTIONS, work)

    def _connect(self) -> bool:
        """Unlock the SIM and bring the data connection up; whether it is."""
        bench = self._bench
        if not bench.agreed(Step.DATA, "2. Bring up the data connection?"):
            return False
        settings = ask_pdp(bench.person)
        self.typed = (settings.apn, settings.username, settings.password)
        self.before = bench.run(look(bench.port))
        bench.run(bench.modem.open())
        why = self._locked()
        if why is not None:
            bench.person.say(f"   {why}")
            bench.skip(why, Step.DATA)
            return False
        told = bench.attempt(Step.DATA, lambda: self._bring_up(settings))
        return told.fate is Fate.DONE

    async def _bring_up(self, settings: PdpSettings) -> Told:
        modem = self._bench.modem
        told = await trials.bring_up(modem, settings)
        # The recorder hears each byte; the engine lets go of the port meanwhile.
        await modem.close()
        await recorder.ask(self._bench.port, _PROBES, self.probes)
        await modem.open()
        await modem.share(settings)
        return told

    def _locked(self) -> str | None:
        """Have the SIM unlocked; return why it can't be used, None if it can."""
        bench = self._bench
        state = bench.run(settle(bench.modem))
        if state.usable:
            return None
        if state is not SimState.PIN_REQUIRED:
            return f"the SIM can't be used: {state.replace('_', ' ')}"
        tries = bench.run(bench.modem.pin_tries())
        if tries is not None and tries <= PIN_TRIES_KEPT:
            return f"the SIM's PIN is left alone: {tries} tries are left"
        left = "an unknown number of" if tries is None else tries
        question = f"\n3. The SIM asks for its PIN, with {left} tries left. Enter it?"
        if not agrees(bench.person, question):
            return "the SIM asks for its PIN, and the owner said no"
        pin = bench.person.secret("PIN (not shown): ")
        try:
            bench.run(unlock(bench.modem, pin, None))
        except PinRequiredError:
            return "the SIM did not take the PIN"
        except PortError:
            raise
        except ModemError as err:
            return f"the SIM was not unlocked: {err.key.replace('_', ' ')}"
        return None
