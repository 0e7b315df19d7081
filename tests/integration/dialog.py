"""A person at a config flow, who reads every text that is shown."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Self

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from tests.translations import texts

from .modem_on_the_desk import PORT

PORT_INPUT: dict[str, Any] = {"device": PORT, "advanced": {"baudrate": "115200"}}
CELLULAR_INPUT: dict[str, Any] = {
    "apn": "internet",
    "apn_username": "",
    "apn_password": "",
    "authentication": "none",
}
SERVER_INPUT: dict[str, Any] = {
    "host": "smtp.example.com",
    "port": 465,
    "security": "tls",
    "username": "home@example.com",
    "password": "correct horse",
    "sender_name": "Home",
    "sender_address": "home@example.com",
}
MANUAL: dict[str, Any] = {"advanced": {"verification": "manual"}}


def recipient_form(
    name: str = "",
    to: Sequence[str] = ("",),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    *,
    critical: bool = False,
) -> dict[str, Any]:
    """Return a recipient's form, filled in: the first address has a field of its own."""
    more = {"to": list(to[1:]), "cc": list(cc), "bcc": list(bcc)}
    return {"name": name, "address": to[0], "critical": critical, "more": more}


class Dialog:
    """One flow; ``result`` is what the person sees now."""

    def __init__(
        self, hass: HomeAssistant, result: Any, *path: str, flows: Any = None
    ) -> None:
        """Look at the first step; ``path`` is where its texts stand in en.json."""
        self.hass = hass
        self._flows: FlowManager[Any, Any, Any] = flows or hass.config_entries.flow
        self._path = path or ("config",)
        self.result: Any = result
        self.progress_seen: list[str] = []
        self._read()

    @classmethod
    async def start(cls, hass: HomeAssistant) -> Self:
        """Begin to set a modem up."""
        return cls(
            hass,
            await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_USER}
            ),
        )

    @property
    def step(self) -> str:
        """The step that is shown."""
        step: str = self.result["step_id"]
        return step

    @property
    def errors(self) -> dict[str, str]:
        """What the form says went wrong."""
        return self.result["errors"] or {}

    @property
    def ended(self) -> str | None:
        """Why it ended, None if it goes on or has made something."""
        if self.result["type"] is FlowResultType.ABORT:
            reason: str = self.result["reason"]
            return reason
        return None

    @property
    def fields(self) -> list[str]:
        """The fields of the form."""
        return [str(key) for key in self.result["data_schema"].schema]

    def default(self, field: str) -> Any:
        """Return what a field has unless it is changed."""
        (key,) = (key for key in self.result["data_schema"].schema if key == field)
        return key.default()

    def suggested(self, field: str) -> Any:
        """Return what a field is filled with."""
        for key in self.result["data_schema"].schema:
            if key == field:
                return (key.description or {}).get("suggested_value")
        raise KeyError(field)

    def field(self, name: str) -> Any:
        """Return a field's selector."""
        return self.result["data_schema"].schema[name]

    async def submit(self, **user_input: Any) -> Self:
        """Submit the form and watch the progress until it ends."""
        await self.begin(**user_input)
        return await self.watch()

    async def watch(self) -> Self:
        """Watch the progress until it ends."""
        while self._is(FlowResultType.SHOW_PROGRESS):
            await self.hass.async_block_till_done()
            await self.look()
            if self._is(FlowResultType.FORM):
                # The frontend is told twice, and fetches the form twice.
                errors = self.errors
                await self.look()
                assert self.errors == errors
        return self

    def _is(self, kind: FlowResultType) -> bool:
        is_so: bool = self.result["type"] is kind
        return is_so

    async def begin(self, **user_input: Any) -> Self:
        """Submit the form and look at what is shown at once."""
        self.result = await self._flows.async_configure(
            self.result["flow_id"], user_input
        )
        self._read()
        return self

    async def look(self) -> Self:
        """Look at what is shown now, as the frontend does when it is told to."""
        self.result = await self._flows.async_configure(self.result["flow_id"])
        self._read()
        return self

    async def choose(self, step: str) -> Self:
        """Choose from a menu."""
        assert step in self.result["menu_options"]
        return await self.submit(next_step_id=step)

    async def without_test(self) -> str | None:
        """End it without a test email, where one is offered; why it ended."""
        if self.ended is None:
            assert self.step == "test"
            await self.submit(test_to="nobody")
        return self.ended

    def close(self) -> None:
        """Close the dialog."""
        self._flows.async_abort(self.result["flow_id"])

    # Reading.

    def _texts(self, *path: str) -> Any:
        found: Any = texts()
        for key in (*self._path, *path):
            found = found[key]
        return found

    def _read(self) -> None:
        result = self.result
        match result["type"]:
            case FlowResultType.FORM:
                self._read_form(result)
            case FlowResultType.MENU:
                step = self._texts("step", result["step_id"])
                # The frontend fills in none of a menu's title, but for a repair's.
                assert "{" not in step["title"] or self._path[0] == "issues"
                self._fill(step["title"], step["description"])
                for option in result["menu_options"]:
                    self._fill(step["menu_options"][option])
                assert set(step.get("menu_option_descriptions", ())) <= set(
                    step["menu_options"]
                )
            case FlowResultType.SHOW_PROGRESS:
                self.progress_seen.append(result["progress_action"])
                self._fill(self._texts("progress", result["progress_action"]))
            case FlowResultType.ABORT:
                self._fill(self._texts("abort", result["reason"]))

    def _read_form(self, result: Any) -> None:
        step = self._texts("step", result["step_id"])
        self._fill(step["title"], step["description"])
        for error in (result["errors"] or {}).values():
            self._fill(self._texts("error", error))
        for key, value in result["data_schema"].schema.items():
            if isinstance(value, section):
                part = step["sections"][key]
                assert set(part["data"]) == set(map(str, value.schema.schema))
                assert set(part["data_description"]) == set(part["data"])
            else:
                self._fill(step["data"][key], step["data_description"][key])
        known = {str(key) for key in result["data_schema"].schema} | {"base"}
        assert set(result["errors"] or {}) <= known, "an error on a field not shown"

    def _fill(self, *found: str) -> None:
        """Read a text with its placeholders; what is missing raises."""
        for text in found:
            text.format(**(self.result.get("description_placeholders") or {}))


async def to_cellular(hass: HomeAssistant) -> Dialog:
    """Set up up to the data connection."""
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    assert dialog.step == "cellular"
    return dialog


async def to_provider(hass: HomeAssistant) -> Dialog:
    """Set up up to the choice of a mail provider."""
    dialog = await to_cellular(hass)
    await dialog.submit(**CELLULAR_INPUT)
    assert dialog.step == "provider"
    return dialog


async def to_server(hass: HomeAssistant) -> Dialog:
    """Set up up to a mail server of one's own."""
    dialog = await to_provider(hass)
    await dialog.choose("server")
    assert dialog.step == "server"
    return dialog


async def to_certificate(hass: HomeAssistant) -> Dialog:
    """Set up up to the server's certificate."""
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT, **MANUAL)
    assert dialog.step == "certificate"
    return dialog


async def to_last_form(hass: HomeAssistant) -> Dialog:
    """Set up up to the last form: all that is left is to submit it."""
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_none")
    return dialog


async def dismiss_reauth(hass: HomeAssistant) -> None:
    """Close the dialog that asks for a login: our own repair tells of it then."""
    async with asyncio.timeout(60):
        while not hass.config_entries.flow.async_progress():
            await asyncio.sleep(0.01)
    await hass.async_block_till_done()
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


type Reach = Callable[[HomeAssistant], Any]
