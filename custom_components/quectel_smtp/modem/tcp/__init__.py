"""A byte stream over the modem's own TCP, and a socket that a library can use for it.

Nothing of the product uses it so far. May import ``network`` and ``at``.
"""
