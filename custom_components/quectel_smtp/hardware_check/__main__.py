"""``python custom_components/quectel_smtp/hardware_check PORT``."""

from importlib import import_module
from pathlib import Path
import sys
from types import ModuleType

_NEEDED = """\
This needs Python 3.14 with the packages serialx, aiosmtplib and certifi. Home Assistant's
own Python has them; in a clone of the repository, scripts/setup makes such a one in .venv."""


def _main() -> int:
    """Run the command of this folder, whose relatives lie in the folders beside it.

    What is above them needs Home Assistant, and is not loaded: an empty package of the
    same name stands for it.
    """
    here = Path(__file__).resolve().parent
    house = ModuleType(here.parent.name)
    house.__path__ = [str(here.parent)]
    # The first place to look for modules is this folder, whose names are nobody else's.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != here]
    sys.modules[house.__name__] = house
    try:
        command = import_module(f"{house.__name__}.{here.name}.command")
    except (ModuleNotFoundError, SyntaxError) as err:
        # An older Python does not know the language that all else is written in.
        sys.exit(f"{_NEEDED}\n({type(err).__name__}: {err})")
    status: int = command.main()
    return status


if __name__ == "__main__":
    sys.exit(_main())
