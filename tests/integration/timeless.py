"""What snapshots keep: all but what is another at each run."""

import re
from typing import Any, Final

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")
_OTHER_EACH_TIME: Final = ("reference", "seconds")


def timeless(value: Any) -> Any:
    """Return it without times, durations and references."""
    if isinstance(value, dict):
        return {
            key: f"<{key}>" if key in _OTHER_EACH_TIME else timeless(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [timeless(one) for one in value]
    return _TIME.sub("<time>", value) if isinstance(value, str) else value
