"""The AT channel: one command in flight, lines and data mode told apart, over any port.

May import nothing of the integration.
"""
