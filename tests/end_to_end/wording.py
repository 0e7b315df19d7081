"""What Home Assistant's pages would show for a step of a flow, in English."""

from collections.abc import Mapping
import re

from .api import HomeAssistantApi
from .flows import DOMAIN, Kind, Step


class Wording:
    """The integration's texts, as Home Assistant serves them to its pages."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Use `Wording.load`."""
        self._texts = texts

    @classmethod
    async def load(cls, api: HomeAssistantApi) -> Wording:
        """Ask Home Assistant for the texts."""
        reply = await api.command(
            "frontend/get_translations",
            language="en",
            category="config",
            integration=[DOMAIN],
            config_flow=True,
        )
        return cls(reply["resources"])

    def progress(self, step: Step) -> str:
        """What a step shows while it works."""
        return self._text(step, f"progress.{step.content.get('progress_action')}")

    def trouble(self, step: Step) -> str:
        """What is wrong, as the form or the end of the flow says it."""
        if step.kind is Kind.ABORTED:
            return self._text(step, f"abort.{step.name}")
        said = [self._text(step, f"error.{error}") for error in step.errors.values()]
        return " ".join(said) or self._text(step, f"step.{step.name}.title")

    def _text(self, step: Step, key: str) -> str:
        text = self._texts.get(f"component.{DOMAIN}.config.{key}", key)
        values = step.content.get("description_placeholders") or {}
        return re.sub(r"{(\w+)}", lambda m: str(values.get(m[1], m[0])), text)
