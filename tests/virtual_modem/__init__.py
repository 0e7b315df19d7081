"""An EC200x LTE modem in software, run as a process of its own.

It does what the modem's documents, and published logs of real hardware, say that the
hardware does. It knows nothing of the driver that it serves as a witness for.
Tests start it through `tests.virtual_modem.client`.
"""
