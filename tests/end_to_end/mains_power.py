"""A switch that stands for mains power, and an automation that emails once it is off."""

from pathlib import Path
from typing import Final

from .scene import Person

SWITCH: Final = "input_boolean.mains_power"
_AUTOMATION: Final = "mains_power"
# What the pages' editors save is in these, as a Home Assistant that is new has it.
_EDITED: Final = ("automation", "script", "scene")
_CONFIGURATION: Final = """\
default_config:
input_boolean:
  mains_power:
    name: Mains power
    icon: mdi:transmission-tower
    initial: true
"""


def configuration_in(folder: Path) -> str:
    """Make the files of the pages' editors; the configuration with them and the switch."""
    folder.mkdir()
    lines = []
    for kind in _EDITED:
        (folder / f"{kind}s.yaml").write_text("[]\n", "utf-8")
        lines.append(f"{kind}: !include {kind}s.yaml\n")
    return _CONFIGURATION + "".join(lines)


async def automate(person: Person, notify: str) -> None:
    """Make the automation, as its editor does, and wait until it listens."""
    await person.api.post(
        f"/api/config/automation/config/{_AUTOMATION}",
        {
            "alias": "Email when mains power is off",
            "triggers": [{"trigger": "state", "entity_id": SWITCH, "to": "off"}],
            "actions": [
                {
                    "action": "notify.send_message",
                    "target": {"entity_id": notify},
                    "data": {
                        "title": "Mains power is off",
                        "message": "The switch was turned off at "
                        "{{ now().strftime('%H:%M:%S') }}.",
                    },
                }
            ],
        },
    )
    await person.states.until(
        "automation.email_when_mains_power_is_off", lambda shown: shown.state == "on"
    )


def pages(url: str) -> tuple[str, str]:
    """Where the switch is turned, and where the automation is edited."""
    return (
        f"{url}/?more-info-entity-id={SWITCH}",
        f"{url}/config/automation/edit/{_AUTOMATION}",
    )
