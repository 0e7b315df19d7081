"""Asks a port who is there, as python-gsmmodem-new's phone class does; runs among peers.

.venv-bench/bin/python -m benchmarks.witness_gsmmodem PORT
"""

import json
import sys

# Untyped, and only in .venv-bench.
from gsmmodem.modem import GsmModem  # type: ignore[import-not-found]


def main() -> None:
    """Connect, read what a phone tells of itself, and print it as one line of JSON."""
    phone = GsmModem(sys.argv[1], 115200)
    phone.connect()
    told = {
        "manufacturer": phone.manufacturer,
        "model": phone.model,
        "imei": phone.imei,
        "operator": phone.networkName,
        "signal": phone.signalStrength,
    }
    phone.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
