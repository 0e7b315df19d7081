"""Runs a module of this package in a process of its own, to its end."""

from collections.abc import Sequence
from pathlib import Path
import subprocess
import sys
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def told_by(
    module: str,
    *arguments: str,
    python: str | Path = sys.executable,
    under: Sequence[str] = (),
) -> str:
    """Return what it says on standard output; ``under``: a program that watches it.

    ``RuntimeError`` with its complaints if it fails.
    """
    child = subprocess.run(
        [*under, python, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if child.returncode:
        raise RuntimeError(f"{module} failed: {child.stderr}")
    return child.stdout
