"""The AT channel: one command in flight, lines and data mode told apart, over any port.

From the port up: ``link``, ``command_channel``, ``channel``. May import nothing of the
integration.
"""
