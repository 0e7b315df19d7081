"""Goes through Home Assistant's forms: each is answered as a person would fill it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .api import HomeAssistantApi, Subscription

DOMAIN: Final = "quectel_smtp"
RECIPIENT: Final = "recipient"

_ENTRY_FLOW: Final = "/api/config/config_entries/flow"
_SUBENTRY_FLOW: Final = "/api/config/config_entries/subentries/flow"
_OPTIONS_FLOW: Final = "/api/config/config_entries/options/flow"


class Kind(StrEnum):
    """What a flow is at."""

    FORM = "form"
    MENU = "menu"
    PROGRESS = "progress"
    PROGRESS_DONE = "progress_done"
    CREATED = "create_entry"
    ABORTED = "abort"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a flow stands: a form to fill in, a menu to choose from, or its end."""

    flow_id: str
    path: str
    kind: Kind
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The form's or menu's name, or why the flow was aborted."""
        key = "reason" if self.kind is Kind.ABORTED else "step_id"
        return str(self.content.get(key, ""))

    @property
    def errors(self) -> Mapping[str, str]:
        """What the form finds wrong, by field."""
        return self.content.get("errors") or {}

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """The form's fields by name."""
        return {field["name"]: field for field in self.content["data_schema"]}


class FlowError(Exception):
    """A flow came to something else than what was expected."""

    def __init__(self, step: Step) -> None:
        """Take the step that was not expected."""
        self.step = step
        super().__init__(f"{step.kind} {step.name!r}, errors {dict(step.errors)}")


class Flows:
    """Starts flows and leads them to their next form."""

    def __init__(self, api: HomeAssistantApi, progressed: Subscription) -> None:
        """Use `Flows.open`."""
        self._api = api
        self._progressed = progressed
        self.on_step: Callable[[Step], None] = lambda _: None

    @classmethod
    async def open(cls, api: HomeAssistantApi) -> Flows:
        """Begin to follow the progress of flows."""
        return cls(
            api,
            await api.subscribe(
                "subscribe_events", event_type="data_entry_flow_progressed"
            ),
        )

    async def add_modem(self) -> Step:
        """Begin as "Add integration" does."""
        return await self._begin(_ENTRY_FLOW, {"handler": DOMAIN})

    async def reconfigure(self, entry_id: str) -> Step:
        """Begin as "Reconfigure" in the entry's menu does."""
        return await self._begin(_ENTRY_FLOW, {"handler": DOMAIN, "entry_id": entry_id})

    async def options(self, entry_id: str) -> Step:
        """Begin as the gear beside the entry does."""
        return await self._begin(_OPTIONS_FLOW, {"handler": entry_id})

    async def add_recipient(self, entry_id: str) -> Step:
        """Begin as "Add recipient" does."""
        return await self._begin(_SUBENTRY_FLOW, {"handler": [entry_id, RECIPIENT]})

    async def next_flow(self, created: Step) -> Step:
        """Go on with the flow that a finished one leads to."""
        kind, flow_id = created.content["next_flow"]
        path = _ENTRY_FLOW if kind == "config_flow" else _SUBENTRY_FLOW
        return await self._settle(path, await self._api.get(f"{path}/{flow_id}"))

    async def open_flow(self, flow_id: str) -> Step:
        """Go on with a flow that Home Assistant has begun by itself."""
        reply = await self._api.get(f"{_ENTRY_FLOW}/{flow_id}")
        return await self._settle(_ENTRY_FLOW, reply)

    async def close(self, step: Step) -> None:
        """Close a dialog half-way."""
        await self._api.delete(f"{step.path}/{step.flow_id}")

    async def submit(self, step: Step, values: Mapping[str, Any]) -> Step:
        """Fill a form in; returns the next form, menu or end."""
        return await self._post(step, values)

    async def choose(self, step: Step, option: str) -> Step:
        """Choose from a menu; returns the next form, menu or end."""
        return await self._post(step, {"next_step_id": option})

    async def _post(self, step: Step, content: Mapping[str, Any]) -> Step:
        reply = await self._api.post(f"{step.path}/{step.flow_id}", content)
        return await self._settle(step.path, reply)

    async def _begin(self, path: str, content: Mapping[str, Any]) -> Step:
        return await self._settle(path, await self._api.post(path, content))

    async def _settle(self, path: str, reply: Mapping[str, Any]) -> Step:
        """Follow the flow while it shows progress."""
        while True:
            step = Step(reply["flow_id"], path, Kind(reply["type"]), reply)
            self.on_step(step)
            match step.kind:
                case Kind.PROGRESS:
                    # Each turn of the progress is announced once, after the flow began.
                    while True:
                        event = await self._progressed.get()
                        if event["data"]["flow_id"] == step.flow_id:
                            break
                case Kind.PROGRESS_DONE:
                    pass
                case _:
                    return step
            reply = await self._api.get(f"{path}/{step.flow_id}")
