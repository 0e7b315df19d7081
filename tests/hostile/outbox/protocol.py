"""What a courier's process and its owner say to each other: a line of JSON each.

The owner asks {"id": 1, "do": "submit", ...}; the process answers {"id": 1, "result": ...}
or {"id": 1, "error": NAME}, and tells unasked {"event": "transition" | "status", ...}.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from custom_components.quectel_smtp.delivery.records import Options, Transition, Way

from .rig import Plan

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {**asdict(plan), "database": str(plan.database)}


def plan_from_json(values: Mapping[str, Any]) -> Plan:
    """Return the plan that ``plan_to_json`` wrote."""
    options = values["options"]
    way = options["way"]
    return Plan(
        **{
            **values,
            "database": Path(values["database"]),
            "ports": tuple(values["ports"]),
            "options": Options(**{**options, "way": None if way is None else Way(way)}),
        }
    )


def transition_to_json(transition: Transition) -> dict[str, Json]:
    """Return what tests look at."""
    finding = transition.finding
    return {
        "number": transition.number,
        "reference": transition.reference,
        "recipient": transition.recipient,
        "state": transition.state.value,
        "attempts": transition.attempts,
        "reason": None if transition.reason is None else transition.reason.value,
        "merged_into": transition.merged_into,
        "result": None
        if finding is None or finding.result is None
        else finding.result.value,
        "code": None if finding is None or finding.code is None else int(finding.code),
        "reply": None
        if finding is None or finding.reply is None
        else int(finding.reply),
        "error": None if finding is None else finding.error,
        "when": _moment(transition.when),
        "next_attempt": None
        if transition.next_attempt is None
        else _moment(transition.next_attempt),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat()
