"""A witness from outside: a library that knows nothing of us meets the virtual modem."""

import json
import subprocess

from tests.virtual_modem.client import VirtualModem

from .children import ROOT
from .rounds import PEERS_PYTHON

# The library's own warnings, of which it has several on today's Python.
_QUIET = ("-W", "ignore")


def run() -> str:
    """Return what python-gsmmodem-new makes of the virtual modem.

    ``CalledProcessError`` if it does not take it for a modem.
    """
    with VirtualModem() as virtual:
        told = subprocess.run(
            [PEERS_PYTHON, *_QUIET, "-m", "benchmarks.witness_gsmmodem", virtual.port],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    found = json.loads(told.stdout)
    return (
        f"Witness: python-gsmmodem-new meets the virtual modem as {found['manufacturer']}"
        f" {found['model']} in the network {found['operator']}, signal {found['signal']}"
    )
