"""A byte stream over the modem's own TCP, and a socket that a library can use for it.

The check of an account goes over it, and emails may. May import ``network`` and ``at``.
"""
