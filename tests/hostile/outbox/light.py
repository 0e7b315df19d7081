"""Lets the rooms below Home Assistant be imported without it.

The integration's own package needs Home Assistant, which takes most of a process's start
and of its memory. What is a process of its own here is started thousands of times.
"""

from pathlib import Path
import sys
from types import ModuleType

_PACKAGE = "custom_components.quectel_smtp"
_FOLDER = Path(__file__).resolve().parents[3] / _PACKAGE.replace(".", "/")


def leave_home_assistant_out() -> None:
    """Let an empty package stand for the integration's; to be called before imports."""
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(_FOLDER)]
    sys.modules.setdefault(_PACKAGE, package)
