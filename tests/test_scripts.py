"""The scripts make the environments that they use, and no other.

What installs, downloads and runs is a stand-in here; the real thing takes minutes.
"""

from datetime import timedelta
import os
from pathlib import Path
import shutil
import subprocess
import time

import pytest

from .end_to_end.beginning import Beginning
from .source import ROOT

# Makes an environment whose Python says what it is given, and notes what it installs.
UV = """#!/bin/sh
for last; do :; done
case $1 in
  venv)
    mkdir -p "$last/bin" "$last/lib/python3.14/site-packages/homeassistant"
    printf '#!/bin/sh\\necho "${0##*/} $* ${DEMO_BEGAN:+began $DEMO_BEGAN}"\\n' >"$last/bin/python"
    chmod +x "$last/bin/python"
    for name in coverage mypy ruff; do cp "$last/bin/python" "$last/bin/$name"; done ;;
  pip) echo "$*" >>installed ;;
esac
"""
PYTHON = """#!/bin/sh
[ "$2" = "${2#*executable}" ] || echo "$0"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a fresh clone, as far as the scripts look at it."""
    found = tmp_path / "clone"
    for name in ("scripts", "tests"):
        (found / name).mkdir(parents=True)
    for path in (ROOT / "scripts").iterdir():
        shutil.copy2(path, found / "scripts")
    for path in (ROOT / "tests").glob("requirements_*.txt"):
        shutil.copy2(path, found / "tests")
    shutil.copy2(ROOT / "requirements_test.txt", found)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("uv", UV), ("python3.14", PYTHON)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return found


def run(clone: Path, script: str, *arguments: str) -> str:
    """Run a script of the clone; what it wrote."""
    programs = f"{clone.parent / 'programs'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [clone / "scripts" / script, *arguments],
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        check=True,
        timeout=timedelta(minutes=1).total_seconds(),
    ).stdout


def environments(clone: Path) -> set[str]:
    """Return the environments that are there."""
    return {path.parent.name for path in clone.glob(".venv*/stamp")}


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("setup", {".venv"}),
        ("lint", {".venv"}),
        ("demo", {".venv-ha"}),
        ("screenshots", {".venv-ha"}),
        ("test", {".venv", ".venv-ha"}),
    ],
)
def test_a_script_makes_the_environments_that_it_uses_and_no_other(
    clone: Path, script: str, made: set[str]
) -> None:
    run(clone, script)
    assert environments(clone) == made


def test_the_demo_is_told_when_it_was_started_and_what_it_was_given(
    clone: Path,
) -> None:
    # Of a host whose date knows no parts of a second, as GNU's does.
    date = clone.parent / "programs" / "date"
    date.write_text('#!/bin/sh\n[ "$1" = +%s ] && echo 1764146000 || echo "$1"\n')
    date.chmod(0o755)
    said = run(clone, "demo", "--once")
    assert said.splitlines() == [
        "Making .venv-ha from tests/requirements_ha.txt ...",
        "python -m tests.end_to_end --once began 1764146000",
    ]


def test_what_is_made_is_not_made_again(clone: Path) -> None:
    run(clone, "demo")
    (clone / "installed").unlink()
    assert "Making" not in run(clone, "demo")
    assert not (clone / "installed").exists()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (-60.0, "Time from start to email: 103 s"),
        (
            60.0,
            "Time from clone to email: 103 s, of which 100 s to install Home Assistant "
            "and what the demo needs",
        ),
    ],
)
def test_the_demo_says_how_long_it_took_to_the_email_with_what_was_installed(
    tmp_path: Path, made: float, said: str
) -> None:
    began = time.time() - 100
    stamp = tmp_path / "stamp"
    stamp.touch()
    os.utime(stamp, (began + made, began + made))
    beginning = Beginning.of({"DEMO_BEGAN": f"{began:.9f}"}, stamp)
    assert beginning.until(beginning.moment + 3) == said
