"""What all checks of the config flow share: the port, and the one that is under way."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_DEVICE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, callback

from ..entry_data import port_settings
from ..modem.at.errors import ModemError
from ..modem.modem import Modem
from ..ports import make_modem
from .forms import FlowForms
from .modem_checks import Show, Stage
from .progress import Check

type Work = Callable[[Show], Coroutine[Any, Any, None]]


class FlowBase(FlowForms):
    """Has one check at a time, on a port that is its own meanwhile."""

    _check: Check | None = None
    _at_stop: CALLBACK_TYPE | None = None

    @asynccontextmanager
    async def _modem(self) -> AsyncGenerator[Modem]:
        """Have the port to ourselves; what already runs on it waits meanwhile."""
        entry = self._mended_entry
        modem = make_modem(port_settings(self._draft))
        lent: AbstractAsyncContextManager[None] = nullcontext()
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            lent = entry.runtime_data.courier.lend()
        async with lent:
            try:
                yield modem
            except ModemError:
                if entry is None:
                    # Nobody else would, where no person goes on from here.
                    with suppress(ModemError):
                        await modem.deactivate()
                raise
            finally:
                await modem.close()

    def _under_way(
        self, step_id: str, work: Work, first: Stage = Stage.OPEN
    ) -> ConfigFlowResult | None:
        """Begin or go on with a check; None once it has ended.

        At least one turn is shown, so that a form's input is never taken for the
        next form's.
        """
        check = self._check
        self._stop_waiting()
        if check is None:
            self._forget_errors()
            port = self._draft.get(CONF_DEVICE, self.flow_id)
            check = self._check = Check(self.hass, port, work, first)
            if self._at_stop is None:
                # Home Assistant would wait for the check, and for the port that it has.
                self._at_stop = self.hass.bus.async_listen_once(
                    EVENT_HOMEASSISTANT_STOP, self._stopped
                )
        elif check.ended:
            return None
        return self.async_show_progress(
            step_id=step_id,
            progress_action=check.stage.value,
            progress_task=check.turn(),
        )

    def _check_result(self) -> ModemError | None:
        """Return how the check ended, and make room for the next one."""
        check, self._check = self._check, None
        return None if check is None else check.error

    @callback
    def _stopped(self, _: Event) -> None:
        self._at_stop = None
        self.hass.config_entries.flow.async_abort(self.flow_id)

    @callback
    @override
    def async_remove(self) -> None:
        """Let go of the port when the dialog is closed half-way."""
        self._stop_waiting()
        if self._at_stop is not None:
            self._at_stop()
        if self._check is not None:
            self._check.cancel()
