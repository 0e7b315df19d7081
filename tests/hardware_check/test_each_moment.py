"""Ctrl-C, and a cable that is pulled, at each question: a report, and a clean modem."""

from collections.abc import Callable
from pathlib import Path
from typing import override

import pytest

from custom_components.quectel_smtp.hardware_check.report import parse

from .scene import Owner, Scene, scene

pytestmark = pytest.mark.long


class Surprised(Owner):
    """Something happens when the question of this number comes, counted from 0."""

    moment = -1
    happens: Callable[[], None]

    @override
    def text(self, question: str) -> str:
        if len(self.asked) == self.moment:
            self.moment = -1
            self.happens()
        return super().text(question)


def checked(found: Scene, moment: int, happens: Callable[[], None]) -> str:
    """Check a modem while something happens to it; return how it was left."""
    found.reset()
    owner = Surprised(found.owner(**{"1.": "n"}).replies)
    owner.replies = {
        **owner.replies,
        "The port is gone": lambda: found.modem.plug()[:0],
    }
    owner.moment, owner.happens = moment, happens
    _, path = found.check(owner)
    report = parse(path.read_text("utf-8"))
    assert report.value("ended") != "whole"
    state = found.modem.state()
    assert not any(context.active for context in state.contexts)
    assert (state.files, state.recipients) == ((), ())
    assert "canary" not in str(state.smtp)
    return report.value("left")


def test_whenever_it_ends_the_modem_is_clean_and_a_report_is_written(
    tmp_path: Path,
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with scene(tmp_path) as found:
        owner = found.owner(**{"1.": "n"})
        found.check(owner)
        assert len(owner.asked) > 25
        for moment in range(len(owner.asked)):
            for happens in (stop, found.modem.hangup):
                left = checked(found, moment, happens)
                assert left in ("nothing was changed", "as it was"), (moment, happens)
