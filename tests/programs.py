"""Programs beyond Python that some tests need."""

import os
import shutil

import pytest


def require_program(name: str) -> str:
    """Return the path of a program, or skip the test; where CI=true it fails instead.

    A person without the program still has a useful run; a run that decides whether a change
    is good must not pass by leaving tests out.
    """
    if path := shutil.which(name):
        return path
    reason = f"{name} is not installed (Debian: apt-get install {name})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
